"""The lane: order, memory, pauses, and what becomes of rows that fail."""

import asyncio
from collections import Counter

from msgspec.structs import replace

from calltrackd.crm.outcome import Blocked, Delivered, Failed, Gone, Refused
from calltrackd.crm.window import MOST_ROWS
from tests.crm.conftest import settle_down, until
from tests.crm.manual import START, a_row, a_start, a_target

DOWN = Failed(reason="cannot connect", scope="outage")
ERROR = Failed(reason="answered 500", scope="target", status=500)
BAD = Failed(reason="answered 422", scope="row", status=422)


async def test_offered_row_goes_out_at_once(start):
    """A committed row is handed to the sender without a look into the store or a timer."""
    stage = await start()
    reads = stage.ledger.reads
    stage.commit(a_row())
    await asyncio.sleep(0)
    assert stage.sender.versions("c1") == [1]
    assert stage.ledger.reads == reads


async def test_rows_of_before_the_start_are_sent(start):
    """What was owed when the daemon died is delivered after it starts, under the same id."""
    row = a_row()
    stage = await start(rows=[row])
    await until(lambda: stage.ledger.states()[row.id] == "sent")
    assert [one.id for one in stage.sender.sent["crm"]] == [row.id]


async def test_versions_of_a_call_are_never_at_once(start):
    """The second version waits for the answer to the first."""
    stage = await start()
    stage.sender.gate = asyncio.Event()
    stage.commit(a_row(version=1), a_row(version=2))
    await settle_down()
    assert stage.sender.versions("c1") == [1]
    stage.sender.gate.set()
    await until(lambda: stage.sender.versions("c1") == [1, 2])


async def test_different_calls_go_at_once_up_to_the_limit(start):
    """Calls are parallel, as many as the target allows."""
    stage = await start(a_target(concurrency=3))
    stage.sender.gate = asyncio.Event()
    stage.commit(*(a_row(f"c{n}") for n in range(10)))
    await settle_down()
    assert len(stage.sender.sent["crm"]) == 3
    stage.sender.gate.set()
    await until(lambda: len(stage.sender.sent["crm"]) == 10)
    assert stage.sender.most_at_once == 3


async def test_order_of_a_call_is_kept_while_its_row_fails(start):
    """Later versions wait until the failing one is taken; other calls do not."""
    failing = True
    stage = await start(script=lambda r: BAD if failing and r.call_id == "c1" else Delivered(200))
    stage.commit(a_row(version=1), a_row("c2"))
    await settle_down()
    stage.commit(a_row(version=2), a_row("c2", 2))
    await stage.pass_time(20)
    assert set(stage.sender.versions("c1")) == {1}
    assert stage.sender.versions("c2") == [1, 2]
    failing = False
    await stage.pass_time(60)
    assert stage.sender.versions("c1")[-2:] == [1, 2]


async def test_offers_during_a_look_into_the_store_are_neither_lost_nor_doubled(start):
    """A row committed while the store is being read goes out once."""
    stage = await start()
    stage.ledger.read_gate = asyncio.Event()
    await stage.pass_time(11)
    stage.commit(a_row("c1"), a_row("c1", 2), a_row("c2"))
    await settle_down()
    stage.ledger.read_gate.set()
    await until(lambda: set(stage.ledger.states().values()) == {"sent"})
    assert stage.sender.versions("c1") == [1, 2]
    assert stage.sender.versions("c2") == [1]


async def test_row_found_in_the_store_before_it_is_offered_goes_once(start):
    """A pipeline that is slow to offer does not double a row."""
    stage = await start()
    rows = stage.ledger.commit(a_row())
    await stage.pass_time(11)
    await until(lambda: stage.ledger.states()[rows[0].id] == "sent")
    stage.dispatcher.offer(rows)
    await settle_down()
    assert stage.sender.versions("c1") == [1]


async def test_flood_beyond_memory_is_left_to_the_store_and_delivered_in_order(start):
    """More rows than the window holds: all arrive, in order, and memory stays bounded."""
    stage = await start(a_target(concurrency=4))
    stage.sender.gate = asyncio.Event()
    calls = [f"c{n}" for n in range(900)]
    for version in (1, 2, 3):
        for call in calls:
            stage.commit(a_row(call, version))
            assert stage.dispatcher.status()[0].in_memory <= MOST_ROWS + 1
    stage.sender.gate.set()
    for _ in range(120):
        await stage.pass_time(1)
        if set(stage.ledger.states().values()) == {"sent"}:
            break
        await asyncio.sleep(0.025)
    assert Counter(stage.ledger.states().values()) == {"sent": 2700}
    assert len(stage.sender.sent["crm"]) == 2700
    assert all(stage.sender.versions(call) == [1, 2, 3] for call in calls)


async def test_dead_target_is_probed_by_one_row_at_a_time(start):
    """Ten thousand waiting rows of a target that is down cost one attempt a probe, no memory."""
    rows = [a_row(f"c{n}") for n in range(10_000)]
    stage = await start(rows=rows, script=lambda _: DOWN)
    await stage.pass_time(600)
    attempts = len(stage.sender.sent["crm"])
    assert 10 <= attempts <= 60
    assert stage.dispatcher.status()[0].in_memory <= 1
    assert set(stage.ledger.states().values()) == {"waiting"}


async def test_recovery_is_noticed_within_a_minute_after_days(start):
    """A target that was down for two days gets everything, in order, soon after it is back."""
    down = True
    stage = await start(script=lambda _: DOWN if down else Delivered(200))
    for n in range(5):
        stage.commit(a_row(f"c{n}", 1), a_row(f"c{n}", 2))
    await stage.pass_time(48 * 3600, step=120)
    down = False
    sent_before = len(stage.sender.sent["crm"])
    await stage.pass_time(70)
    await asyncio.sleep(0.05)
    await stage.pass_time(5)
    await until(lambda: set(stage.ledger.states().values()) == {"sent"})
    delivered = [(row.call_id, row.version) for row in stage.sender.sent["crm"][sent_before:]]
    assert sorted(delivered) == [(f"c{n}", version) for n in range(5) for version in (1, 2)]


async def test_trouble_with_one_call_does_not_pause_the_target(start):
    """A poison row that answers 500 again and again delays no other call."""
    stage = await start(script=lambda r: ERROR if r.call_id == "poison" else Delivered(200))
    stage.commit(a_row("poison"))
    for n in range(20):
        stage.commit(a_row(f"c{n}"))
        await stage.pass_time(30)
        assert stage.sender.versions(f"c{n}") == [1]
    assert stage.dispatcher.status()[0].state == "direct"


async def test_trouble_with_several_calls_pauses_the_target(start):
    """Three calls in a row that fail are the target's fault."""
    stage = await start(a_target(concurrency=1), script=lambda _: ERROR)
    stage.commit(*(a_row(f"c{n}") for n in range(50)))
    await settle_down()
    assert stage.dispatcher.status()[0].state == "open"
    assert len(stage.sender.sent["crm"]) == 3


async def test_retry_after_of_an_overloaded_target_pauses_all_its_calls(start):
    """While the target asks for silence nothing is sent to it, then all goes on."""
    answers = iter([Failed(reason="answered 429", scope="outage", status=429, after=120.0)])
    stage = await start(script=lambda _: next(answers, Delivered(200)))
    stage.commit(a_row("c1"))
    await settle_down()
    stage.commit(a_row("c2"))
    await stage.pass_time(119)
    assert len(stage.sender.sent["crm"]) == 1
    await stage.pass_time(3)
    await until(lambda: set(stage.ledger.states().values()) == {"sent"})


async def test_row_is_given_up_by_age_and_the_next_goes_on(start):
    """After the settable time of failing a row is a dead letter and its call's next row is sent."""
    target = a_target(give_up_s=3600.0)
    stage = await start(target, script=lambda r: BAD if r.version == 1 else Delivered(200))
    stage.commit(a_row(version=1), a_row(version=2))
    await settle_down()
    await stage.pass_time(6 * 3600, step=30)
    await asyncio.sleep(0.05)
    first, second = stage.ledger.rows.values()
    assert (first.state, first.last_error, second.state) == ("dead", "answered 422", "sent")
    assert first.first_tried_at == START
    assert stage.counted["crm", "dead"] == 1


async def test_row_that_never_can_be_sent_is_dead_at_once(start):
    """A mapping that cannot be filled makes a dead letter; the target goes on."""
    answer = Refused(reason="target crm, field phone: no")
    stage = await start(script=lambda r: answer if r.call_id == "c1" else Delivered(200))
    stage.commit(a_row("c1"), a_row("c2"))
    await until(lambda: sorted(stage.ledger.states().values()) == ["dead", "sent"])


async def test_gone_target_is_switched_off_and_nothing_else_is_lost(start):
    """410: that row is dead, no more is sent, the others stay owed."""
    stage = await start(script=lambda _: Gone())
    stage.commit(a_row("c1"))
    await settle_down()
    stage.commit(a_row("c2"))
    await stage.pass_time(600)
    await until(lambda: sorted(stage.ledger.states().values()) == ["dead", "waiting"])
    assert stage.dispatcher.status()[0].state == "gone"
    assert len(stage.sender.sent["crm"]) == 1


async def test_blocked_target_keeps_its_rows_whole(start):
    """A refused address is no attempt: no row ages, the target is looked at once a minute."""
    stage = await start(script=lambda _: Blocked(reason="10.0.0.1 is a private address"))
    stage.commit(a_row("c1"), a_row("c2"))
    await stage.pass_time(200 * 3600, step=3600)
    assert {row.attempts for row in stage.ledger.rows.values()} == {0}
    assert set(stage.ledger.states().values()) == {"waiting"}


async def test_start_is_dropped_when_its_call_was_answered_long_before(start):
    """A pop-up for a call that was answered ten seconds ago is of no use; the rest is sent."""
    stage = await start(script=lambda _: DOWN)
    stage.commit(a_start("c1"), a_start("c2"), a_row("c1", 2, step="answered"))
    stage.ledger.picked_up["c1"] = START + 4
    await stage.pass_time(20)
    stage.sender.script = lambda _: Delivered(200)
    await stage.pass_time(60)
    await asyncio.sleep(0.05)
    await stage.pass_time(20)
    states = {(row.call_id, row.step): row.state for row in stage.ledger.rows.values()}
    assert states == {
        ("c1", "started"): "dropped",
        ("c1", "answered"): "sent",
        ("c2", "started"): "sent",
    }


async def test_who_rang_is_dropped_when_the_call_was_answered_long_before(start):
    """As a start is."""
    stage = await start(script=lambda _: DOWN)
    ringing = a_row("c1", 2, step="ringing")
    stage.commit(ringing)
    stage.ledger.picked_up["c1"] = START + 4
    await stage.pass_time(20)
    stage.sender.script = lambda _: Delivered(200)
    await stage.pass_time(60)
    await until(lambda: stage.ledger.states() == {ringing.id: "dropped"})


async def test_start_of_a_call_answered_just_now_is_still_sent(start):
    """An old start whose call was answered less than ten seconds ago goes out."""
    stage = await start()
    stage.ledger.picked_up["c1"] = START - 5
    stage.commit(a_start("c1", created_at=START - 30))
    await until(lambda: stage.sender.versions("c1") == [1])


async def test_admin_retry_and_drop_are_noticed(start):
    """Rows changed in the store by a command are sent again, or not any more, within seconds."""
    stage = await start(script=lambda r: BAD if r.call_id == "c2" else Delivered(200))
    one, two = a_row("c1"), a_row("c2")
    stage.commit(one, two)
    await until(lambda: stage.ledger.states()[one.id] == "sent")
    await until(lambda: stage.ledger.rows[two.id].attempts == 1)
    stage.ledger.rows[one.id] = replace(one, next_at=stage.clock.now())
    stage.ledger.rows[two.id] = replace(two, state="dropped")
    await stage.pass_time(4)
    tried = len(stage.sender.versions("c2"))
    await stage.pass_time(3600, step=10)
    assert stage.sender.versions("c1") == [1, 1]
    assert len(stage.sender.versions("c2")) - tried <= 2


async def test_store_that_is_away_loses_no_result(start):
    """What was delivered while the store could not be written is written when it can."""
    stage = await start()
    row = a_row()
    stage.ledger.commit(row)
    stage.ledger.broken = OSError("disk full")
    stage.dispatcher.offer([row])
    await until(lambda: stage.sender.versions("c1") == [1])
    await asyncio.sleep(0.05)
    assert stage.ledger.states()[row.id] == "waiting"
    stage.ledger.broken = None
    await until(lambda: stage.ledger.states()[row.id] == "sent")
    await stage.pass_time(30)
    assert stage.sender.versions("c1") == [1]


async def test_sender_with_a_fault_keeps_the_row_owed(start):
    """An exception in a connector is an attempt that failed, and the lane lives on."""
    faulty = True

    def script(_row):
        if faulty:
            raise KeyError("oops")
        return Delivered(200)

    stage = await start(script=script)
    stage.commit(a_row())
    await until(lambda: stage.counted.get(("crm", "failed")) == 1)
    faulty = False
    await stage.pass_time(30)
    await until(lambda: set(stage.ledger.states().values()) == {"sent"})


async def test_start_overtakes_a_backlog(start):
    """More is owed than fits the window: a phone that rings now does not wait for it."""
    stage = await start(a_target(concurrency=2))
    stage.sender.gate = asyncio.Event()
    stage.commit(*(a_row(f"o{n}") for n in range(3 * MOST_ROWS)))
    await stage.pass_time(15)
    assert stage.dispatcher.status()[0].state == "behind"
    stage.commit(a_start("new"))
    stage.sender.gate.set()
    await until(lambda: stage.sender.versions("new") == [1])
    assert [row.call_id for row in stage.sender.sent["crm"]].index("new") == 2


async def test_who_rings_overtakes_a_backlog_behind_its_start(start):
    """A card is worth nothing later; but what lies in the store before it goes before it."""
    stage = await start(a_target(concurrency=2))
    stage.sender.gate = asyncio.Event()
    stage.commit(*(a_row(f"o{n}") for n in range(3 * MOST_ROWS)))
    await stage.pass_time(15)
    stage.commit(a_start("new"), a_row("new", 2, step="ringing"))
    stage.commit(a_start("told"), a_row("told", 2), a_row("told", 3, step="ringing"))
    stage.sender.gate.set()
    await until(lambda: stage.sender.versions("told") == [1, 2, 3])
    sent = [(row.call_id, row.version) for row in stage.sender.sent["crm"]]
    assert sent.index(("new", 2)) < 10
    assert sent.index(("told", 1)) < 10
    assert sent.index(("told", 3)) > MOST_ROWS


async def test_slots_are_kept_for_starts(start):
    """Slow deliveries fill all slots but the reserved ones; starts use those."""
    stage = await start(a_target(concurrency=4, reserved=2))
    stage.sender.gate = asyncio.Event()
    stage.commit(*(a_row(f"c{n}") for n in range(10)))
    await settle_down()
    assert len(stage.sender.sent["crm"]) == 2
    stage.commit(*(a_start(f"s{n}") for n in range(3)))
    await settle_down()
    assert [row.call_id for row in stage.sender.sent["crm"]][2:] == ["s0", "s1"]
    stage.sender.gate.set()
    await until(lambda: len(stage.sender.sent["crm"]) == 13)
    assert stage.sender.most_at_once == 4


async def test_reserved_slots_do_not_stop_the_probe(start):
    """A target that was down is probed by whatever is owed, starts or not."""
    down = True
    stage = await start(
        a_target(concurrency=2, reserved=1), script=lambda _row: DOWN if down else Delivered(200)
    )
    stage.commit(a_row("c1"))
    await stage.pass_time(3)
    down = False
    await stage.pass_time(120)
    await until(lambda: set(stage.ledger.states().values()) == {"sent"})


EARLY = Failed(reason="what became of it shows in a moment", scope="row", after=60.0)


async def test_a_row_in_its_own_way_does_not_keep_a_recovered_target_waiting(start):
    """It says nothing of the target: the next one probes, and it has its own time."""
    down = True

    def script(row):
        if down:
            return DOWN
        early = row.call_id == "c1" and len(stage.sender.versions("c1")) < tries + 2
        return EARLY if early else Delivered(200)

    stage = await start(script=script)
    stage.commit(a_row("c1"))
    await settle_down()
    stage.commit(a_row("c2"))
    await settle_down()
    tries, down = len(stage.sender.versions("c1")), False
    await stage.pass_time(4, step=0.25)
    await until(lambda: stage.dispatcher.status()[0].state == "direct")
    assert stage.sender.versions("c2")
    assert len(stage.sender.versions("c1")) == tries + 1
    await stage.pass_time(61)
    await until(lambda: set(stage.ledger.states().values()) == {"sent"})


async def test_the_only_row_of_a_recovered_target_is_tried_when_it_asked_for_that(start):
    """Not when the lane would look into the store anyway."""
    answers = [DOWN, replace(EARLY, after=2.0)]
    stage = await start(script=lambda _row: answers.pop(0) if answers else Delivered(200))
    stage.commit(a_row())
    await settle_down()
    await stage.pass_time(1.5, step=0.25)
    assert len(stage.sender.sent["crm"]) == 2
    await asyncio.sleep(0.05)
    await stage.pass_time(2.5, step=0.25)
    assert len(stage.sender.sent["crm"]) == 3


async def test_lane_with_full_slots_sleeps(start):
    """Rows that are due and may not use the reserved slots don't keep the loop busy."""
    stage = await start(a_target(concurrency=3, reserved=2))
    stage.sender.gate = asyncio.Event()
    stage.commit(*(a_row(f"c{n}") for n in range(5)))
    await settle_down()
    turns = 0
    look = stage.dispatcher._lanes["crm"]._arm

    def counted(now):
        nonlocal turns
        turns += 1
        look(now)

    stage.dispatcher._lanes["crm"]._arm = counted
    await settle_down(200)
    assert turns <= 1
