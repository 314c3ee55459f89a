"""One AMI connection: panoramisk's actions and replies over bytes that we frame ourselves.

From panoramisk come Action, Message, the matching of replies to actions and the gathering of lists.
Not used, since measured wrong: its decoding, its reconnect, its ping, its queue that sends an
unanswered Originate again. Here a lost connection fails what waits, and nothing is kept.
"""

import asyncio
from collections.abc import Callable, Mapping

from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from panoramisk.message import Message

from calltrackd.pbx.coalescing import Coalescing
from calltrackd.pbx.errors import ActionRefusedError, ActionTimeoutError, LinkDownError
from calltrackd.pbx.wire import AmiCodec, FieldValue, Frame, encode_action

_MOST_UNSENT = 1 << 20
"""Bytes that may wait because the PBX does not read; actions are some hundred bytes."""


class _Request(Action):  # type: ignore[misc] # panoramisk has no types
    """An action whose list is recognised by what Asterisk 13 and later say, not by its wording."""

    @property
    def multi(self) -> bool:
        return bool(self.responses[0].eventlist.lower() == "start")


class AmiConnection(AMIProtocol):  # type: ignore[misc] # panoramisk has no types
    """The asyncio protocol of one connection, from TCP to its end.

    `on_bytes` gets every read before anything here acts on it; LinkDownError from it ends the
    connection. `ended` is set, with the reason, when the connection is over; from then on every
    action fails with LinkDownError.
    """

    def __init__(self, on_bytes: Callable[[bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        self._on_bytes = on_bytes
        self._codec = AmiCodec(wanted=frozenset())
        self.reads = 0
        """How often bytes came: a sign of life."""
        self.banner: asyncio.Future[str] = loop.create_future()
        self.ended: asyncio.Future[str] = loop.create_future()
        self.manager = Manager(loop=loop, protocol_factory=lambda: self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket (and TLS) is there."""
        super().connection_made(transport)
        self.factory = self.manager
        self.manager.protocol = self
        self._coalescing = Coalescing(self.transport)

    def data_received(self, data: bytes) -> None:
        """First the journal, then whoever waits for a reply."""
        if self.ended.done():
            return
        self.reads += 1
        try:
            self._on_bytes(data)
        except LinkDownError as error:
            self.end(str(error))
            return
        if self.responses or not self.banner.done():
            self._answer(data)
        else:  # nobody waits: the next reply begins after these bytes
            self._codec.reset()
            self._coalescing.read(len(data))

    def _answer(self, data: bytes) -> None:
        for frame in self._codec.feed(data):
            if "Banner" in frame:
                if not self.banner.done():
                    self.banner.set_result(frame["Banner"])
            elif frame.get("ActionID") in self.responses:
                self.handle_message(Message(frame))

    def connection_lost(self, exc: Exception | None) -> None:
        """The PBX, the network or we closed it."""
        self.end(str(exc) if exc else "the PBX closed the connection")

    def close(self) -> None:
        """What panoramisk calls it."""
        self.end("closed")

    @property
    def greeting(self) -> str:
        """The banner, once it came."""
        return self.banner.result()

    async def ping(self, timeout_s: float, patience: int) -> None:
        """An action that does nothing. Raises as `action` does."""
        await self.action("Ping", {}, timeout_s, patience)

    def end(self, reason: str) -> None:
        """Close at once and fail everything that waits. The first reason counts."""
        if self.ended.done():
            return
        self.ended.set_result(reason)
        self.closed = True
        self.transport.abort()
        for request in self.responses.values():
            if not request.future.done():
                request.future.set_exception(LinkDownError(reason))
        self.responses.clear()
        if not self.banner.done():
            self.banner.cancel()

    def send(self, data: _Request, as_list: bool | None = None) -> "asyncio.Future[object]":
        """Called by panoramisk's Manager. BadFieldError before a byte is written."""
        encoded = encode_action(dict(data))
        data.as_list = as_list
        self.responses[data.id] = data
        self.transport.write(encoded)
        return data.future  # type: ignore[no-any-return] # panoramisk has no types

    async def action(
        self, name: str, fields: Mapping[str, FieldValue], timeout_s: float, patience: int = 1
    ) -> list[Frame]:
        """Send an action; its reply, and the items when the reply is a list.

        `timeout_s`: longest silence before the reply and between items; `patience`: how many
        times that is waited while at least other bytes arrive. Raises BadFieldError,
        ActionRefusedError, ActionTimeoutError, LinkDownError.
        """
        self._check_writable()
        request = _Request({"Action": name, **fields})
        future = self.manager.send_action(request)
        try:
            await self._gather(request, timeout_s, patience)
        finally:
            self.responses.pop(request.id, None)
            future.cancel()
        if (error := future.exception()) is not None:
            raise error
        frames = [_frame(message) for message in request.responses]
        if frames[0].get("Response") == "Error":
            raise ActionRefusedError(name, frames[0].get("Message", "refused without a reason"))
        return frames

    async def _gather(self, request: _Request, timeout_s: float, patience: int) -> None:
        late = 0
        while late < patience:
            items, reads = len(request.responses), self.reads
            await asyncio.wait({request.future}, timeout=timeout_s)
            if request.future.done():
                return
            if len(request.responses) == items:
                late = late + 1 if self.reads > reads else patience
        raise ActionTimeoutError(f"{request.action}: no answer within {timeout_s:g} s")

    def _check_writable(self) -> None:
        if self.ended.done():
            raise LinkDownError(self.ended.result())
        if self.transport.get_write_buffer_size() > _MOST_UNSENT:
            raise LinkDownError("the PBX does not read what it is sent")


def _frame(message: Message) -> Frame:
    return {key: value for key, value in message.items() if key != "content"}
