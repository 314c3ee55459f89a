"""One transaction for call, tags, outbox and position; nothing told before, nothing lost after."""

import asyncio

import pytest
from sqlalchemy.exc import IntegrityError

from calltrackd.pipeline import commit
from calltrackd.store import calls, tags
from calltrackd.store.engine import Store
from tests.crm.conftest import until
from tests.daemon.heard import log
from tests.pipeline.desk import Desk, step, tagged
from tests.store.build import START, record, tag, write

Times = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: Times) -> None:
    monkeypatch.setattr(commit, "RETRY_S", 0.005)


@pytest.fixture
def desk(store: Store) -> Desk:
    """A committer on an empty store."""
    return Desk(store)


# -- one transaction


async def test_call_tags_outbox_and_position_together(desk: Desk) -> None:
    """One flush: the call with its tag, one row a step for the target, the journal's number."""
    await desk.commit(7, step(1, "started"), tagged(1, START + 63, "sale"))
    (stored,) = await desk.stored()
    assert (stored.version, [one.name for one in stored.tags]) == (2, ["sale"])
    assert [(version, name) for _, version, name in await desk.owed()] == [
        (1, "started"), (2, "updated"),
    ]  # fmt: skip
    assert await desk.applied() == 7
    assert desk.store.writer.counters.transactions == 1


async def test_failed_row_takes_the_call_back(desk: Desk, monkeypatch: Times) -> None:
    """What can't be owed is not saved either: the call, its tag and its row or nothing."""
    monkeypatch.setattr(commit, "rows_for", _poison(record(2).id))
    await desk.commit(3, step(1, "started"), step(2, "started"))
    assert [one.id for one in await desk.stored()] == [record(1).id]
    assert [call for call, _, _ in await desk.owed()] == [record(1).id]


async def test_nothing_is_told_before_the_commit(desk: Desk) -> None:
    """While the transaction is on its way nobody has heard of it."""
    seen: list[int] = []
    submit = desk._submit

    async def watched(work):
        done = await submit(work)
        seen.append(len(desk.told))
        return done

    desk._submit = watched
    await desk.commit(1, step(1, "started"))
    assert seen == [0]
    assert len(desk.told) == 1


async def test_position_moves_without_a_change(desk: Desk) -> None:
    """Chunks that gave nothing are applied too; nobody is told of a record."""
    await desk.put(40)
    await desk.flush()
    assert await desk.applied() == 40
    assert desk.told[-1].records == []


async def test_positions_of_two_pbxs_are_their_own(desk: Desk) -> None:
    """Each attachment has its own journal."""
    await desk.put(5, step(1, "started"))
    await desk.put(9, step(2, "started", pbx="branch"), pbx="branch")
    await desk.flush()
    assert (await desk.applied(), await desk.applied("branch")) == (5, 9)


async def test_flush_does_not_run_after_positions_that_keep_moving(desk: Desk) -> None:
    """A stream without changes costs a commit now and then, not one after the other."""
    submit, commits = desk._submit, 0

    async def moving(work):
        nonlocal commits
        commits += 1
        done = await submit(work)
        await desk.put(100 + commits)
        return done

    desk._submit = moving
    await desk.put(1)
    await desk.flush()
    assert commits == 1


# -- trouble


async def test_store_down_keeps_changes_in_order(desk: Desk) -> None:
    """Everything waits, is tried again, and comes in the order in which it happened."""
    desk.troubles = ["down", "down", "down"]
    with log() as heard:
        await desk.put(1, step(1, "started"))
        flushing = asyncio.create_task(desk.flush())
        await heard.line("store.cannot_write")
        await desk.put(2, step(1, "answered"))
        await desk.put(3, step(1, "ended"))
        await flushing
    assert [line["event"] for line in heard.lines][:2] == [
        "store.cannot_write", "store.writes_again",
    ]  # fmt: skip
    assert [name for _, _, name in await desk.owed()] == ["started", "answered", "ended"]
    assert desk.committer.blocked is None
    assert await desk.applied() == 3


async def test_blocked_says_why(desk: Desk) -> None:
    """While it lasts, /readyz has the reason."""
    desk.troubles = ["down"] * 1000
    await desk.put(1, step(1, "started"))
    flushing = asyncio.create_task(desk.flush())
    await until(lambda: desk.committer.blocked is not None)
    assert desk.committer.blocked == "no route to the database"
    desk.troubles.clear()
    await flushing


async def test_full_queue_makes_its_filler_wait(desk: Desk, monkeypatch: Times) -> None:
    """The filler's changes are in the queue; it goes on when the queue is taken."""
    monkeypatch.setattr(commit, "QUEUE_CHANGES", 2)
    await desk.put(1, step(1, "started"))
    putting = asyncio.create_task(desk.put(2, step(2, "started")))
    await asyncio.sleep(0)
    assert not putting.done()
    await desk.flush()
    await asyncio.wait_for(putting, 1)
    assert len(await desk.stored()) == 2


async def test_filler_that_is_cancelled_loses_nothing(desk: Desk, monkeypatch: Times) -> None:
    """Its changes were queued before it waited: position and changes stay together."""
    monkeypatch.setattr(commit, "QUEUE_CHANGES", 1)
    putting = asyncio.create_task(desk.put(4, step(1, "started")))
    await asyncio.sleep(0)
    putting.cancel()
    await asyncio.gather(putting, return_exceptions=True)
    await desk.flush()
    assert len(await desk.stored()) == 1
    assert await desk.applied() == 4


async def test_commit_whose_answer_was_lost_is_not_repeated(desk: Desk) -> None:
    """It happened: no second version, no second row; and who watches is told what is there."""
    desk.troubles = ["lost answer"]
    records = await desk.commit(5, step(1, "started"))
    assert [one["version"] for one in records] == [1]
    assert await desk.owed() == [(record(1).id, 1, "started")]
    assert await desk.applied() == 5


async def test_first_change_after_a_restart_is_no_repetition(desk: Desk) -> None:
    """Keys settled by a pause: the store has that position already, yet the change is new."""
    await desk.commit(5, step(1, "started"))
    again = Desk(desk.store)
    again.committer.resume("hq", 5)
    await again.commit(5, tagged(1, START + 70, "sale"))
    (stored,) = await again.stored()
    assert [one.name for one in stored.tags] == ["sale"]


async def test_resumed_attachment_skips_what_waits_here(desk: Desk) -> None:
    """Put down and up again within the process: what is queued need not be put once more."""
    await desk.put(9, step(1, "started"))
    assert desk.committer.resume("hq", 2) == 9
    assert desk.committer.resume("new", 2) == 2
    await desk.flush()
    assert desk.committer.resume("hq", 30) == 30


async def test_poison_change_is_set_aside_and_counted(desk: Desk, monkeypatch: Times) -> None:
    """The others of its batch are committed in the same transaction as the position."""
    monkeypatch.setattr(calls, "_row", _poison_row(record(2).id))
    with log() as heard:
        await desk.commit(8, *(step(n, "started") for n in (1, 2, 3)))
    assert [one.id for one in await desk.stored()] == [record(1).id, record(3).id]
    assert desk.unusable == ["change"]
    (line,) = heard.of("change.unusable")
    assert (line["call"], line["step"]) == (record(2).id, "started")
    assert isinstance(line["exc_info"], ZeroDivisionError)
    assert await desk.applied() == 8
    assert [one.id for one in desk.told[-1].records] == [record(1).id, record(3).id]


async def test_poison_that_only_the_database_finds(desk: Desk) -> None:
    """A value that no column takes: set aside behind its savepoint, on both databases."""
    await desk.commit(2, step(1, "started"), step(2, "started", pbx=None))
    assert [one.id for one in await desk.stored()] == [record(1).id]
    assert desk.unusable == ["change"]


async def test_store_down_amid_a_poison_batch(desk: Desk, monkeypatch: Times) -> None:
    """The answer to the careful attempt is lost: nothing is repeated, the poison one is counted."""
    monkeypatch.setattr(calls, "_row", _poison_row(record(2).id))
    await desk.put(3, *(step(n, "started") for n in (1, 2, 3)))
    submit, attempts = desk._submit, 0

    async def losing(work):
        nonlocal attempts
        attempts += 1
        done = await submit(work)
        if attempts == 2:
            desk.troubles = []
            raise commit.StoreDown("lost")
        return done

    desk._submit = losing
    await desk.flush()
    assert [one.version for one in await desk.stored()] == [1, 1]
    assert desk.unusable == ["change"]


async def test_fault_that_no_savepoint_finds_waits(desk: Desk, monkeypatch: Times) -> None:
    """Not a change's fault: nothing is thrown away, it is tried until somebody mends it."""
    with monkeypatch.context() as broken, log() as heard:

        async def refuse(*_: object) -> None:
            raise IntegrityError("position", {}, Exception("no such column"))

        broken.setattr(commit.attachments, "set_applied", refuse)
        await desk.put(3, step(1, "started"))
        flushing = asyncio.create_task(desk.flush())
        await heard.line("store.cannot_write")
        assert await desk.stored() == []
        broken.undo()
        await asyncio.wait_for(flushing, 5)
    assert len(await desk.stored()) == 1
    assert desk.unusable == []


async def test_news_that_break_are_counted(store: Store) -> None:
    """Who is told may stumble; what is committed stays committed, and so does what follows."""
    desk = Desk(store)
    desk.committer._told = lambda _done: 1 / 0  # type: ignore[assignment,return-value]
    await desk.put(1, step(1, "started"))
    await desk.flush()
    await desk.put(2, step(1, "ended"))
    await desk.flush()
    assert (await desk.stored())[0].version == 2
    assert desk.unusable == ["news", "news"]


# -- running and stopping


async def test_run_commits_until_stopped_and_all_that_waits(desk: Desk) -> None:
    """Stop ends it when the last change is committed."""
    running = asyncio.create_task(desk.committer.run())
    await desk.put(1, step(1, "started"))
    await until(lambda: len(desk.told) == 1)
    await desk.put(2, step(1, "answered"))
    desk.committer.stop()
    await asyncio.wait_for(running, 5)
    assert (await desk.stored())[0].version == 2


async def test_cancelled_while_the_store_is_down_moves_no_position(desk: Desk) -> None:
    """A stop that gave up: neither changes nor position are in the store; the journal has them."""
    desk.troubles = ["down"] * 1000
    running = asyncio.create_task(desk.committer.run())
    await desk.put(1, step(1, "started"))
    await until(lambda: desk.committer.blocked is not None)
    await desk.put(2, step(1, "answered"))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    desk.troubles.clear()
    assert await desk.stored() == []
    assert await desk.applied() == 0


async def test_memory_of_calls_ends_with_them(desk: Desk) -> None:
    """Origins and histories of ended calls are dropped, also of those that were set aside."""
    await desk.commit(1, step(1, "started"), step(2, "started"))
    assert len(desk.committer._origins) == 2
    await desk.commit(2, step(1, "ended"), step(2, "ended"))
    assert desk.committer._origins == {}
    assert desk.committer._enricher._histories == {}


# -- what the records say


async def test_versions_count_every_saved_change(desk: Desk) -> None:
    """Within a batch and over batches, each change of a call is one version more."""
    first = await desk.commit(1, step(1, "started"), step(1, "answered"), step(2, "started"))
    second = await desk.commit(2, step(1, "ended"))
    assert [one["version"] for one in first] == [1, 2, 1]
    assert [one["version"] for one in second] == [3]


@pytest.mark.parametrize("together", [True, False])
async def test_first_repeat_and_returning(desk: Desk, together: bool) -> None:
    """The client's earlier calls decide, whether they come in one batch or in several."""
    day = 24 * 60
    starts = [step(n, "started") for n in (0, 1, 1 + 40 * day)]
    if together:
        records = await desk.commit(3, *starts)
    else:
        records = [(await desk.commit(n, one))[0] for n, one in enumerate(starts, 1)]
    assert [one["kind"] for one in records] == [
        ["first", "unique"], ["repeat"], ["returning", "unique"],
    ]  # fmt: skip
    assert [len(one["earlier"]) for one in records] == [0, 1, 2]
    assert records[2]["earlier"][0]["id"] == record(1).id


@pytest.mark.parametrize("together", [True, False])
async def test_first_source_is_remembered(desk: Desk, together: bool) -> None:
    """The number of the client's first call, also when the later one came on another."""
    first, later = step(1, "started"), step(2, "started")
    later.record.did = "+74950000002"
    if together:
        _, found = await desk.commit(2, first, later)
    else:
        await desk.commit(1, first)
        (found,) = await desk.commit(2, later)
    assert found["source"] == {"source": "billboard"}
    assert found["first_source"] == {"source": "google"}


async def test_hidden_callers_are_never_joined(desk: Desk) -> None:
    """Two anonymous calls: neither is a repeat, neither knows the other."""
    records = await desk.commit(1, *(step(n, "started", caller=None) for n in (1, 2)))
    assert [one["kind"] for one in records] == [[], []]
    assert [one["earlier"] for one in records] == [[], []]


async def test_earlier_call_is_told_as_it_stands_in_the_same_batch(desk: Desk) -> None:
    """The client's earlier call was answered in this very batch: the later one's start says so."""
    await desk.commit(1, step(1, "started"))
    answered = step(1, "ended", outcome="answered", operators=["101"])
    records = await desk.commit(2, answered, step(2, "started"))
    assert records[1]["earlier"][0]["outcome"] == "answered"
    assert records[1]["earlier"][0]["operators"] == ["101"]


async def test_repeated_tag_alone_is_no_change(desk: Desk) -> None:
    """Read again from the journal after a crash, a tag makes no version and no webhook."""
    await desk.commit(1, step(1, "started"), tagged(1, START + 65, "sale"))
    await desk.commit(2, tagged(1, START + 65, "sale"))
    assert (await desk.stored())[0].version == 2
    assert len(await desk.owed()) == 2


async def test_undo_in_the_same_batch_and_a_tag_after_it(desk: Desk) -> None:
    """Set, taken back, set again: it stands, by its last press."""
    await desk.commit(
        1,
        step(1, "started"),
        tagged(1, START + 61, "sale"),
        tagged(1, START + 62, "sale", taken_back=True),
        tagged(1, START + 63, "sale"),
    )
    (stored,) = await desk.stored()
    assert [(one.name, one.at) for one in stored.tags] == [("sale", START + 63)]
    await desk.commit(2, tagged(1, START + 64, "sale", taken_back=True))
    assert (await desk.stored())[0].tags == []


async def test_tags_of_other_processes_survive(desk: Desk, store: Store) -> None:
    """A person tags by the command line between two commits: the next version has both."""
    await desk.commit(1, step(1, "started"))
    by_hand = tag("vip", at=START + 62, source="manual", by="olga")
    await write(store, tags.add, [(record(1).id, by_hand)])
    (found,) = await desk.commit(2, tagged(1, START + 63, "sale"))
    assert [(one["name"], one["source"]) for one in found["tags"]] == [
        ("vip", "manual"), ("sale", "keypad"),
    ]  # fmt: skip


async def test_new_targets_are_owed_from_then_on(desk: Desk) -> None:
    """A reload changes whom later changes are told to."""
    await desk.commit(1, step(1, "started"))
    desk.committer.adopt([], listens=False)
    await desk.commit(2, step(1, "ended"))
    assert [name for _, _, name in await desk.owed()] == ["started"]


def _poison(call_id: str):
    """rows_for that breaks on one call."""
    rows_for = commit.rows_for

    def broken(one, *rest):
        if one.id == call_id:
            raise ZeroDivisionError
        return rows_for(one, *rest)

    return broken


def _poison_row(call_id: str):
    """The store's row of a record that breaks on one call."""
    row = calls._row

    def broken(one, *rest):
        if one.id == call_id:
            raise ZeroDivisionError
        return row(one, *rest)

    return broken
