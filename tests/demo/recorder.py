"""Records a PBX as calltrackd sees it, to be served again; names of its folders are changed."""

import asyncio
import gzip
import json
import re
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr

from calltrackd.pbx import esl_session, session
from calltrackd.pbx.esl_framer import EslFramer
from calltrackd.pbx.stream import ENCODINGS, Header, chunk_line, header_line
from calltrackd.settings import AsteriskPbx, FreeswitchPbx
from tests.demo.recorded import AMI_END, CALLS, SAID, SPOOLS

CLAIMED = 1_795_000_000.0
"""The unix second at which a recording of Asterisk claims to begin."""


class Connection(Protocol):
    """What is ended when all is recorded."""

    def end(self, reason: str) -> None:
        """Hang up."""


Taker = Callable[[bytes], None]
Opener = Callable[[Taker], Awaitable[Connection]]
Cleaner = Callable[[bytes], bytes]
"""Bytes of the connection in, whole messages without our folders' names out."""


class Recorder:
    """One connection of its own, and what was told meanwhile."""

    def __init__(self, connect: Opener, clean: Cleaner, header: Header) -> None:
        self._connect, self._clean, self._header = connect, clean, header
        self._chunks: list[tuple[float, bytes]] = []
        self._said: list[tuple[float, str]] = []
        self._connection: Connection | None = None

    async def begin(self) -> None:
        """Logs in; from now on every message is kept."""
        self._loop = asyncio.get_running_loop()
        self._zero = self._loop.time()
        self._connection = await self._connect(self._take)
        self._chunks.clear()
        self._zero = self._loop.time()

    def say(self, text: str) -> None:
        """Keeps what is told meanwhile."""
        self._said.append((round(self._loop.time() - self._zero, 3), text))

    def save(self, folder: Path) -> None:
        """Writes stream and story."""
        assert self._connection is not None
        self._connection.end("recorded")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        header = self._header
        lines = (chunk_line(header, header.t0 + at, data) for at, data in self._chunks)
        text = header_line(header) + b"".join(lines)
        (folder / CALLS).write_bytes(gzip.compress(text, mtime=0))
        told = json.dumps(self._said, indent=0, ensure_ascii=False)
        (folder / SAID).write_text(told + "\n")

    def _take(self, data: bytes) -> None:
        if known := self._clean(data):
            self._chunks.append((self._loop.time() - self._zero, known))


def of_asterisk(port: int, secret: str, spool: Path) -> Recorder:
    """As calltrackd's own manager user sees it."""
    pbx = AsteriskPbx(kind="asterisk", name="office", port=port, secret=SecretStr(secret))
    rest = b""

    def clean(data: bytes) -> bytes:
        """Whole frames only, so that a folder's name is never cut."""
        nonlocal rest
        frames, found, rest = (rest + data).rpartition(AMI_END)
        return (frames + found).replace(str(spool).encode(), SPOOLS["asterisk"].encode())

    header = Header(pbx="office", scenario="demo", t0=CLAIMED)
    return Recorder(lambda take: session.connect(pbx, take), clean, header)


def of_freeswitch(pbx: FreeswitchPbx, recordings: Path) -> Recorder:
    """As calltrackd's subscription shows it. The stream's clock is that of its events."""
    framer = EslFramer()
    theirs = re.compile(re.escape(str(recordings).encode()) + rb"(?=/|%2F)")

    def clean(data: bytes) -> bytes:
        """Messages with their lengths told anew."""
        return b"".join(_told(head, body) for head, body in framer.cut(data))

    def _told(head: bytes, body: bytes) -> bytes:
        body = theirs.sub(SPOOLS["freeswitch"].encode(), body)
        length = b"Content-Length: %d" % len(body)
        return re.sub(rb"Content-Length: \d+", length, head) + b"\n\n" + body

    header = Header(
        stream="esl-plain", pbx="office", scenario="demo", t0=time.time(),
        encoding=ENCODINGS["esl-plain"],
    )  # fmt: skip
    return Recorder(lambda take: esl_session.connect(pbx, take), clean, header)
