"""A tap on an event socket: keeps every byte with the moment it came, and asks as the CRM would."""

import gzip
import json
import time
from pathlib import Path

from calltrackd.pbx import esl_session
from calltrackd.pbx.esl import EVENT, EslCodec, EslFrame
from calltrackd.pbx.esl_connection import EslConnection
from calltrackd.pbx.stream import EOF, RECONNECT, Header, chunk_line, header_line, mark_line
from calltrackd.settings.freeswitch import FreeswitchPbx
from tests.lab.recorder import Tap

PATIENCE_S = 15.0


class EslTap(Tap):
    """The daemon's view of a FreeSWITCH. The stream goes on over several connections."""

    MAKE, SUFFIX = "freeswitch", ".jsonl.gz"

    def __init__(self, settings: FreeswitchPbx) -> None:
        super().__init__()
        self._settings = settings
        self._codec = EslCodec()
        self.events: list[EslFrame] = []
        self.connection: EslConnection | None = None

    async def connect(self, port: int) -> None:
        """Connects, logs in and subscribes; a later connection is marked in the stream."""
        if self.chunks:
            self._keep(RECONNECT)
        self._codec.reset()
        self.closed.clear()
        settings = self._settings.model_copy(update={"port": port})
        self.connection = await esl_session.connect(settings, self._read_bytes)
        self.connection.ended.add_done_callback(lambda _: self._over())

    async def snapshot(self) -> None:
        """Asks for all that is going on, as a daemon does that comes in the middle."""
        channels = json.loads(await self.api("show channels as json")).get("rows", [])
        await self.api("show calls as json")
        for row in channels:
            if row["direction"] == "inbound":
                await self.api(f"uuid_dump {row['uuid']} json")

    async def api(self, command: str) -> str:
        """The answer to an API command. ActionRefusedError, ActionTimeoutError, LinkDownError."""
        assert self.connection is not None
        return await self.connection.ask(command, PATIENCE_S)

    def channel(self, prefix: str) -> str:
        """The id of the newest channel whose name begins with `prefix` (for an API's target)."""
        for event in reversed(self.events):
            headers = event.headers
            if headers.get("Channel-Name", "").startswith(prefix):
                return headers["Unique-ID"]
        raise LookupError(f"no channel {prefix}")

    async def close(self) -> None:
        """Drops the connection, if there is one, without a word of farewell."""
        if self.connection is not None:
            self.connection.close()
            await self.closed.wait()

    def save(self, path: Path, scenario: str) -> None:
        """Writes the stream in the trace format, packed: a header, then one socket read a line."""
        header = Header(
            stream="esl-plain", pbx="freeswitch", scenario=scenario, t0=self.zero,
            encoding="latin-1",
        )  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as out:
            out.write(header_line(header))
            for at, raw in self.chunks:
                if raw in (EOF, RECONNECT):
                    out.write(mark_line(header, at, "eof" if raw == EOF else "reconnect"))
                else:
                    out.write(chunk_line(header, at, raw.encode("latin-1")))

    def _read_bytes(self, data: bytes) -> None:
        self._keep(data.decode("latin-1"))
        self.events += [frame for frame in self._codec.feed(data) if frame.kind == EVENT]

    def _over(self) -> None:
        self.lost_at = time.time()
        self._keep(EOF)
        self.closed.set()
