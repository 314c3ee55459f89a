"""Calls in progress as a watcher sees them."""

import asyncio

import pytest

from calltrackd.daemon.sight import OpenCalls
from calltrackd.model.call import CallRecord, Leg
from calltrackd.web.live import LiveBus
from tests.crm.conftest import until
from tests.daemon.heard import log


def record(call: str, **fields: object) -> CallRecord:
    """A call, as short as a test's point."""
    return CallRecord(id=call, pbx="hq", direction="inbound", started_at=1.0, **fields)  # type: ignore[arg-type]


def test_open_call_is_the_trackers_with_the_stores_words() -> None:
    """Legs as they are now; version, tags and source as committed."""
    live = record("a", legs=[Leg("101", rang_at=2.0)])
    sight = OpenCalls(lambda: [live, record("b")], LiveBus())
    sight.committed(record("a", version=3, kind=["first"]))
    (seen,) = sight()
    assert (seen.version, seen.kind, seen.legs[0].operator) == (3, ["first"], "101")


def test_what_is_over_is_forgotten() -> None:
    """An ended call, and every call of a PBX that left the settings."""
    sight = OpenCalls(lambda: [record("a"), record("b")], LiveBus())
    for call in ("a", "b"):
        sight.known(record(call))
    sight.committed(record("a", ended_at=9.0))
    assert [seen.id for seen in sight()] == ["b"]
    sight.parted("hq")
    assert sight() == []
    assert (sight._committed, sight._shown) == ({}, {})


def test_what_the_store_knew_never_hides_what_was_committed_since() -> None:
    """A version of before the restart comes second to a newer one."""
    sight = OpenCalls(lambda: [record("a")], LiveBus())
    sight.committed(record("a", version=5))
    sight.known(record("a", version=4))
    assert sight()[0].version == 5


async def test_watcher_hears_only_of_what_moves() -> None:
    """The same look is not published twice."""
    legs: list[Leg] = []
    bus = LiveBus()
    sight = OpenCalls(lambda: [record("a", legs=legs)], bus)
    sight.committed(record("a"))
    with bus.seat() as seat:
        sight._refresh()
        assert len((await seat.take(0)).records) == 1  # type: ignore[union-attr]
        sight._refresh()
        assert (await seat.take(0)).records == []  # type: ignore[union-attr]
        legs.append(Leg("101"))
        sight._refresh()
        assert len((await seat.take(0)).records) == 1  # type: ignore[union-attr]


async def test_look_that_fails_is_told_once_and_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A record that can't be shown ends neither the stream nor the daemon."""
    monkeypatch.setattr("calltrackd.daemon.sight.REFRESH_S", 0.0)
    looks = 0

    def live() -> list[CallRecord]:
        nonlocal looks
        looks += 1
        raise ZeroDivisionError

    bus = LiveBus()
    with bus.seat(), log() as heard:
        watching = asyncio.create_task(OpenCalls(live, bus).run())
        await until(lambda: looks >= 3)
        watching.cancel()
    assert len(heard.of("sight.failed")) == 1
