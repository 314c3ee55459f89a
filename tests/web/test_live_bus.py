"""The live bus."""

import asyncio

import pytest

from calltrackd.model.alert import Alert
from calltrackd.model.call import CallRecord
from calltrackd.web.live import Batch, LiveBus
from calltrackd.web.sse import news


def call(name: str, **fields: object) -> CallRecord:
    """A record of which only the id matters."""
    return CallRecord(id=name, pbx="hq", direction="inbound", started_at=0.0, **fields)  # type: ignore[arg-type]


async def test_watcher_gets_what_was_published_since_it_looked() -> None:
    """Each change comes once, in the order of the calls' first change."""
    bus = LiveBus()
    with bus.seat() as seat:
        bus.publish(call("a"))
        bus.publish(call("b"))
        batch = await seat.take(1)
        assert batch is not None
        assert [record.id for record in batch.records] == ["a", "b"]
        bus.publish(call("c"))
        batch = await seat.take(1)
        assert batch is not None
        assert [record.id for record in batch.records] == ["c"]


async def test_slow_watcher_sees_only_the_latest_state_of_a_call() -> None:
    """States that nobody fetched in time are replaced, not queued."""
    bus = LiveBus()
    with bus.seat() as seat:
        for version in (1, 2, 3):
            bus.publish(call("a", version=version))
        batch = await seat.take(1)
    assert batch is not None
    assert [(record.id, record.version) for record in batch.records] == [("a", 3)]
    assert batch.left_out == 0


async def test_full_seat_leaves_out_the_longest_waiting_call_and_says_so() -> None:
    """Memory for a watcher that sleeps is bounded; it is told what it missed, once."""
    bus = LiveBus(room=2)
    with bus.seat() as seat:
        for name in "abcd":
            bus.publish(call(name))
        batch = await seat.take(1)
        assert batch is not None
        assert [record.id for record in batch.records] == ["c", "d"]
        assert batch.left_out == 2
        bus.publish(call("e"))
        batch = await seat.take(1)
    assert batch is not None
    assert batch.left_out == 0


async def test_watcher_waits_for_news() -> None:
    """A watcher that came before the news is woken by it."""
    bus = LiveBus()
    with bus.seat() as seat:
        waiting = asyncio.ensure_future(seat.take(5))
        await asyncio.sleep(0)
        assert not waiting.done()
        bus.publish(call("a"))
        batch = await waiting
    assert batch is not None
    assert [record.id for record in batch.records] == ["a"]


async def test_nothing_new_gives_an_empty_batch_after_the_patience() -> None:
    """Then the stream sends its sign of life."""
    bus = LiveBus()
    with bus.seat() as seat:
        batch = await seat.take(0.001)
    assert batch is not None
    assert (batch.records, batch.links, batch.left_out) == ([], [], 0)


async def test_link_states_are_told_and_remembered() -> None:
    """A change of one attachment tells all of them; a later look finds them too."""
    bus = LiveBus()
    bus.link("hq", up=True, at=5.0)
    with bus.seat() as seat:
        bus.link("shop", up=False, at=7.0)
        batch = await seat.take(1)
    assert batch is not None
    assert [(link.pbx, link.up, link.since) for link in batch.links] == [
        ("hq", True, 5.0),
        ("shop", False, 7.0),
    ]
    bus.link_gone("hq")
    assert [link.pbx for link in bus.links] == ["shop"]


async def test_closed_bus_sends_watchers_home_with_their_last_news() -> None:
    """What was published before the end is still handed out, then None for ever."""
    bus = LiveBus()
    with bus.seat() as seat:
        bus.publish(call("a"))
        bus.close()
        batch = await seat.take(1)
        assert batch is not None
        assert [record.id for record in batch.records] == ["a"]
        assert await seat.take(1) is None
        assert await seat.take(1) is None


async def test_seat_is_given_back_even_after_an_error() -> None:
    """A watcher that fails costs the bus nothing afterwards."""
    bus = LiveBus()

    def watch() -> None:
        with bus.seat():
            assert bus.watchers == 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        watch()
    assert bus.watchers == 0


async def test_alerts_are_told_each_once() -> None:
    """An alert is an event, not a state: two of one call are two, and then they are gone."""
    bus = LiveBus()
    with bus.seat() as seat:
        for rule in ("refund", "long hold"):
            bus.alert(Alert(rule=rule, kind="phrase", call_id="a", at=0.0))
        batch = await seat.take(1)
        assert batch is not None
        assert [alert.rule for alert in batch.alerts] == ["refund", "long hold"]
        assert (await seat.take(0)).alerts == []  # type: ignore[union-attr]


async def test_alerts_of_a_slow_watcher_are_bounded() -> None:
    """The latest ones stay."""
    bus = LiveBus(room=2)
    with bus.seat() as seat:
        for n in range(5):
            bus.alert(Alert(rule=f"{n}", kind="phrase", call_id="a", at=0.0))
        batch = await seat.take(1)
        assert batch is not None
        assert [alert.rule for alert in batch.alerts] == ["3", "4"]


def test_alert_in_the_live_stream() -> None:
    """Named, with its time as the record's times are."""
    alert = Alert(rule="x", kind="hold", call_id="a", at=1.5, evidence={"seconds": 61.0})
    assert news(Batch([], [], 0, [alert])) == (
        b'event: alert\ndata: {"rule":"x","kind":"hold","call_id":"a",'
        b'"at":"1970-01-01T00:00:01.500Z","evidence":{"seconds":61.0}}\n\n'
    )
