import msgspec
import pytest

from calltrackd.store import outbox
from calltrackd.store.errors import NotUnique
from calltrackd.store.outbox import Backlog

from .build import START, read, row, write


def after(one, state, **fields):
    """The row as the dispatcher gives it back."""
    return msgspec.structs.replace(one, state=state, **fields)


async def ids(store, target="crm", limit=10, **named):
    """Ids of the rows that are offered, in their order."""
    return [r.id for r in await read(store, outbox.waiting, target, limit, **named)]


async def test_row_comes_back_whole(store):
    """All fields are kept, the body byte by byte."""
    one = row(
        body='{"имя":"\\u0000"}',
        attempts=3,
        first_tried_at=START + 2.5,
        last_error="timeout",
        last_status=503,
    )
    await write(store, outbox.add, [one])
    assert await read(store, outbox.show, one.id) == one


async def test_repeated_row_is_the_same_row(store):
    """A change committed again after a crash neither doubles nor revives a delivery."""
    one = row()
    await write(store, outbox.add, [one])
    await write(store, outbox.settle, [after(one, "sent", sent_at=START + 5)])
    await write(store, outbox.add, [one, row(2)])
    assert (await read(store, outbox.show, one.id)).state == "sent"
    assert await ids(store) == [row(2).id]


async def test_only_the_earliest_version_of_a_call_is_offered(store):
    """Later versions wait for the earlier one, of their own call and target only."""
    await write(store, outbox.add, [row(1, 2), row(1, 1), row(2, 3), row(1, 2, "other")])
    assert await ids(store) == [row(1, 1).id, row(2, 3).id]
    assert await ids(store, "other") == [row(1, 2, "other").id]


@pytest.mark.parametrize("state", ["sent", "dead", "dropped"])
async def test_next_version_follows_a_settled_one(store, state):
    """Whatever way a version was settled, the next one's turn comes."""
    first, second = row(1, 1), row(1, 2)
    await write(store, outbox.add, [first, second])
    await write(store, outbox.settle, [after(first, state)])
    assert await ids(store) == [second.id]


async def test_row_to_retry_keeps_its_call_waiting(store):
    """A call whose first version must be tried again is not due before that, nor its later ones."""
    first, second, other = row(1, 1), row(1, 2), row(2, 2)
    await write(store, outbox.add, [first, second, other])
    again = after(first, "waiting", attempts=1, next_at=START + 60, last_status=500)
    await write(store, outbox.settle, [again])
    assert await ids(store, due=START + 59) == [other.id]
    assert await ids(store, due=START + 60) == [other.id, first.id]
    assert await read(store, outbox.show, first.id) == again
    assert (await read(store, outbox.show, second.id)).next_at == START + 60


async def test_many_held_back_rows_do_not_hide_a_due_one(store):
    """A limit counts rows that can be sent, not those behind a blocked one."""
    blocked = [row(1, version) for version in range(1, 30)]
    await write(store, outbox.add, [*blocked, row(2, 40)])
    await write(store, outbox.settle, [after(blocked[0], "waiting", next_at=START + 900)])
    assert await ids(store, limit=1, due=START + 100) == [row(2, 40).id]


async def test_without_due_the_first_row_tells_when_to_wake_up(store):
    """The earliest moment at which something can be sent is the first row's."""
    await write(store, outbox.add, [row(1, 9), row(2, 3)])
    (first,) = await read(store, outbox.waiting, "crm", 1)
    assert first.next_at == START + 3


async def test_dropped_while_being_sent_stays_dropped_unless_sent(store):
    """An admin's drop is not undone by a failed try; a success is the truth."""
    one, two = row(1), row(2)
    await write(store, outbox.add, [one, two])
    assert await write(store, outbox.drop, [one.id, two.id]) == 2
    await write(store, outbox.settle, [after(one, "waiting"), after(two, "sent")])
    states = [(await read(store, outbox.show, r.id)).state for r in (one, two)]
    assert states == ["dropped", "sent"]


async def test_retry_owes_a_dead_row_again_as_if_new(store):
    """A dead letter is sent again under the same id, its attempts counted anew."""
    one = row()
    await write(store, outbox.add, [one])
    dead = after(one, "dead", attempts=9, first_tried_at=START, last_error="410", last_status=410)
    await write(store, outbox.settle, [dead])
    assert await write(store, outbox.retry, [one.id, "unknown"], START + 500) == 1
    expected = after(dead, "waiting", attempts=0, first_tried_at=None, next_at=START + 500)
    assert await read(store, outbox.show, one.id) == expected


async def test_sent_row_is_not_dropped(store):
    """What was sent can't be given up any more."""
    one = row()
    await write(store, outbox.add, [one])
    await write(store, outbox.settle, [after(one, "sent")])
    assert await write(store, outbox.drop, [one.id]) == 0


async def test_list_by_target_state_and_call(store):
    """Rows are listed newest first, by each filter."""
    await write(store, outbox.add, [row(1, 1), row(1, 2), row(2, 3, "other")])
    await write(store, outbox.settle, [after(row(1, 1), "dead")])
    found = {
        name: [r.version for r in await read(store, outbox.list_rows, **filters)]
        for name, filters in {
            "all": {},
            "two": {"limit": 2},
            "target": {"target": "crm"},
            "dead": {"state": "dead"},
            "call": {"call_id": "call2"},
        }.items()
    }
    assert found == {"all": [3, 2, 1], "two": [3, 2], "target": [2, 1], "dead": [1], "call": [3]}


async def test_show_by_unique_beginning(store):
    """An id can be shortened while one row begins so; a whole id is never ambiguous."""
    await write(store, outbox.add, [row(1, 1), row(1, 11)])
    assert (await read(store, outbox.show, "msg_crm_1_11")).version == 11
    assert (await read(store, outbox.show, "msg_crm_1_1")).version == 1
    assert await read(store, outbox.show, "msg%") is None
    with pytest.raises(NotUnique):
        await read(store, outbox.show, "msg_")


async def test_backlog_counts_waiting_and_dead(store):
    """Depth, age and dead letters a target; what is settled counts no more."""
    rows = [row(1, 1), row(1, 2), row(1, 3), row(1, 4, "other"), row(1, 5, "done")]
    await write(store, outbox.add, rows)
    await write(store, outbox.settle, [after(rows[0], "dead"), after(rows[4], "sent")])
    assert await read(store, outbox.backlog) == {
        "crm": Backlog("crm", waiting=2, oldest_at=START + 2, dead=1),
        "other": Backlog("other", waiting=1, oldest_at=START + 4),
    }


async def test_nothing_to_add_or_to_settle(store):
    """Empty lists leave the database alone."""
    await write(store, outbox.add, [])
    await write(store, outbox.settle, [])
    assert await read(store, outbox.backlog) == {}
