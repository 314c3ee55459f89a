"""One port on which PBXs bring the audio that was asked for; who was not asked is sent away."""

import asyncio
import socket
import time
from collections.abc import Callable
from uuid import UUID, uuid4

import structlog

from calltrackd.speech.audiosocket import Audio, AudioSocketCodec, Identity, ProtocolError
from calltrackd.speech.sound import Sound

UNKNOWN_S = 3.0
"""A connection that has not named itself by then is closed."""
MOST_UNKNOWN = 64
"""Connections that may be about to name themselves at once."""

_log = structlog.get_logger(__name__)


class Tap:
    """Audio that was asked for under a UUID. `close` ends it on both sides."""

    def __init__(self, forget: Callable[[UUID], None]) -> None:
        self.uuid = uuid4()
        self.sound = Sound()
        self.come = asyncio.Event()
        """The PBX has connected."""
        self._forget = forget
        self._transport: asyncio.BaseTransport | None = None

    def connected(self, transport: asyncio.BaseTransport) -> None:
        """Its connection."""
        self._transport = transport
        self.come.set()

    def close(self) -> None:
        """No more of it is wanted."""
        self._forget(self.uuid)
        self.sound.end()
        if self._transport is not None:
            self._transport.close()


class TapServer:
    """`await start()`, then `tap()` for each channel to be heard."""

    def __init__(self) -> None:
        self._taps: dict[UUID, Tap] = {}
        self._unknown: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self._told = ""
        self.refused = 0
        """Connections that were sent away."""

    async def start(self, host: str, port: int) -> int:
        """Listen; the port, which 0 leaves to the system. OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), host, port)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Take nothing more, and end what there is."""
        if self._server is not None:
            self._server.close()
        for one in list(self._unknown):
            one.close()
        for tap in list(self._taps.values()):
            tap.close()

    def tap(self) -> Tap:
        """What will come under a UUID of its own."""
        tap = Tap(self._forget)
        self._taps[tap.uuid] = tap
        return tap

    def _forget(self, uuid: UUID) -> None:
        self._taps.pop(uuid, None)

    # -- what a connection asks

    def arrived(self, connection: "_Connection") -> bool:
        """Whether one more may wait to name itself."""
        if len(self._unknown) >= MOST_UNKNOWN:
            self.refuse("too many that don't name themselves")
            return False
        self._unknown.add(connection)
        return True

    def named(self, connection: "_Connection", uuid: UUID) -> Tap | None:
        """The tap that it brings, each only once."""
        self._unknown.discard(connection)
        tap = self._taps.get(uuid)
        if tap is None or tap.come.is_set():
            self.refuse("nobody asked for that UUID")
            return None
        return tap

    def left(self, connection: "_Connection") -> None:
        """It is closed."""
        self._unknown.discard(connection)

    def refuse(self, reason: str) -> None:
        """Count it; a new reason is told."""
        self.refused += 1
        if reason != self._told:
            _log.warning("tap.refused", reason=reason)
        self._told = reason


class _Connection(asyncio.Protocol):
    """One connection of a PBX."""

    def __init__(self, server: TapServer) -> None:
        self._server = server
        self._codec = AudioSocketCodec()
        self._tap: Tap | None = None
        self._transport: asyncio.BaseTransport | None = None
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        if not self._server.arrived(self):
            transport.close()
            return
        wire = transport.get_extra_info("socket")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(UNKNOWN_S, self._too_late)

    def data_received(self, data: bytes) -> None:
        try:
            for message in self._codec.feed(data):
                match message:
                    case Identity(uuid):
                        self._name(uuid)
                    case Audio(rate, pcm) if self._tap is not None:
                        self._tap.sound.put(rate, pcm, time.time())
                    case _:
                        self.close()
        except ProtocolError as error:
            self._server.refuse(str(error))
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._calm()
        self._server.left(self)
        if self._tap is not None:
            self._tap.close()

    def close(self) -> None:
        """Send it away."""
        if self._transport is not None:
            self._transport.close()

    def _name(self, uuid: UUID) -> None:
        self._calm()
        self._tap = self._server.named(self, uuid)
        if self._tap is None or self._transport is None:
            self.close()
        else:
            self._tap.connected(self._transport)

    def _too_late(self) -> None:
        self._server.refuse("it does not name itself")
        self.close()

    def _calm(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
