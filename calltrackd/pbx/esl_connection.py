"""One connection to a FreeSWITCH's event socket: commands, their replies, and jobs.

Replies bear no id: the first command that waits gets the next reply. Who waits no more leaves his
place in the row, so that a late reply is thrown away and nobody gets another's. Questions are asked
by `bgapi` only: `api` holds up the events of its connection (3 s for `msleep 3000`, measured); the
answer is a BACKGROUND_JOB event, found again by a Job-UUID that we choose.
"""

import asyncio
import uuid
from collections import deque
from collections.abc import Callable
from typing import Any

from calltrackd.pbx.coalescing import Coalescing
from calltrackd.pbx.errors import (
    ActionRefusedError,
    ActionTimeoutError,
    LinkDownError,
)
from calltrackd.pbx.esl import EVENT, EslCodec, EslFrame
from calltrackd.pbx.esl_command import encode_command

JOB = "BACKGROUND_JOB"

_MOST_UNSENT = 1 << 20
"""Bytes that may wait because FreeSWITCH does not read; commands are some hundred bytes."""
_MOST_UNANSWERED = 1_000
"""Commands whose replies are still due."""
_REFUSALS = ("-ERR", "-USAGE")


class EslConnection(asyncio.Protocol):
    """The asyncio protocol of one connection, from TCP to its end.

    `on_bytes` gets every read before anything here acts on it; LinkDownError from it ends the
    connection. `ended` is set, with the reason, when the connection is over; from then on every
    question fails with LinkDownError.
    """

    def __init__(self, on_bytes: Callable[[bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        self._on_bytes = on_bytes
        self._codec = EslCodec(frozenset({JOB}), frozenset({"Job-UUID"}))
        self._transport: asyncio.Transport | None = None
        self._replies: deque[asyncio.Future[str]] = deque()
        self._jobs: dict[str, asyncio.Future[str]] = {}
        self.reads = 0
        """How often bytes came: a sign of life."""
        self.greeted: asyncio.Future[None] = loop.create_future()
        """Set when FreeSWITCH asks for the password."""
        self.rejected = False
        """Its list of allowed addresses lacks ours."""
        self.greeting = "FreeSWITCH event socket"
        """What the log tells of the other end."""
        self.ended: asyncio.Future[str] = loop.create_future()

    # -- asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is there."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what create_connection gives
        self._transport = transport
        self._coalescing = Coalescing(transport)

    def data_received(self, data: bytes) -> None:
        """First the journal, then whoever waits."""
        if self.ended.done():
            return
        self.reads += 1
        try:
            self._on_bytes(data)
        except LinkDownError as error:
            self.end(str(error))
            return
        for frame in self._codec.feed(data):
            self._take(frame)
        if self.greeted.done() and not self._replies and not self._jobs:
            self._coalescing.read(len(data))

    def connection_lost(self, exc: Exception | None) -> None:
        """FreeSWITCH, the network or we closed it."""
        self.end(str(exc) if exc else "the PBX closed the connection")

    async def greet(self) -> None:
        """Until FreeSWITCH asks for the password, or the connection is over."""
        waiting: list[asyncio.Future[Any]] = [self.greeted, self.ended]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)

    # -- what is asked

    async def ask(self, command: str, timeout_s: float, patience: int = 1) -> str:
        """The answer to an API command such as `show channels as json`, as FreeSWITCH wrote it.

        `timeout_s`: for the reply, and for the answer after it; `patience`: how many times that is
        waited while at least other bytes arrive. Raises BadFieldError (CR, LF or NUL), and
        ActionRefusedError (`-ERR`, `-USAGE`), ActionTimeoutError, LinkDownError.
        """
        job = str(uuid.uuid4())
        answer = self._jobs[job] = asyncio.get_running_loop().create_future()
        try:
            reply = self._send(encode_command(f"bgapi {command}", Job_UUID=job))
            _accepted(command, await self._within(reply, command, timeout_s, patience))
            text = await self._within(answer, command, timeout_s, patience)
        finally:
            del self._jobs[job]
        return _accepted(command, text)

    async def command(self, line: str, timeout_s: float) -> str:
        """The reply to a command of the socket itself, such as `event plain DTMF`.

        Raises as `ask` does.
        """
        reply = self._send(encode_command(line))
        word = line.partition(" ")[0]
        return _accepted(word, await self._within(reply, word, timeout_s, 1))

    async def ping(self, timeout_s: float, patience: int) -> None:
        """A question that costs nothing, answered over the events themselves. Raises as `ask`."""
        await self.ask("uptime", timeout_s, patience)

    def end(self, reason: str) -> None:
        """Close at once; what waits fails. The first reason counts."""
        if self.ended.done():
            return
        self.ended.set_result(reason)
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """Close at once, for no other reason than that we are done."""
        self.end("closed by us")

    # -- inside

    def _send(self, data: bytes) -> "asyncio.Future[str]":
        if self.ended.done() or self._transport is None:
            raise LinkDownError(self.ended.result() if self.ended.done() else "not connected yet")
        unsent = self._transport.get_write_buffer_size() > _MOST_UNSENT
        if unsent or len(self._replies) >= _MOST_UNANSWERED:
            raise LinkDownError("the PBX does not read what it is sent")
        reply: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._replies.append(reply)
        self._transport.write(data)
        return reply

    async def _within(
        self, answer: "asyncio.Future[str]", what: str, timeout_s: float, patience: int
    ) -> str:
        """The answer in time. One that is late finds its place, and nobody who waits."""
        for _ in range(patience):
            reads = self.reads
            await asyncio.wait(
                {answer, self.ended}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
            if answer.done():
                return answer.result()
            if self.ended.done():
                raise LinkDownError(self.ended.result())
            if self.reads == reads:
                break
        raise ActionTimeoutError(f"{what}: no answer within {timeout_s:g} s")

    def _take(self, frame: EslFrame) -> None:
        match frame.kind:
            case "command/reply":
                self._replied(frame.headers.get("Reply-Text", ""))
            case k if k == EVENT:
                self._answered(frame)
            case "auth/request":
                if not self.greeted.done():
                    self.greeted.set_result(None)
            case "text/rude-rejection":
                self.rejected = True
                self.end(frame.body.strip() or "rejected")
            case "text/disconnect-notice":
                self.end("the PBX ended the connection")

    def _replied(self, text: str) -> None:
        if self._replies:
            self._replies.popleft().set_result(text)

    def _answered(self, frame: EslFrame) -> None:
        job = self._jobs.get(frame.headers.get("Job-UUID", ""))
        if job is not None and not job.done():
            job.set_result(frame.body)


def _accepted(command: str, text: str) -> str:
    """The text of an answer that is no refusal. Raises ActionRefusedError."""
    for word in _REFUSALS:
        if text.startswith(word):
            raise ActionRefusedError(command, text.removeprefix(word).strip(": \n") or word)
    return text
