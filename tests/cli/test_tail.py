"""`calltrackd tail`, against a served live bus."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, aclosing, contextmanager

import pytest

from calltrackd.cli import feed
from calltrackd.cli.feed import Happening, follow
from calltrackd.model.call import CallRecord, public
from calltrackd.ops.metrics import Metrics
from calltrackd.web.app import Sight, application, listening
from calltrackd.web.live import LiveBus, Seat
from tests.cli.conftest import House
from tests.cli.records import call


class Daemon:
    """A daemon's local port, which can be started and stopped."""

    def __init__(self, room: int = 100) -> None:
        self.bus = LiveBus(room)
        self.open: list[CallRecord] = [call(1)]
        self.port = 0
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        async def reasons() -> list[str]:
            return []

        sight = Sight("1", Metrics("1"), self.bus, lambda: self.open, reasons)
        app = application(sight, heartbeat_s=0.05)
        self.port = await self._stack.enter_async_context(listening(app, "127.0.0.1", self.port))

    async def stop(self) -> None:
        await self._stack.aclose()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
async def daemon() -> AsyncIterator[Daemon]:
    """A daemon with one call in progress."""
    daemon = Daemon()
    await daemon.start()
    yield daemon
    await daemon.stop()


async def next_of(stream: AsyncIterator[Happening], kind: str) -> Happening:
    """The next happening of that kind; what comes between is passed over."""
    async with asyncio.timeout(10):
        async for happening in stream:
            if happening.kind == kind:
                return happening
    raise AssertionError(kind)


async def test_stream_tells_calls_in_progress_then_changes(daemon: Daemon) -> None:
    """First how things stand, then each change as the public record."""
    daemon.bus.link("hq", up=True, at=5.0)
    async with aclosing(follow(daemon.url)) as stream:
        assert (await anext(stream)).kind == "connected"
        links = await anext(stream)
        assert [link["pbx"] for link in links.data] == ["hq"]
        assert (await anext(stream)).data == public(call(1))
        daemon.bus.publish(call(2))
        assert (await next_of(stream, "call")).data == public(call(2))


async def test_daemon_that_stops_is_away_and_found_again(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a restart the calls in progress come anew."""
    monkeypatch.setattr(feed, "PAUSES_S", (0.01,))
    async with aclosing(follow(daemon.url)) as stream:
        await next_of(stream, "call")
        await daemon.stop()
        assert (await next_of(stream, "away")).data == "it has stopped"
        assert (await next_of(stream, "away")).data == "connection refused"
        daemon.bus = LiveBus()
        await daemon.start()
        assert (await next_of(stream, "connected")).kind == "connected"
        assert (await next_of(stream, "call")).data["id"] == call(1).id


async def test_silent_daemon_is_away(daemon: Daemon) -> None:
    """A connection without a sign of life is a dead one."""
    async with aclosing(follow(daemon.url, silence_s=0.01)) as stream:
        assert (await next_of(stream, "away")).data == "no sign of life"


async def test_watcher_that_missed_calls_asks_for_all_again() -> None:
    """After `behind` the stream is taken anew at once, and nothing is called away."""
    daemon = Daemon(room=1)
    real = daemon.bus.seat

    @contextmanager
    def crowded() -> Iterator[Seat]:
        with real() as seat:
            if not crowds:
                crowds.append(True)
                seat.offer(call(2))
                seat.offer(call(3))
            yield seat

    crowds: list[bool] = []
    daemon.bus.seat = crowded  # type: ignore[method-assign]
    await daemon.start()
    async with aclosing(follow(daemon.url)) as stream:
        kinds = [(await anext(stream)).kind for _ in range(7)]
    await daemon.stop()
    assert kinds == ["connected", "links", "call", "behind", "connected", "links", "call"]


async def test_json_lines_are_records_and_all_else_is_on_stderr(daemon: Daemon) -> None:
    """Lines of the public record on stdout; Ctrl-C ends it with exit code 0."""
    tail = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "calltrackd", "tail", "--json", "--url", daemon.url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert tail.stdout is not None
    assert tail.stderr is not None
    async with asyncio.timeout(20):
        assert json.loads(await tail.stdout.readline()) == public(call(1))
        daemon.bus.publish(call(2))
        assert json.loads(await tail.stdout.readline()) == public(call(2))
        tail.send_signal(signal.SIGINT)
        assert await tail.wait() == 0
        told = (await tail.stderr.read()).decode()
    assert told == f"calltrackd: following {daemon.url}\ncalltrackd: links: none\n"


def test_without_a_port_in_the_settings_the_url_must_be_given(house: House) -> None:
    """Port 0 is a free one that only the daemon knows."""
    house.config.write_text(house.config.read_text() + "\n[web]\nport = 0\n")
    result = house.run("tail")
    assert result.exit_code == 1
    assert "give --url" in result.stderr
