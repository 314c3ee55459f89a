"""A manager interface that misbehaves as told: refuses, goes silent, drops a list in the middle."""

import asyncio
import hashlib
import ssl
from types import TracebackType
from typing import Self

Frame = dict[str, str]
BANNER = b"Asterisk Call Manager/11.0.0\r\n"

LISTS = {
    "CoreShowChannels": ("CoreShowChannel", "CoreShowChannelsComplete"),
    "Status": ("Status", "StatusComplete"),
    "BridgeList": ("BridgeListItem", "BridgeListComplete"),
    "BridgeInfo": ("BridgeInfoChannel", "BridgeInfoComplete"),
    "QueueStatus": ("QueueEntry", "QueueStatusComplete"),
    "ParkedCalls": ("ParkedCall", "ParkedCallsComplete"),
}


def block(*headers: tuple[str, str]) -> bytes:
    """One message."""
    return "".join(f"{key}: {value}\r\n" for key, value in headers).encode() + b"\r\n"


class FakeAmi:
    """One server on loopback; `async with` it. What it got is in `actions`, in order."""

    def __init__(
        self,
        *,
        secret: str = "labsecret",
        refusal: str | None = None,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        self.secret = secret
        self.refusal = refusal
        """What Login is refused with, whatever the secret."""
        self.banner = BANNER
        self.mute: set[str] = set()
        """Names of actions that get no answer; "*" = none gets one."""
        self.denied: set[str] = set()
        """Names of actions that get "Permission denied"."""
        self.cut: set[str] = set()
        """Names of lists after whose first item the connection is dropped."""
        self.items: dict[str, list[Frame]] = {}
        """Items of lists, by action."""
        self.actions: list[Frame] = []
        self.logins = 0
        self.logged_in = asyncio.Event()
        self.port = port
        self._tls = tls
        self._writers: list[asyncio.StreamWriter] = []
        self._seen = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, ssl=self._tls
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        self.drop()
        await self._server.wait_closed()

    def drop(self) -> None:
        """Cut all connections."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def send(self, data: bytes) -> None:
        """Bytes to whoever is connected."""
        for writer in self._writers:
            writer.write(data)

    def got(self, name: str) -> list[Frame]:
        """The actions of this name so far."""
        return [action for action in self.actions if action["Action"] == name]

    async def wait_for(self, name: str, times: int = 1) -> None:
        """Until this action came so often."""
        async with self._seen:
            await self._seen.wait_for(lambda: len(self.got(name)) >= times)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        writer.write(self.banner)
        challenge = "1234567"
        try:
            while True:
                raw = await reader.readuntil(b"\r\n\r\n")
                lines = (line.partition(": ") for line in raw.decode().split("\r\n") if line)
                action: Frame = {}
                for key, _, value in lines:
                    action[key] = f"{action[key]}\n{value}" if key in action else value
                async with self._seen:
                    self.actions.append(action)
                    self._seen.notify_all()
                if {"*", action["Action"]} & self.mute:
                    continue
                self._answer(writer, action, challenge)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, writer: asyncio.StreamWriter, action: Frame, challenge: str) -> None:
        name, same = action["Action"], ("ActionID", action.get("ActionID", ""))
        if name == "Challenge":
            writer.write(block(("Response", "Success"), same, ("Challenge", challenge)))
        elif name == "Login":
            self._login(writer, action, challenge)
        elif name in self.denied:
            writer.write(block(("Response", "Error"), same, ("Message", "Permission denied")))
        elif name in LISTS:
            self._list(writer, action)
        elif name == "ConfbridgeListRooms":
            writer.write(block(("Response", "Error"), same, ("Message", "No active conferences.")))
        else:
            writer.write(block(("Response", "Success"), same, ("Message", f"{name} done")))

    def _login(self, writer: asyncio.StreamWriter, action: Frame, challenge: str) -> None:
        key = hashlib.md5((challenge + self.secret).encode()).hexdigest()
        right = action.get("Secret") == self.secret or action.get("Key") == key
        refusal = self.refusal or (None if right else "Authentication failed")
        same = ("ActionID", action.get("ActionID", ""))
        if refusal:
            writer.write(block(("Response", "Error"), same, ("Message", refusal)))
            return
        writer.write(
            block(("Response", "Success"), same, ("Message", "Authentication accepted"))
            + block(("Event", "FullyBooted"), ("Uptime", "86400"), ("Status", "Fully Booted"))
        )
        self.logins += 1
        self.logged_in.set()

    def _list(self, writer: asyncio.StreamWriter, action: Frame) -> None:
        name, same = action["Action"], ("ActionID", action["ActionID"])
        item, complete = LISTS[name]
        writer.write(
            block(("Response", "Success"), same, ("EventList", "start"), ("Message", "follows"))
        )
        for fields in self.items.get(name, []):
            writer.write(block(("Event", item), same, *fields.items()))
            if name in self.cut:
                writer.close()
                self._writers.remove(writer)
                return
        writer.write(block(("Event", complete), same, ("EventList", "Complete")))
