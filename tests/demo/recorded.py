"""A stream that was recorded from a real Asterisk, kept beside this file and served again."""

import asyncio
import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from calltrackd.pbx.protocol import AmiConnection
from calltrackd.pbx.session import connect
from calltrackd.pbx.stream import Header, Stream, chunk_line, header_line
from calltrackd.settings import AsteriskPbx
from tests.demo.house import AMI_SECRET
from tests.fakes.ami import FakeAmi

FOLDER = Path(__file__).parent / "recorded"
CALLS, SAID = "calls.jsonl.gz", "said.json"
FRAME_END = b"\r\n\r\n"
SPOOL = "/var/spool/asterisk"


class RecordedPbx:
    """An AMI server on loopback that lets the daemon log in and then sends what was recorded.

    `faster`: so many times as fast as it happened; pauses of people are long.
    """

    def __init__(self, faster: float, folder: Path = FOLDER) -> None:
        self._faster = faster
        self._server = FakeAmi(secret=AMI_SECRET)
        self._stream = Stream(folder / CALLS)
        self._said: list[tuple[float, str]] = json.loads((folder / SAID).read_text())
        self.recordings = Path(SPOOL) / "monitor"

    async def open(self) -> int:
        """Listens; the port."""
        await self._server.__aenter__()
        return self._server.port

    async def close(self) -> None:
        """Hangs up on the daemon."""
        await self._server.__aexit__(None, None, None)

    async def play(self, say: Callable[[str], None]) -> None:
        """Sends the stream to the daemon that is logged in."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tell(say))
            before = self._stream.header.t0
            for chunk in self._stream:
                await asyncio.sleep((chunk.at - before) / self._faster)
                before = chunk.at
                self._server.send(chunk.data)

    async def _tell(self, say: Callable[[str], None]) -> None:
        before = 0.0
        for at, text in self._said:
            await asyncio.sleep((at - before) / self._faster)
            before = at
            say(text)


class Recorder:
    """Records a PBX as calltrackd's own manager user sees it; names of its folders are changed."""

    def __init__(self, port: int, spool: Path) -> None:
        self._pbx = AsteriskPbx(
            kind="asterisk", name="office", port=port, secret=SecretStr(AMI_SECRET)
        )
        self._spool = str(spool).encode()
        self._chunks: list[tuple[float, bytes]] = []
        self._said: list[tuple[float, str]] = []
        self._connection: AmiConnection | None = None
        self._rest = b""

    async def begin(self) -> None:
        """Logs in; from now on every frame is kept."""
        self._loop = asyncio.get_running_loop()
        self._zero = self._loop.time()
        self._connection = await connect(self._pbx, self._take)
        self._chunks.clear()
        self._zero = self._loop.time()

    def say(self, text: str) -> None:
        """Keeps what is told meanwhile."""
        self._said.append((round(self._loop.time() - self._zero, 3), text))

    def save(self, folder: Path, t0: float) -> None:
        """Writes stream and story. `t0`: the unix second that the stream claims to begin at."""
        assert self._connection is not None
        self._connection.end("recorded")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        header = Header(pbx="office", scenario="demo", t0=t0)
        lines = (chunk_line(header, t0 + at, data) for at, data in self._chunks)
        text = header_line(header) + b"".join(lines)
        (folder / CALLS).write_bytes(gzip.compress(text, mtime=0))
        told = json.dumps(self._said, indent=0, ensure_ascii=False)
        (folder / SAID).write_text(told + "\n")

    def _take(self, data: bytes) -> None:
        """Whole frames only, so that a folder's name is never cut."""
        frames, found, self._rest = (self._rest + data).rpartition(FRAME_END)
        if found:
            known = (frames + found).replace(self._spool, SPOOL.encode())
            self._chunks.append((self._loop.time() - self._zero, known))
