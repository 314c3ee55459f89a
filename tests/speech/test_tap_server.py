"""The port for taps takes what was asked for, once, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from calltrackd.speech import tap_server
from calltrackd.speech.tap_server import TapServer

PCM = b"\x01\x00" * 160


def message(kind: int, body: bytes = b"") -> bytes:
    """As it goes over the wire."""
    return bytes([kind]) + len(body).to_bytes(2, "big") + body


class Pbx:
    """Connects as Asterisk does."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def connect(self, first: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection that said this."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(first)
        return reader, writer

    async def name(self, uuid: UUID) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection of this UUID."""
        return await self.connect(message(0x01, uuid.bytes))

    async def is_sent_away(self, first: bytes) -> bool:
        """Whether such a connection is closed at once."""
        reader, writer = await self.connect(first)
        async with asyncio.timeout(5):
            try:
                return await reader.read() == b""
            except ConnectionResetError:
                return True
            finally:
                writer.close()


@pytest.fixture
async def server() -> AsyncIterator[TapServer]:
    """A server, not yet started."""
    one = TapServer()
    yield one
    await one.stop()


@pytest.fixture
async def pbx(server: TapServer) -> Pbx:
    """A PBX that knows its port."""
    return Pbx(await server.start("127.0.0.1", 0))


async def test_brings_what_was_asked_for(server: TapServer, pbx: Pbx) -> None:
    """The samples of a tap, until the PBX closes the connection."""
    tap = server.tap()
    _, writer = await pbx.name(tap.uuid)
    writer.write(message(0x10, PCM) * 5)
    async with asyncio.timeout(5):
        await tap.come.wait()
        piece = await tap.sound.take(0.1)
        assert piece is not None
        assert (piece.rate, piece.pcm) == (8_000, PCM * 5)
        writer.close()
        assert await tap.sound.take(0.1) is None


@pytest.mark.parametrize("first", [message(0x01, UUID(int=1).bytes), b"GET / HTTP/1.1\r\n\r\n"])
async def test_stranger_is_sent_away(server: TapServer, pbx: Pbx, first: bytes) -> None:
    """A UUID that nobody asked for, and what is no AudioSocket: closed and counted."""
    assert await pbx.is_sent_away(first)
    assert server.refused == 1


async def test_uuid_holds_once(server: TapServer, pbx: Pbx) -> None:
    """Who comes second with the same UUID is sent away; the first goes on."""
    tap = server.tap()
    _, writer = await pbx.name(tap.uuid)
    async with asyncio.timeout(5):
        await tap.come.wait()
    assert await pbx.is_sent_away(message(0x01, tap.uuid.bytes))
    assert not tap.sound.ended
    writer.close()


async def test_silent_stranger_is_not_kept(
    server: TapServer, pbx: Pbx, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who connects and does not name itself is closed after a while."""
    monkeypatch.setattr(tap_server, "UNKNOWN_S", 0.01)
    assert await pbx.is_sent_away(b"\x01")
    assert server.refused == 1


async def test_no_more_strangers_than_bound(
    server: TapServer, pbx: Pbx, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While too many are about to name themselves, one more is sent away."""
    monkeypatch.setattr(tap_server, "MOST_UNKNOWN", 0)
    assert await pbx.is_sent_away(b"")


async def test_closed_tap_hangs_up(server: TapServer, pbx: Pbx) -> None:
    """When its call is over the connection is closed from here; its UUID holds no more."""
    tap = server.tap()
    reader, writer = await pbx.name(tap.uuid)
    async with asyncio.timeout(5):
        await tap.come.wait()
        tap.close()
        assert await reader.read() == b""
        assert await tap.sound.take(0.1) is None
    assert await pbx.is_sent_away(message(0x01, tap.uuid.bytes))
    writer.close()
