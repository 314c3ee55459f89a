"""A SIP phone on a loopback address (asyncio, UDP): dials, rings, speaks and hears."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

from tests.lab.diary import Diary
from tests.lab.sip.call import AGENT, Call
from tests.lab.sip.digest import authorization
from tests.lab.sip.message import Message, branch, tag, token
from tests.lab.sip.rtp import Address
from tests.lab.sip.sound import Ear, tone


@dataclass(kw_only=True)
class Identity:
    """Who a phone is: `name` in the diary, `user` in SIP, its address, tone and password."""

    name: str
    user: str
    ip: str
    port: int
    hertz: int
    password: str = ""


@dataclass(eq=False)
class Phone(asyncio.DatagramProtocol):
    """One phone. Incoming calls wait in `incoming`; nothing rings by itself."""

    identity: Identity
    pbx: Address
    diary: Diary
    ear: Ear
    calls: dict[str, Call] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.name, self.user = self.identity.name, self.identity.user
        self.ip, self.port = self.identity.ip, self.identity.port
        self.voice = tone(self.identity.hertz)
        self._incoming: asyncio.Queue[Call] = asyncio.Queue()
        self._pending: dict[tuple[str, str], tuple[asyncio.Future[Message], Call]] = {}
        self._said: dict[tuple[str, str], str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Binds the phone's address."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=(self.ip, self.port)
        )
        self.port = self._transport.get_extra_info("sockname")[1]

    async def close(self) -> None:
        """Hangs up without a word and closes the sockets."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for call in self.calls.values():
            call.finish()
        self._transport.close()

    async def incoming(self, patience: float = 30) -> Call:
        """The next call that comes in."""
        return await asyncio.wait_for(self._incoming.get(), patience)

    async def dial(self, number: str, shown: str = "", title: str = "", headers: str = "") -> Call:
        """Calls `number`; `shown` is the caller's number, `title` its display name.

        `shown` "anonymous" withholds the number. `headers`: lines of the INVITE, each with its
        CRLF. The answer: `call.until_up()`.
        """
        call = Call(self)
        await call.open_sound()
        host, port = self.pbx
        called, display = f"sip:{number}@{host}:{port}", f'"{title}" ' if title else ""
        domain = "anonymous.invalid" if shown == "anonymous" else self.ip
        call.local = f"{display}<sip:{shown or self.user}@{domain}>"
        call.remote, call.target = f"<{called}>", called
        self.calls[call.id] = call
        call.note("invite_out", to=number, shown=shown or self.user, title=title)
        task = asyncio.create_task(self._invite(call, headers))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return call

    async def register(self, seconds: int = 300) -> int:
        """REGISTER (0 = unregister) with the password when asked; returns the status."""
        call, (host, port) = Call(self), self.pbx
        call.local = call.remote = f"<sip:{self.user}@{host}>"
        call.target = f"sip:{host}:{port}"
        expires = f"Expires: {seconds}\r\n"
        answer = await call.request("REGISTER", expires)
        if answer.code == 401:
            call.remote_tag = ""
            proof = authorization(
                answer, "REGISTER", call.target, self.user, self.identity.password
            )
            answer = await call.request("REGISTER", expires + proof)
        return answer.code

    # -- machinery shared with Call

    def send(self, text: str) -> None:
        """One datagram to the PBX."""
        self._transport.sendto(text.encode(), self.pbx)

    def respond(  # noqa: PLR0917 - a status line and what may follow it
        self,
        request: Message,
        code: int,
        reason: str,
        own_tag: str,
        body: str = "",
        extra: str = "",
    ) -> None:
        """Answers a request; a repetition of it gets the same answer again."""
        vias = "".join(f"Via: {via}\r\n" for via in request.all("via"))
        to = request.get("to")
        if code != 100 and not tag(to):
            to += f";tag={own_tag}"
        kind = "Content-Type: application/sdp\r\n" if body else ""
        contact = (
            "" if "Contact:" in extra else f"Contact: <sip:{self.user}@{self.ip}:{self.port}>\r\n"
        )
        text = (
            f"SIP/2.0 {code} {reason}\r\n{vias}From: {request.get('from')}\r\nTo: {to}\r\n"
            f"Call-ID: {request.get('call-id')}\r\nCSeq: {request.get('cseq')}\r\n{contact}{AGENT}"
            f"{extra}{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )
        self._said[request.transaction] = text
        self.send(text)

    async def transact(
        self, call: Call, transaction: tuple[str, str], text: str, patience: float
    ) -> Message:
        """Sends a request and waits for its final response."""
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._pending[transaction] = (answer, call)
        self.send(text)
        try:
            return await asyncio.wait_for(answer, patience)
        finally:
            del self._pending[transaction]

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Whatever the PBX sends."""
        if len(data) < 20:  # a keep-alive
            return
        message = Message.parse(data)
        if message.is_request:
            self._request(message)
        else:
            self._response(message)

    def _response(self, message: Message) -> None:
        found = self._pending.get(message.transaction)
        if found is None:
            call = self.calls.get(message.get("call-id"))
            if call is not None and message.method == "INVITE" and 200 <= message.code < 300:
                call.acknowledge(message)  # it did not hear our ACK
            return
        answer, call = found
        call.learn(message)
        if message.code < 200:
            call.provisional(message)
        elif not answer.done():
            if message.method == "INVITE" and message.code >= 300:
                self._acknowledge_refusal(call, message)
            answer.set_result(message)

    def _acknowledge_refusal(self, call: Call, message: Message) -> None:
        sequence = int(message.get("cseq").split()[0])
        head = call.headers("ACK", message.transaction[0], sequence)
        self.send(f"ACK {call.request_uri} SIP/2.0\r\n{head}Content-Length: 0\r\n\r\n")

    def _request(self, message: Message) -> None:
        if message.method == "ACK":
            return
        if message.transaction in self._said:
            self.send(self._said[message.transaction])
            return
        call = self.calls.get(message.get("call-id"))
        if message.method != "INVITE":
            self.respond(message, 200, "OK", call.local_tag if call else token(8))
        if call is not None:
            call.request_in(message)
        elif message.method == "INVITE":
            self._ring(message)

    def _ring(self, message: Message) -> None:
        call = Call(self)
        call.invited(message)
        self.calls[call.id] = call
        self.respond(message, 100, "Trying", call.local_tag)
        self._incoming.put_nowait(call)

    async def _invite(self, call: Call, headers: str) -> None:
        with suppress(TimeoutError):
            answer = await self._try_invite(call, headers)
            if answer.code in (401, 407) and self.identity.password:
                call.remote_tag = ""
                proof = authorization(
                    answer, "INVITE", call.request_uri, self.user, self.identity.password
                )
                answer = await self._try_invite(call, headers + proof)
            call.confirmed(answer)
            return
        call.note("invite_unanswered")
        call.finish()

    async def _try_invite(self, call: Call, extra: str) -> Message:
        call.sequence += 1
        call.state = "calling"
        call.invite_branch, call.invite_sequence = branch(), call.sequence
        body = call.sdp()
        head = call.headers("INVITE", call.invite_branch, call.sequence) + extra
        text = (
            f"INVITE {call.request_uri} SIP/2.0\r\n{head}Content-Type: application/sdp\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )
        return await self.transact(call, (call.invite_branch, "INVITE"), text, 90)
