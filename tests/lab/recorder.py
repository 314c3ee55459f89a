"""A tap on AMI: keeps every byte with the moment it came, and sends the harness's own actions."""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

Frame = dict[str, str]
END = b"\r\n\r\n"
LISTS = {
    "Status": "StatusComplete",
    "CoreShowChannels": "CoreShowChannelsComplete",
    "BridgeList": "BridgeListComplete",
    "BridgeInfo": "BridgeInfoComplete",
    "QueueStatus": "QueueStatusComplete",
    "ParkedCalls": "ParkedCallsComplete",
}
"""Actions that are answered by a list, with the event that ends it."""


def parse(block: str) -> Frame:
    """One AMI message; the first of a repeated header stays."""
    frame: Frame = {}
    for line in block.split("\r\n"):
        name, found, value = line.partition(": ")
        if found:
            frame.setdefault(name, value)
    return frame


class Tap:
    """One AMI user's view. The stream goes on over several connections."""

    MAKE, SUFFIX = "asterisk", ".jsonl"
    """The PBX's make, and how a file of the stream ends."""

    def __init__(self, user: str = "lab", secret: str = "labsecret") -> None:
        self.user, self.secret = user, secret
        self.zero = time.time()
        self.chunks: list[tuple[float, str]] = []
        self.frames: list[Frame] = []
        self.closed = asyncio.Event()
        self.lost_at = 0.0
        self._watchers: list[tuple[Callable[[Frame], bool], asyncio.Future[Frame]]] = []
        self._serial = 0

    async def connect(self, port: int) -> None:
        """Connects to 127.0.0.1 and logs in; a later connection is marked in the stream."""
        if self.chunks:
            self._keep("--RECONNECT--")
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        self.closed.clear()
        self._task = asyncio.create_task(self._read())
        answer = await self.action("Login", Username=self.user, Secret=self.secret)
        if answer[0].get("Response") != "Success":
            raise PermissionError(f"AMI refused {self.user}: {answer[0]}")

    async def snapshot(self) -> None:
        """Asks for all that is going on, as a daemon does that comes in the middle."""
        for name in ("CoreStatus", "CoreSettings", "Status", "CoreShowChannels"):
            await self.action(name)
        for bridge in await self.action("BridgeList"):
            if bridge.get("Event") == "BridgeListItem":
                await self.action("BridgeInfo", BridgeUniqueid=bridge["BridgeUniqueid"])
        await self.action("QueueStatus")
        await self.action("ParkedCalls")

    async def action(self, name: str, **fields: str) -> list[Frame]:
        """Sends an action; returns its response and, of a list, the items."""
        self._serial += 1
        mark = f"lab-{self._serial}"
        last = LISTS.get(name)
        got: list[Frame] = []

        def complete(frame: Frame) -> bool:
            if frame.get("ActionID") != mark:
                return False
            got.append(frame)
            refused = frame.get("Response") == "Error"
            return refused or frame.get("Event") == last if last else "Response" in frame

        done = self.watch(complete)
        lines = [f"Action: {name}", f"ActionID: {mark}", *(f"{k}: {v}" for k, v in fields.items())]
        self._writer.write("\r\n".join(lines).encode() + END)
        await asyncio.wait_for(done, 15)
        return got

    def watch(self, wanted: Callable[[Frame], bool]) -> "asyncio.Future[Frame]":
        """The next frame that `wanted` accepts."""
        future: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._watchers.append((wanted, future))
        return future

    def channel(self, prefix: str) -> str:
        """The name of the newest channel that begins with `prefix` (for an action's target)."""
        for frame in reversed(self.frames):
            if frame.get("Event") in ("Newchannel", "Status", "CoreShowChannel"):
                name = frame.get("Channel", "")
                if name.startswith(prefix):
                    return name
        raise LookupError(f"no channel {prefix}")

    async def close(self) -> None:
        """Drops the connection, if there is one, without a word of farewell."""
        if not hasattr(self, "_writer"):
            return
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()
        await self._task

    def save(self, path: Path, scenario: str) -> None:
        """Writes the stream in the trace format: a header, then one socket read a line."""
        head = {"stream": "ami", "pbx": "asterisk", "scenario": scenario, "t0": self.zero,
                "encoding": "utf-8/surrogateescape"}  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as out:
            for line in (
                head,
                *({"t": round(at - self.zero, 6), "raw": raw} for at, raw in self.chunks),
            ):
                out.write(json.dumps(line) + "\n")

    async def _read(self) -> None:
        buffer = b""
        with suppress(ConnectionError):
            while data := await self._reader.read(65_536):
                self._keep(data.decode("utf-8", "surrogateescape"))
                *blocks, buffer = (buffer + data).split(END)
                for block in blocks:
                    self._frame(parse(block.decode("utf-8", "replace")))
        self.lost_at = time.time()
        self._keep("--EOF--")
        self._writer.close()
        self.closed.set()

    def _keep(self, raw: str) -> None:
        self.chunks.append((time.time(), raw))

    def _frame(self, frame: Frame) -> None:
        self.frames.append(frame)
        for watcher in list(self._watchers):
            wanted, future = watcher
            if not future.done() and wanted(frame):
                future.set_result(frame)
            if future.done():
                self._watchers.remove(watcher)


def advised_tap() -> Tap:
    """The view of the user of dialplan/asterisk/manager_calltrackd.conf, as it is delivered."""
    return Tap("calltrackd", "CHANGE-ME")
