"""A real Asterisk 22 with real phones."""

import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.demo.attachment import Attachment
from tests.demo.company import Doors
from tests.demo.performance import perform
from tests.demo.recorder import of_asterisk
from tests.lab.asterisk import Asterisk
from tests.lab.config import DIALPLAN
from tests.lab.packages import SUITES, Unavailable

MANAGER = (DIALPLAN / "manager_calltrackd.conf").read_text()
AMI_SECRET = re.findall(r"^secret *= *(\S+)", MANAGER, re.MULTILINE)[0]
"""The project's own file for the PBX, which it includes to the letter."""

LONGEST_HOME = 80
"""Letters: Asterisk's control socket lies below it, and a socket's path holds 107."""


class RealPbx:
    """Starts and stops it.

    `cache`: where its packages are kept; `record`: a folder for its stream.
    """

    def __init__(self, folder: Path, cache: Path, record: Path | None = None) -> None:
        home = folder / "asterisk"
        if len(str(home)) > LONGEST_HOME:
            home = Path(tempfile.mkdtemp(prefix="calltrackd-demo-"))
        self._asterisk = Asterisk(22, home, cache)
        self._cache = cache
        self._record = record
        self.recordings = self._asterisk.folder / "spool/monitor"

    @property
    def is_here(self) -> bool:
        """Its packages were fetched before."""
        return (self._cache / SUITES[22] / ".complete").exists()

    def prepare(self) -> str:
        """Fetches it if need be and starts it; its version. Blocks. Raises Unavailable."""
        try:
            self._asterisk.start()
        except (OSError, subprocess.SubprocessError) as error:
            raise Unavailable(str(error)) from error
        words = self._asterisk.cli("core show version").split()
        return re.split(r"[+~]", words[1])[0] if len(words) > 1 else "22"

    def stop(self) -> None:
        """Ends it, calls and all."""
        self._asterisk.stop()

    async def open(self) -> Attachment:
        """Its manager."""
        return Attachment("asterisk", self._asterisk.ami_port, AMI_SECRET, self.recordings)

    async def close(self) -> None:
        """It is stopped by `stop`."""

    async def play(self, say: Callable[[str], None]) -> None:
        """The phones make their calls."""
        recorder = None
        if self._record is not None:
            port, spool = self._asterisk.ami_port, self._asterisk.folder / "spool"
            recorder = of_asterisk(port, AMI_SECRET, spool)
        ports = self._asterisk.ports
        doors = Doors(phones=ports.sip, lines=ports.sip, own=ports.phone)
        await perform(doors, say, recorder, self._record)
