"""A stream that was recorded from a real PBX, kept beside this file and served again."""

import asyncio
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from calltrackd.pbx.stream import Chunk, Stream
from tests.demo.attachment import Attachment, Make
from tests.demo.spool import furnish
from tests.fakes.ami import FakeAmi
from tests.fakes.esl import FakeEsl

FOLDER = Path(__file__).parent / "recorded"
CALLS, SAID = "calls.jsonl.gz", "said.json"
AMI_END = b"\r\n\r\n"
SPOOLS: dict[Make, str] = {
    "asterisk": "/var/spool/asterisk",
    "freeswitch": "/var/lib/freeswitch/recordings",
}
"""Folder of the recordings as the streams name it."""
SECRET = "labsecret"
_MOMENT = re.compile(rb"\b17\d{14}\b")
"""Microseconds in an event of FreeSWITCH, which bears its own times."""


class RecordedPbx:
    """A server on loopback that lets the daemon log in and then sends what was recorded.

    `faster`: so many times as fast as it happened; pauses of people are long. No sound was kept
    with it: what people said then is put together anew, into recordings below `house`.
    """

    def __init__(self, make: Make, faster: float, house: Path, folder: Path = FOLDER) -> None:
        self._make, self._faster = make, faster
        self._calls = folder / make / CALLS
        self._server: FakeAmi | FakeEsl = (
            FakeAmi(secret=SECRET) if make == "asterisk" else FakeEsl(secret=SECRET)
        )
        self._stream = Stream(self._calls)
        self._said: list[tuple[float, str]] = json.loads((folder / make / SAID).read_text())
        self.recordings = house / "recordings"

    async def open(self) -> Attachment:
        """Listens."""
        shutil.rmtree(self.recordings, ignore_errors=True)
        await furnish(self._calls, SPOOLS[self._make], self.recordings)
        await self._server.__aenter__()
        return Attachment(
            self._make, self._server.port, SECRET, self.recordings, SPOOLS[self._make], live=False
        )

    async def close(self) -> None:
        """Hangs up on the daemon."""
        await self._server.__aexit__(None, None, None)

    async def play(self, say: Callable[[str], None]) -> None:
        """Sends the stream to the daemon that is logged in."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tell(say))
            before = self._stream.header.t0
            for chunk in self._chunks():
                await asyncio.sleep((chunk.at - before) / self._faster)
                before = chunk.at
                self._server.send(chunk.data)

    def _chunks(self) -> Iterator[Chunk]:
        """As recorded; moments in FreeSWITCH's events become those of now, of the same length."""
        if self._make == "asterisk":
            yield from self._stream
            return
        zero, now = self._stream.header.t0 * 1e6, time.time() * 1e6

        def moved(found: "re.Match[bytes]") -> bytes:
            return b"%d" % (now + (int(found[0]) - zero) / self._faster)

        for chunk in self._stream:
            yield Chunk(chunk.seq, chunk.at, _MOMENT.sub(moved, chunk.data), chunk.mark)

    async def _tell(self, say: Callable[[str], None]) -> None:
        before = 0.0
        for at, text in self._said:
            await asyncio.sleep((at - before) / self._faster)
            before = at
            say(text)
