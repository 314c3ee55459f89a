"""A real Asterisk 22 with real phones."""

import asyncio
import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.demo.company import Company
from tests.demo.plot import play
from tests.demo.recorded import Recorder
from tests.lab.asterisk import Asterisk
from tests.lab.packages import SUITES, Unavailable

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

    async def open(self) -> int:
        """The port of its manager."""
        return self._asterisk.ami_port

    async def close(self) -> None:
        """It is stopped by `stop`."""

    async def play(self, say: Callable[[str], None]) -> None:
        """The phones make their calls."""
        recorder = None
        if self._record is not None:
            recorder = Recorder(self._asterisk.ami_port, self._asterisk.folder / "spool")
            await recorder.begin()

        def tell(text: str) -> None:
            say(text)
            if recorder is not None:
                recorder.say(text)

        async with Company(self._asterisk, tell) as company:
            await play(company)
            await asyncio.sleep(1)
        if recorder is not None and self._record is not None:
            recorder.save(self._record, 1_795_000_000.0)
