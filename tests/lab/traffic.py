"""Many short calls without sound: a caller at the trunk's address and phones that answer by plan.

Phones of the lab (sip/phone.py) speak and hear, at the price of fifty packets a second each. Here a
call is thirteen datagrams, so one process makes hundreds a second and still knows of every call
what really happened. Each call shows a number of its own, by which the phones know its plan.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

TRUNK_IP = "127.0.0.50"
RESEND_S = 0.5
MOST_SENT = 7
"""A request without any answer is given up after 3.5 s: the PBX is dead."""
PATIENCE_S = 6.0
"""Beyond the planned length of a call."""
_LINE = re.compile(r"^([A-Za-z-]+)\s*:\s*(.*)$")
_USER = re.compile(r"sip:([^@>;]*)@")
_TAG = re.compile(r";tag=([^;>\s]+)")
_URI = re.compile(r"<([^>]+)>")
Ender = Literal["caller", "operator"]


@dataclass(frozen=True)
class Plan:
    """What is meant to happen in one call; seconds.

    `phone`: who picks up (its SIP user), after ringing `ring`; None: nobody, the caller gives up
    after `ring`. `talk`: until `ender` hangs up. `other_phones` ring in vain.
    """

    did: str
    phone: str | None = None
    ring: float = 0.3
    talk: float = 2.0
    ender: Ender = "caller"


@dataclass
class Attempt:
    """What happened in one call. Moments are unix seconds; None: it did not happen."""

    number: str
    plan: Plan
    invited_at: float = 0.0
    rang_at: float | None = None
    picked_up_at: float | None = None
    """A phone answered and its answer was acknowledged by the PBX."""
    connected_at: float | None = None
    """The caller heard the PBX answer (a queue does so at once)."""
    ended_at: float | None = None
    ender: Literal["caller", "operator", "pbx", "nobody"] | None = None
    """`nobody`: the PBX did not answer any more."""
    code: int = 0
    """Final status of the caller's INVITE."""


@dataclass
class Packet:
    """A SIP message as far as traffic needs it."""

    first: str
    headers: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def parse(cls, data: bytes) -> "Packet":
        head = data.decode("utf-8", "replace").partition("\r\n\r\n")[0]
        first, *lines = head.split("\r\n")
        found = (_LINE.match(line) for line in lines)
        return cls(first, [(m[1].lower(), m[2]) for m in found if m])

    def get(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    @property
    def code(self) -> int:
        return int(self.first.split(" ", 2)[1]) if self.first.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        return self.first.split(" ", 1)[0] if not self.code else self.get("cseq").split()[1]

    @property
    def key(self) -> tuple[str, str]:
        """What a response is matched to its request by."""
        return self.get("call-id"), self.get("cseq")


class Endpoint(asyncio.DatagramProtocol):
    """A socket; requests are sent again until something answers."""

    def __init__(self, ip: str, port: int, pbx: tuple[str, int]) -> None:
        self.ip, self.port, self.pbx = ip, port, pbx
        self.sent: Counter[str] = Counter()
        self._unanswered: dict[tuple[str, str], asyncio.TimerHandle] = {}

    async def open(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport, _ = await self._loop.create_datagram_endpoint(
            lambda: self, local_addr=(self.ip, self.port)
        )

    def close(self) -> None:
        for timer in self._unanswered.values():
            timer.cancel()
        self._transport.close()

    def request(self, text: str, key: tuple[str, str]) -> None:
        """Send, and again until `answered(key)`; `given_up(call-id, cseq)` when never."""
        self._resend(text, key, 1)

    def _resend(self, text: str, key: tuple[str, str], times: int) -> None:
        self.say(text)
        if times < MOST_SENT:
            again = self._loop.call_later(RESEND_S, self._resend, text, key, times + 1)
        else:
            again = self._loop.call_later(RESEND_S, self._give_up, key)
        self._unanswered[key] = again

    def _give_up(self, key: tuple[str, str]) -> None:
        del self._unanswered[key]
        self.given_up(*key)

    def answered(self, key: tuple[str, str]) -> None:
        timer = self._unanswered.pop(key, None)
        if timer is not None:
            timer.cancel()

    def say(self, text: str) -> None:
        self.sent[text.split(" ", 1)[0]] += 1
        self._transport.sendto(text.encode(), self.pbx)

    def respond(self, packet: Packet, status: str, own_tag: str, *, sdp: bool = False) -> None:
        to = packet.get("to")
        to = to if _TAG.search(to) else f"{to};tag={own_tag}"
        vias = "".join(f"Via: {value}\r\n" for name, value in packet.headers if name == "via")
        self.say(
            f"SIP/2.0 {status}\r\n{vias}From: {packet.get('from')}\r\nTo: {to}\r\n"
            f"Call-ID: {packet.get('call-id')}\r\nCSeq: {packet.get('cseq')}\r\n"
            f"Contact: <sip:x@{self.ip}:{self.port}>\r\n{self.body() if sdp else EMPTY}"
        )

    def body(self) -> str:
        """An answer or offer of A-law at a port where nobody listens to sound."""
        sdp = (
            f"v=0\r\no=- 1 1 IN IP4 {self.ip}\r\ns=-\r\nc=IN IP4 {self.ip}\r\nt=0 0\r\n"
            "m=audio 9 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
        )
        return f"Content-Type: application/sdp\r\nContent-Length: {len(sdp)}\r\n\r\n{sdp}"

    def given_up(self, call_id: str, cseq: str) -> None:
        """A request that nobody answered."""

    def error_received(self, exc: Exception) -> None:
        """Nobody listens at the PBX's port: the resending notices."""


EMPTY = "Content-Length: 0\r\n\r\n"


class Caller(Endpoint):
    """All the clients, behind one trunk address."""

    def __init__(self, ip: str, port: int, pbx: tuple[str, int], tag: str) -> None:
        super().__init__(ip, port, pbx)
        self.alive: dict[str, Attempt] = {}
        self._remote: dict[str, tuple[str, str]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._limits: dict[str, asyncio.TimerHandle] = {}
        self._serial = count(1)
        self._tag = tag

    def close(self) -> None:
        for timer in (*self._timers.values(), *self._limits.values()):
            timer.cancel()
        super().close()

    def dial(self, attempt: Attempt) -> None:
        call_id = f"{self._tag}-{next(self._serial)}"
        attempt.invited_at = time.time()
        self.alive[call_id] = attempt
        uri = f"sip:{attempt.plan.did}@{self.pbx[0]}:{self.pbx[1]}"
        self._remote[call_id] = uri, f"<{uri}>"
        self._ask(call_id, "INVITE", 1, self.body())
        plan = attempt.plan
        if plan.phone is None:
            self._later(call_id, plan.ring)
        end = plan.ring + plan.talk + PATIENCE_S
        self._limits[call_id] = self._loop.call_later(end, self._lose_patience, call_id)

    def abandon(self, at: float) -> set[str]:
        """Nothing is heard any more of the calls that are alive; their numbers."""
        for timer in self._unanswered.values():
            timer.cancel()
        self._unanswered.clear()
        numbers = {attempt.number for attempt in self.alive.values()}
        for call_id, attempt in list(self.alive.items()):
            attempt.ender = "nobody"
            self._over(call_id)
            attempt.ended_at = at
        return numbers

    def _lose_patience(self, call_id: str) -> None:
        """It should be over long ago: hang up, and if even that is not heard, walk away."""
        if self.alive[call_id].ender is None:
            self.hang_up(call_id)
            self._limits[call_id] = self._loop.call_later(PATIENCE_S, self._lose_patience, call_id)
        else:
            self.alive[call_id].ender = "nobody"
            self._over(call_id)

    def hang_up(self, call_id: str) -> None:
        """BYE when the PBX has answered, else CANCEL."""
        attempt = self.alive.get(call_id)
        if attempt is None or attempt.ender:
            return
        attempt.ender = "caller"
        if attempt.connected_at is None:
            self._ask(call_id, "CANCEL", 1)
        else:
            self._ask(call_id, "BYE", 2)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        packet = Packet.parse(data)
        if packet.code:
            self._answer(packet)
        elif packet.method != "ACK":
            self.respond(packet, "200 OK", "c", sdp=packet.method == "INVITE")
            attempt = self.alive.get(packet.get("call-id"))
            if packet.method == "BYE" and attempt is not None:
                attempt.ender = attempt.ender or "operator"
                self._over(packet.get("call-id"))

    def _answer(self, packet: Packet) -> None:
        self.answered(packet.key)
        call_id = packet.get("call-id")
        attempt = self.alive.get(call_id)
        if packet.method == "INVITE" and packet.code >= 200:
            self._final(call_id, attempt, packet)
        elif attempt is None:
            return
        elif packet.method == "INVITE" and packet.code >= 180:
            attempt.rang_at = attempt.rang_at or time.time()
        elif packet.method == "BYE" and packet.code >= 200:
            self._over(call_id)

    def _final(self, call_id: str, attempt: Attempt | None, packet: Packet) -> None:
        contact = _URI.search(packet.get("contact"))
        if attempt is not None:
            uri = contact[1] if contact and packet.code < 300 else self._remote[call_id][0]
            self._remote[call_id] = uri, packet.get("to")
        self._acknowledge(call_id, packet, contact[1] if contact else "")
        if attempt is None or attempt.code:
            return
        attempt.code = packet.code
        if packet.code >= 300:
            attempt.ender = attempt.ender or "pbx"
            self._over(call_id)
            return
        attempt.connected_at = time.time()
        if attempt.ender:  # our CANCEL crossed the answer
            self._ask(call_id, "BYE", 2)
        elif attempt.plan.phone is not None and attempt.picked_up_at is not None:
            self.talking(call_id)

    def talking(self, call_id: str) -> None:
        """The phone picked up and the caller is connected: from here on the talk runs."""
        plan = self.alive[call_id].plan
        if plan.ender == "caller" and call_id not in self._timers:
            self._later(call_id, plan.talk)

    def picked_up(self, number: str) -> None:
        """A phone tells that it answered this caller."""
        for call_id, attempt in self.alive.items():
            if attempt.number == number and attempt.connected_at is not None:
                self.talking(call_id)
                return

    def given_up(self, call_id: str, cseq: str) -> None:
        attempt = self.alive.get(call_id)
        if attempt is not None:
            attempt.ender = "nobody"
            self._over(call_id)

    def _later(self, call_id: str, seconds: float) -> None:
        self._timers[call_id] = self._loop.call_later(seconds, self.hang_up, call_id)

    def _over(self, call_id: str) -> None:
        self.alive.pop(call_id).ended_at = time.time()
        del self._remote[call_id]
        for timers in (self._timers, self._limits):
            if call_id in timers:
                timers.pop(call_id).cancel()

    def _ask(self, call_id: str, method: str, cseq: int, body: str = EMPTY) -> None:
        uri, to = self._remote[call_id]
        self.request(
            self._lines(call_id, method, cseq, uri, to) + body, (call_id, f"{cseq} {method}")
        )

    def _acknowledge(self, call_id: str, packet: Packet, contact: str) -> None:
        uri = (
            contact
            if packet.code < 300 and contact
            else self._remote.get(call_id, ("sip:x", ""))[0]
        )
        refused = packet.code >= 300
        branch = "" if refused else "-ack"
        via = f"SIP/2.0/UDP {self.ip}:{self.port};branch=z9hG4bK{call_id}-1{branch}"
        self.say(
            f"ACK {uri} SIP/2.0\r\nVia: {via}\r\nMax-Forwards: 70\r\nFrom: {packet.get('from')}\r\n"
            f"To: {packet.get('to')}\r\nCall-ID: {call_id}\r\nCSeq: 1 ACK\r\n{EMPTY}"
        )

    def _lines(self, call_id: str, method: str, cseq: int, uri: str, to: str) -> str:
        number = self.alive[call_id].number
        return (
            f"{method} {uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self.ip}:{self.port};branch=z9hG4bK{call_id}-{cseq}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:{number}@{self.ip}>;tag=t{call_id}\r\nTo: {to}\r\n"
            f"Call-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n"
            f"Contact: <sip:{number}@{self.ip}:{self.port}>\r\n"
        )


class Answerer(Endpoint):
    """One phone: rings, and picks up those whose plan says so."""

    def __init__(
        self, user: str, ip: str, port: int, pbx: tuple[str, int], traffic: "Traffic"
    ) -> None:
        super().__init__(ip, port, pbx)
        self.user = user
        self._traffic = traffic
        self._calls: dict[str, tuple[Packet, Attempt | None]] = {}
        self._up: set[str] = set()
        self._said: dict[tuple[str, str], str] = {}

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        packet = Packet.parse(data)
        call_id = packet.get("call-id")
        if packet.code:
            self.answered(packet.key)
            if packet.method == "BYE":
                self._forget(call_id)
            return
        match packet.method:
            case "INVITE" if call_id not in self._calls:
                self._ring(call_id, packet)
            case "INVITE" if _TAG.search(packet.get("to")):
                self.respond(packet, "200 OK", self.user, sdp=True)
            case "ACK":
                self._acknowledged(call_id)
            case "CANCEL":
                self._cancelled(call_id, packet)
            case "BYE":
                self.respond(packet, "200 OK", self.user)
                self._forget(call_id)
            case "INVITE":
                pass  # sent again: our answer is on its way
            case _:
                self.respond(packet, "200 OK", self.user)

    def _ring(self, call_id: str, packet: Packet) -> None:
        shown = _USER.search(packet.get("from"))
        attempt = self._traffic.attempts.get(shown[1] if shown else "")
        self._calls[call_id] = packet, attempt
        self.respond(packet, "180 Ringing", self.user)
        if attempt is not None and attempt.plan.phone == self.user:
            self._loop.call_later(attempt.plan.ring, self._pick_up, call_id)

    def _pick_up(self, call_id: str, times: int = 1) -> None:
        """200, again until it is acknowledged."""
        if call_id not in self._calls or call_id in self._up or times > MOST_SENT:
            return
        self.respond(self._calls[call_id][0], "200 OK", self.user, sdp=True)
        self._loop.call_later(RESEND_S, self._pick_up, call_id, times + 1)

    def _acknowledged(self, call_id: str) -> None:
        packet, attempt = self._calls.get(call_id, (None, None))
        if packet is None or attempt is None or call_id in self._up:
            return
        self._up.add(call_id)
        attempt.picked_up_at = attempt.picked_up_at or time.time()
        self._traffic.caller.picked_up(attempt.number)
        if attempt.plan.ender == "operator":
            self._loop.call_later(attempt.plan.talk, self._hang_up, call_id)

    def _hang_up(self, call_id: str) -> None:
        if call_id not in self._up:
            return
        packet, _ = self._calls[call_id]
        contact = _URI.search(packet.get("contact"))
        to = packet.get("to")
        self.request(
            f"BYE {contact[1] if contact else 'sip:x'} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self.ip}:{self.port};branch=z9hG4bKo{call_id}\r\n"
            f"Max-Forwards: 70\r\nFrom: {to};tag={self.user}\r\nTo: {packet.get('from')}\r\n"
            f"Call-ID: {call_id}\r\nCSeq: 9 BYE\r\n{EMPTY}",
            (call_id, "9 BYE"),
        )

    def _cancelled(self, call_id: str, packet: Packet) -> None:
        self.respond(packet, "200 OK", self.user)
        invite, _ = self._calls.get(call_id, (None, None))
        if invite is not None and call_id not in self._up:
            self.respond(invite, "487 Request Terminated", self.user)
            self._forget(call_id)

    def _forget(self, call_id: str) -> None:
        self._calls.pop(call_id, None)
        self._up.discard(call_id)

    def given_up(self, call_id: str, cseq: str) -> None:
        self._forget(call_id)


class Traffic:
    """`async with Traffic(pbx_sip_port, phone_port, users)`; then `run`, then look at `attempts`.

    `phones`: SIP user -> address. `lines_port`: where the PBX listens to its lines, if elsewhere.
    `attempts`: caller's number -> what happened.
    """

    def __init__(
        self,
        sip_port: int,
        phone_port: int,
        phones: dict[str, str],
        trunk_ip: str = TRUNK_IP,
        lines_port: int | None = None,
    ) -> None:
        pbx, lines = ("127.0.0.1", sip_port), ("127.0.0.1", lines_port or sip_port)
        self.attempts: dict[str, Attempt] = {}
        self.caller = Caller(trunk_ip, phone_port, lines, f"{time.time_ns():x}")
        self._phones = [Answerer(user, ip, phone_port, pbx, self) for user, ip in phones.items()]
        self._numbers = count(79_160_000_001)
        self._stopped = asyncio.Event()

    async def __aenter__(self) -> "Traffic":
        for endpoint in (self.caller, *self._phones):
            await endpoint.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        for endpoint in (self.caller, *self._phones):
            endpoint.close()

    def stop(self) -> None:
        """`run` dials no more."""
        self._stopped.set()

    async def run(self, plans: Iterator[Plan], rate: float, seconds: float = 3600.0) -> None:
        """Dial `rate` calls a second for so long, or until `stop`; late ones are made up for."""
        began = time.monotonic()
        for place, plan in enumerate(plans):
            wait = began + place / rate - time.monotonic()
            if wait > 0:
                await self._pause(wait)
            if self._stopped.is_set() or time.monotonic() - began > seconds:
                return
            self.dial(plan)

    def dial(self, plan: Plan) -> Attempt:
        """One call now."""
        attempt = Attempt(str(next(self._numbers)), plan)
        self.attempts[attempt.number] = attempt
        self.caller.dial(attempt)
        return attempt

    def pbx_died(self, at: float) -> set[str]:
        """The PBX was killed: all calls ended then; their numbers."""
        return self.caller.abandon(at)

    async def settled(self, patience: float = 40.0) -> None:
        """Wait until no call is alive. TimeoutError."""
        async with asyncio.timeout(patience):
            while self.caller.alive:  # noqa: ASYNC110 - calls end in many ways, there is no one event
                await asyncio.sleep(0.05)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
        except TimeoutError:
            pass


def repeated(plans: Sequence[Plan]) -> Iterator[Plan]:
    """The plans in turn, for ever."""
    while True:
        yield from plans
