"""The local port, over real sockets."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import aiohttp
import pytest

from calltrackd.model.call import CallRecord, public
from calltrackd.ops.metrics import Metrics
from calltrackd.web.app import MOST_WATCHERS, ListenError, Sight, application, listening
from calltrackd.web.live import LiveBus, Seat


def call(name: str, **fields: Any) -> CallRecord:
    """A record of which only the id matters."""
    return CallRecord(id=name, pbx="hq", direction="inbound", started_at=0.0, **fields)


class WatchedBus(LiveBus):
    """Tells when a seat was given back."""

    def __init__(self) -> None:
        super().__init__()
        self.left = asyncio.Event()

    @contextmanager
    def seat(self) -> Iterator[Seat]:
        with super().seat() as seat:
            yield seat
        self.left.set()


class House:
    """A daemon as the port sees it."""

    def __init__(self) -> None:
        self.bus = WatchedBus()
        self.open = [call("open-1")]
        self.missing: list[str] = []
        self.troubles: list[str] = []
        self.url = ""

    async def reasons(self) -> list[str]:
        return self.missing

    def sight(self) -> Sight:
        reasons, troubles = self.reasons, lambda: self.troubles
        return Sight("1.2.3", Metrics("1.2.3"), self.bus, lambda: self.open, reasons, troubles)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """A served daemon, with a heartbeat quick enough to be seen."""
    house = House()
    app = application(house.sight(), ["pbx.example"], heartbeat_s=0.05)
    async with listening(app, "127.0.0.1", 0) as port:
        house.url = f"http://127.0.0.1:{port}"
        yield house


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that gives up after five seconds."""
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield session


async def events(
    response: aiohttp.ClientResponse, wanted: int, kind: str | None = None
) -> list[tuple[str, Any]]:
    """The next events of the stream, all or those of one kind."""
    found: list[tuple[str, Any]] = []
    name = ""
    async for raw in response.content:
        key, _, value = raw.decode().rstrip("\n").partition(": ")
        if key == "event":
            name = value
        elif key == "data" and kind in (None, name):
            found.append((name, json.loads(value)))
            if len(found) == wanted:
                break
    return found


async def test_healthz_tells_that_the_process_serves(
    house: House, http: aiohttp.ClientSession
) -> None:
    """Alive even when nothing is ready."""
    house.missing = ["hq: no link"]
    async with http.get(f"{house.url}/healthz") as response:
        assert response.status == 200
        assert await response.json() == {"status": "alive", "version": "1.2.3"}


async def test_readyz_answers_503_with_the_reasons(
    house: House, http: aiohttp.ClientSession
) -> None:
    """Not ready says why, ready says so."""
    async with http.get(f"{house.url}/readyz") as response:
        assert (response.status, await response.json()) == (
            200,
            {"status": "ready", "reasons": [], "troubles": []},
        )
    house.missing = ["hq: no link since 12:00"]
    async with http.get(f"{house.url}/readyz") as response:
        assert response.status == 503
        assert (await response.json())["reasons"] == ["hq: no link since 12:00"]


async def test_a_target_that_refuses_us_is_told_and_no_reason_to_be_unready(
    house: House, http: aiohttp.ClientSession
) -> None:
    """Calls are followed all the same: a restart would not help."""
    house.troubles = ["crm: https://crm.example answered 401"]
    async with http.get(f"{house.url}/readyz") as response:
        assert response.status == 200
        assert (await response.json())["troubles"] == ["crm: https://crm.example answered 401"]


async def test_metrics_are_prometheus_text(house: House, http: aiohttp.ClientSession) -> None:
    """The page has the content type that a scraper expects."""
    async with http.get(f"{house.url}/metrics") as response:
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert 'calltrackd_build_info{version="1.2.3"} 1.0' in await response.text()


async def test_open_calls_are_public_records(house: House, http: aiohttp.ClientSession) -> None:
    """/v1/calls/open gives the calls in progress in RECORD.md's names."""
    async with http.get(f"{house.url}/v1/calls/open") as response:
        assert await response.json() == [public(house.open[0])]


async def test_live_stream_begins_with_links_and_open_calls_then_follows(
    house: House, http: aiohttp.ClientSession
) -> None:
    """A watcher first learns how things stand, then each change."""
    house.bus.link("hq", up=True, at=5.0)
    async with http.get(f"{house.url}/v1/live") as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        first = await events(response, 2)
        house.bus.publish(call("new"))
        house.bus.link("hq", up=False, at=9.5)
        later = await events(response, 1, "call")
    assert first == [
        ("links", [{"pbx": "hq", "up": True, "since": "1970-01-01T00:00:05.000Z"}]),
        ("call", public(house.open[0])),
    ]
    assert [data["id"] for _, data in later] == ["new"]


async def test_link_change_is_told_to_watchers(house: House, http: aiohttp.ClientSession) -> None:
    """A watcher sees when the daemon went blind, and since when."""
    async with http.get(f"{house.url}/v1/live") as response:
        await events(response, 2)
        house.bus.link("hq", up=False, at=9.5)
        (told,) = await events(response, 1)
    assert told == ("links", [{"pbx": "hq", "up": False, "since": "1970-01-01T00:00:09.500Z"}])


async def test_quiet_stream_shows_signs_of_life(house: House, http: aiohttp.ClientSession) -> None:
    """A comment line comes at each heartbeat, so a dead connection is noticed."""
    async with http.get(f"{house.url}/v1/live") as response:
        await events(response, 2)
        seen = [line async for line in _lines(response, 4)]
    assert b": alive\n" in seen


async def _lines(response: aiohttp.ClientResponse, count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield await response.content.readline()


async def test_watcher_that_leaves_gives_its_seat_back(
    house: House, http: aiohttp.ClientSession
) -> None:
    """After a watcher's connection broke its seat is free at the next heartbeat."""
    async with http.get(f"{house.url}/v1/live") as response:
        await events(response, 2)
        assert house.bus.watchers == 1
    async with asyncio.timeout(5):
        await house.bus.left.wait()
    assert house.bus.watchers == 0


async def test_too_many_watchers_are_refused(house: House, http: aiohttp.ClientSession) -> None:
    """Watchers can't eat the daemon."""
    with ExitStack() as seats:
        for _ in range(MOST_WATCHERS):
            seats.enter_context(house.bus.seat())
        async with http.get(f"{house.url}/v1/live") as response:
            assert response.status == 503


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:9147", 200),
        ("LOCALHOST", 200),
        ("[::1]:9147", 200),
        ("10.0.0.7:9147", 200),
        ("pbx.example:9147", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example:9147", 421),
        ("localhost.evil.example", 421),
    ],
)
async def test_strangers_name_is_refused(
    house: House, http: aiohttp.ClientSession, host: str, status: int
) -> None:
    """DNS rebinding: a page of a stranger can't have the admin's browser read the calls."""
    async with http.get(f"{house.url}/v1/calls/open", headers={"Host": host}) as response:
        assert response.status == status


async def test_stop_ends_open_streams_at_once() -> None:
    """A watcher does not hold up the daemon's end."""
    house = House()
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        async with listening(application(house.sight()), "127.0.0.1", 0) as port:
            response = await http.get(f"http://127.0.0.1:{port}/v1/live")
            await events(response, 2)
            started = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - started < 1
        assert await response.content.read() is not None
        response.close()


async def test_taken_port_is_a_clear_error() -> None:
    """The error names address, reason and the setting to change."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ListenError, match=rf"127\.0\.0\.1:{port}.*\[web\]"):
            async with listening(application(House().sight()), "127.0.0.1", port):
                pass
