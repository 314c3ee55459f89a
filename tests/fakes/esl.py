"""An event socket as the measured facts say it behaves, and misbehaving as told."""

import asyncio
import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

AUTH = b"Content-Type: auth/request\n\n"
NOTICE = (
    b"Content-Type: text/disconnect-notice\nContent-Length: 67\n\n"
    b"Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
)
REJECTION = b"Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n"
CORE = "8f0c0a3e-0000-4000-8000-000000000001"


def reply(text: str) -> bytes:
    """To a command of the socket."""
    return f"Content-Type: command/reply\nReply-Text: {text}\n\n".encode()


def event(name: str, body: str = "", **headers: str) -> bytes:
    """An event; `_` in a header's name stands for `-` (`variable_x` stays), values are encoded."""
    named, subclass = name.partition(" ")[::2]
    lines = {"Event-Name": named, "Core-UUID": CORE}
    if subclass:
        lines["Event-Subclass"] = subclass
    for key, value in headers.items():
        lines[key if key.startswith("variable_") else key.replace("_", "-")] = value
    if body:
        lines["Content-Length"] = str(len(body.encode()))
    text = "".join(f"{key}: {quote(value, safe='/:@+()')}\n" for key, value in lines.items())
    whole = f"{text}\n{body}".encode()
    head = f"Content-Length: {len(whole)}\nContent-Type: text/event-plain\n\n"
    return head.encode() + whole


class FakeEsl:
    """One server on loopback; `async with` it. What it was asked is in `commands`, in order."""

    def __init__(self, *, secret: str = "labsecret", port: int = 0) -> None:
        self.secret = secret
        self.greeting = AUTH
        self.closes = False
        """Says goodbye right after the greeting: it starts or stops."""
        self.mute: set[str] = set()
        """Commands that get neither reply nor answer; "*" = none gets one."""
        self.jobless: set[str] = set()
        """Commands that get a reply, but no answer."""
        self.denied: set[str] = set()
        """Commands that are answered by -ERR."""
        self.held: dict[str, list[bytes]] = {}
        """Commands whose answers wait for `release`."""
        self.channels: list[dict[str, str]] = []
        self.calls: list[dict[str, str]] = []
        self.dumps: dict[str, dict[str, str]] = {}
        self.core = CORE
        self.commands: list[str] = []
        self.subscribed: list[str] = []
        """The names behind the latest `event plain`, as FreeSWITCH takes them."""
        self.logins = 0
        self.port = port
        self._writers: list[asyncio.StreamWriter] = []
        self._seen = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
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

    async def drained(self) -> None:
        """Until what was sent is on its way."""
        for writer in self._writers:
            await writer.drain()

    def tell(self, name: str, body: str = "", **headers: str) -> None:
        """An event to whoever is connected, if it was asked for."""
        if name in self.subscribed:
            self.send(event(name, body, **{"Core-UUID": self.core, **headers}))

    def got(self, name: str) -> list[str]:
        """The commands that begin so."""
        return [command for command in self.commands if command.startswith(name)]

    async def wait_for(self, name: str, times: int = 1) -> None:
        """Until this command came so often."""
        async with self._seen:
            await self._seen.wait_for(lambda: len(self.got(name)) >= times)

    def release(self, name: str) -> None:
        """Send the answers that were held."""
        for data in self.held.pop(name):
            self.send(data)

    # -- one connection

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        writer.write(self.greeting)
        try:
            if self.closes or self.greeting == REJECTION:
                writer.write(NOTICE if self.closes else b"")
                return
            while True:
                block = (await reader.readuntil(b"\n\n")).decode().strip("\n").split("\n")
                headers = dict(line.split(": ", 1) for line in block[1:])
                if not await self._heard(writer, block[0], headers):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            if writer in self._writers:
                self._writers.remove(writer)
            writer.close()

    async def _heard(
        self, writer: asyncio.StreamWriter, line: str, headers: Mapping[str, str]
    ) -> bool:
        """Answer one command; whether the connection goes on."""
        command = line.removeprefix("bgapi ")
        async with self._seen:
            self.commands.append(command)
            self._seen.notify_all()
        word = command.partition(" ")[0]
        if {"*", word} & self.mute:
            return True
        if word in ("auth", "userauth"):
            return self._login(writer, command)
        data = self._answer(line, command, headers)
        if word in self.held:
            self.held[word].append(data)
        else:
            writer.write(data)
        return True

    def _login(self, writer: asyncio.StreamWriter, command: str) -> bool:
        right = command == f"auth {self.secret}"
        right = right or command == f"userauth tracker@example.com:{self.secret}"
        writer.write(reply("+OK accepted") if right else reply("-ERR invalid") + NOTICE)
        self.logins += right
        return right

    def _answer(self, line: str, command: str, headers: Mapping[str, str]) -> bytes:
        word, _, rest = command.partition(" ")
        if word == "event":
            self.subscribed = _taken(rest)
            return reply("+OK event listener enabled plain")
        if not line.startswith("bgapi "):
            return reply("-ERR command not found")
        job = headers["Job-UUID"]
        accepted = f"Content-Type: command/reply\nReply-Text: +OK Job-UUID: {job}\n"
        data = f"{accepted}Job-UUID: {job}\n\n".encode()
        if word in self.jobless or "BACKGROUND_JOB" not in self.subscribed:
            return data
        text = "-ERR permission denied\n" if word in self.denied else self._api(command)
        said = {"Job-UUID": job, "Job-Command": word, "Core-UUID": self.core}
        if rest:
            said["Job-Command-Arg"] = rest
        return data + event("BACKGROUND_JOB", text, **said)

    def _api(self, command: str) -> str:
        word, _, rest = command.partition(" ")
        match word:
            case "show":
                return listing(self.calls if rest.startswith("calls") else self.channels)
            case "uuid_dump":
                found = self.dumps.get(rest.removesuffix(" json"))
                return "-ERR No such channel!\n" if found is None else json.dumps(found)
            case "uptime":
                return "856\n"
            case "uuid_displace":
                return "+OK Success\n"
            case _:
                return f"-ERR {command} Command not found!\n"


def listing(rows: list[dict[str, str]]) -> str:
    """`show ... as json`; without rows it has no `rows` either."""
    found: dict[str, Any] = {"row_count": len(rows)}
    if rows:
        found["rows"] = rows
    return json.dumps(found, separators=(",", ":"))


def _taken(words: str) -> list[str]:
    """Names as FreeSWITCH takes them: every word behind CUSTOM is a subclass."""
    names = words.removeprefix("plain ").split(" ")
    if "CUSTOM" not in names:
        return names
    at = names.index("CUSTOM")
    return [*names[:at], *(f"CUSTOM {name}" for name in names[at + 1 :])]
