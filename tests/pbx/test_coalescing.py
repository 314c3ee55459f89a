"""When a socket is read: at once after a silence, then in pauses, in a burst without any."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from calltrackd.pbx.coalescing import BURST_BYTES, Coalescing


class Transport(asyncio.Transport):
    """Tells what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.reading = True
        self.closing = False
        self.resumed = asyncio.Event()
        self.socket = socket.socket()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.socket if name == "socket" else default

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True
        self.resumed.set()


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    """One that reads."""
    one = Transport()
    yield one
    one.socket.close()


async def test_after_a_read_the_kernel_gathers_for_a_moment(transport: Transport) -> None:
    """The pause begins at once and ends by itself."""
    Coalescing(transport).read(500)
    assert not transport.reading
    async with asyncio.timeout(5):
        await transport.resumed.wait()
    assert transport.reading


async def test_burst_is_read_on(transport: Transport) -> None:
    """What the kernel may not be able to hold does not wait."""
    Coalescing(transport).read(BURST_BYTES)
    assert transport.reading


async def test_connection_that_ends_in_a_pause_is_left_alone(
    transport: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    """Its socket is closed by then: neither acknowledged nor read, and nobody is alarmed."""
    Coalescing(transport).read(500)
    transport.closing = True
    transport.socket.close()
    await asyncio.sleep(0.1)
    assert not transport.resumed.is_set()
    assert caplog.records == []
