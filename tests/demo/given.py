"""A real FreeSWITCH with the lab's company, given by CALLTRACKD_FREESWITCH, and real phones."""

import re
from collections.abc import Callable
from pathlib import Path

from calltrackd.pbx.errors import LinkError
from tests.demo.attachment import Attachment
from tests.demo.company import Doors
from tests.demo.performance import perform
from tests.demo.recorder import Recorder, of_freeswitch
from tests.lab.freeswitch import GIVEN, Freeswitch
from tests.lab.packages import Unavailable


class GivenPbx:
    """It runs before the demo and after it. `record`: a folder for its stream."""

    def __init__(self, record: Path | None = None) -> None:
        found = Freeswitch.given()
        if found is None:
            raise Unavailable(f"none is given: {GIVEN}=host:port:password")
        self._pbx = found
        self._record = record
        self.recordings = Path()

    def prepare(self) -> str:
        """Its version. Raises Unavailable."""
        try:
            told = self._pbx.api("version")
            self.recordings = Path(self._pbx.api("global_getvar recordings_dir").strip())
        except LinkError as error:
            raise Unavailable(str(error)) from error
        found = re.search(r"Version ([\d.]+)", told)
        return found.group(1) if found else told.strip()

    async def open(self) -> Attachment:
        """Its event socket."""
        settings = self._pbx.settings
        secret = settings.secret.get_secret_value()
        return Attachment("freeswitch", settings.port, secret, self.recordings)

    async def close(self) -> None:
        """It is not ours to end."""

    async def play(self, say: Callable[[str], None]) -> None:
        """The phones make their calls."""
        recorder: Recorder | None = None
        if self._record is not None:
            recorder = of_freeswitch(self._pbx.settings, self.recordings)
        ports = self._pbx.ports
        doors = Doors(phones=ports.sip, lines=ports.lines, own=ports.phone)
        await perform(doors, say, recorder, self._record)
