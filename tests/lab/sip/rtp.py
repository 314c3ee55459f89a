"""One RTP stream (RFC 3550): 20 ms of A-law a packet, keys as RFC 4733 events, and an ear."""

import asyncio
import secrets
import struct
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.lab.sip.sound import PACKET, SILENCE, Ear

KEYS = "0123456789*#ABCD"
PCMA = 8
TICK = 0.02
PAUSE_HEARD = 0.9  # a shorter silence (a key press takes 0.3 s) does not end a stretch
CONFIRMED = 3  # packets in a row before a tone counts: speech and music hit a tone by chance
REPEATED_END = 3  # RFC 4733, 2.5.1.4: the last packet of an event is sent three times

Address = tuple[str, int]


@dataclass
class Stretch:
    """A time during which one other phone was heard. Unix seconds."""

    who: str
    start: float
    end: float
    packets: int = 1


class Hearing:
    """Collects stretches from packets."""

    def __init__(self, ear: Ear) -> None:
        self._ear = ear
        self.stretches: list[Stretch] = []
        self.foreign = 0
        """Packets with a sound that is no phone's: speech, music, a beep."""
        self._open: dict[str, Stretch] = {}

    def packet(self, at: float, payload: bytes) -> None:
        """One received packet of sound."""
        speakers, foreign = self._ear.listen(payload)
        self.foreign += foreign
        for who in speakers:
            last = self._open.get(who)
            if last is not None and at - last.end < self._patience(last):
                last.end, last.packets = at, last.packets + 1
                if last.packets == CONFIRMED:
                    self.stretches.append(last)
            else:
                self._open[who] = Stretch(who, at - TICK, at)

    @staticmethod
    def _patience(stretch: Stretch) -> float:
        return PAUSE_HEARD if stretch.packets >= CONFIRMED else 3 * TICK


class RtpStream(asyncio.DatagramProtocol):
    """Media of one call. Sends from `start` on to `target`, hears from the first packet."""

    def __init__(self, voice: bytes, ear: Ear, on_key: Callable[[str], None]) -> None:
        self.voice = voice
        self.hearing = Hearing(ear)
        self.target: Address | None = None
        self.key_type = 101
        self.muted = False
        self.received = 0
        self._on_key = on_key
        self._speech: deque[bytes] = deque()
        self._keys: deque[tuple[str, int, asyncio.Future[float]]] = deque()
        self._last_event: bytes | None = None
        self._task: asyncio.Task[None] | None = None
        self._sequence = secrets.randbelow(60_000)
        self._stamp = secrets.randbits(30)
        self._source = secrets.randbits(32)

    async def open(self, ip: str) -> int:
        """Binds a free port of `ip`; returns it."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(ip, 0))
        return int(self._transport.get_extra_info("sockname")[1])

    def start(self) -> None:
        """Begins to send; further calls do nothing."""
        if self._task is None:
            self._task = asyncio.create_task(self._pump())

    def close(self) -> None:
        """Stops sending and hearing."""
        if self._task is not None:
            self._task.cancel()
        self._transport.close()

    def press(self, key: str, milliseconds: int) -> "asyncio.Future[float]":
        """Queues a key press; the future gives the unix second at which it went down."""
        down: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._keys.append((key, milliseconds, down))
        return down

    def say(self, speech: bytes) -> float:
        """Says A-law speech once, in place of the voice; the unix second at which it begins."""
        packets = [speech[at : at + PACKET] for at in range(0, len(speech), PACKET)]
        at = time.time() + len(self._speech) * TICK
        self._speech.extend(packet.ljust(PACKET, SILENCE[:1]) for packet in packets)
        return at

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """A packet of the other side."""
        kind = data[1] & 0x7F
        if kind == PCMA:
            self.received += 1
            self.hearing.packet(time.time(), data[12:])
        elif kind == self.key_type and data[4:8] != self._last_event:
            self._last_event = data[4:8]
            self._on_key(KEYS[data[12]] if data[12] < len(KEYS) else "?")

    async def _pump(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        for payload_type, marker, payload, moved in self._packets():
            if self.target is not None and payload:
                self._send(payload_type, marker, payload)
            self._stamp = self._stamp + moved & 0xFFFFFFFF
            due += TICK
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _packets(self) -> Iterator[tuple[int, bool, bytes, int]]:
        """(payload type, marker, payload, samples by which the timestamp moves on) every 20 ms."""
        while True:
            if self._keys and self.target is not None:
                yield from self._key(*self._keys.popleft())
            else:
                said = self._speech.popleft() if self._speech else self.voice
                yield PCMA, False, b"" if self.muted else said, PACKET

    def _key(
        self, key: str, milliseconds: int, down: "asyncio.Future[float]"
    ) -> Iterator[tuple[int, bool, bytes, int]]:
        down.set_result(time.time())
        event, ticks = KEYS.index(key), max(1, milliseconds // 20)
        for tick in range(ticks + REPEATED_END):
            over = 0x80 if tick >= ticks else 0
            duration = min(tick + 1, ticks) * PACKET
            yield self.key_type, tick == 0, struct.pack("!BBH", event, over | 10, duration), 0
        self._stamp = self._stamp + (ticks + REPEATED_END) * PACKET & 0xFFFFFFFF
        for _ in range(5):
            yield PCMA, False, SILENCE, PACKET

    def _send(self, payload_type: int, marker: bool, payload: bytes) -> None:
        self._sequence = self._sequence + 1 & 0xFFFF
        second = (0x80 if marker else 0) | payload_type
        head = struct.pack("!BBHII", 0x80, second, self._sequence, self._stamp, self._source)
        self._transport.sendto(head + payload, self.target)
