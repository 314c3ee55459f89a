import asyncio
from pathlib import Path

from calltrackd.model.call import Recording
from calltrackd.store import calls, outbox, retention, tags
from calltrackd.store.calls import CallFilter
from calltrackd.store.retention import Forgotten

from .build import START, on_sqlite, read, record, row, save, tag, write


def ended(n, **fields):
    """The n-th call, over after half a minute."""
    return record(n, ended_at=START + 60 * n + 30, **fields)


async def left(store):
    """Starts of the calls that are still there, newest first."""
    return [r.started_at for r in await read(store, calls.list_calls, CallFilter())]


def rows_of(call, *states, target="crm"):
    """One delivery a state, in the order of versions."""
    return [
        row(version=version, target=target, call_id=call.id, id=f"{call.id}{version}", state=state)
        for version, state in enumerate(states, 1)
    ]


async def test_prune_deletes_old_ended_calls_with_all_that_is_theirs(store):
    """Calls before the limit go with tags and settled deliveries; their files are named."""
    old, young = await save(
        store, ended(1, recordings=[Recording("/rec/a.wav", "both", START)]), ended(9)
    )
    await write(store, tags.add, [(old.id, tag()), (young.id, tag())])
    await write(store, outbox.add, rows_of(old, "sent", "dead"))
    done = await write(store, retention.prune, START + 300)
    assert done == Forgotten(calls=1, tags=1, deliveries=2, recordings=["/rec/a.wav"])
    assert await left(store) == [young.started_at]
    assert await read(store, tags.of_calls, [old.id]) == {}
    assert await read(store, outbox.list_rows) == []


async def test_prune_spares_calls_in_progress_and_owed_ones(store):
    """What still goes on or is still owed to a target is kept, however old."""
    _, owed = await save(store, record(1), ended(2))
    await write(store, outbox.add, rows_of(owed, "sent", "waiting"))
    assert await write(store, retention.prune, START + 10_000) == Forgotten()
    assert len(await left(store)) == 2


async def test_prune_takes_the_oldest_first_in_portions(store):
    """A limit keeps each transaction short; calling again takes the next ones."""
    await save(store, *(ended(n) for n in range(1, 6)))
    counts = [(await write(store, retention.prune, START + 300, 3)).calls for _ in range(3)]
    assert counts == [3, 1, 0]
    assert await left(store) == [START + 300]


async def test_prune_deliveries_leaves_waiting_and_dead(store):
    """Sent and dropped bodies go early; owed and dead ones are still needed."""
    (call,) = await save(store, ended(1))
    await write(store, outbox.add, rows_of(call, "sent", "waiting", "dead", "dropped", "sent"))
    assert await write(store, retention.prune_deliveries, START + 5) == 2
    assert [r.version for r in await read(store, outbox.list_rows)] == [5, 3, 2]


async def test_forget_deletes_a_person_and_nobody_else(store):
    """All calls of one number go, deliveries not sent yet included."""
    one, two, other = await save(
        store,
        ended(1, recordings=[Recording("/rec/a.wav", "both", START)]),
        record(2, recordings=[Recording("/rec/b.wav", "caller", START)]),
        ended(3, caller="+7812", recordings=[Recording("/rec/c.wav", "both", START)]),
    )
    await write(store, tags.add, [(call.id, tag()) for call in (one, two, other)])
    for call in (one, two, other):
        await write(store, outbox.add, rows_of(call, "sent", "waiting"))
    assert await write(store, retention.forget, one.caller) == Forgotten(
        calls=2, tags=2, deliveries=4, undelivered=2, recordings=["/rec/a.wav", "/rec/b.wav"]
    )
    assert await left(store) == [other.started_at]
    assert {r.call_id for r in await read(store, outbox.list_rows)} == {other.id}
    assert other.id in await read(store, tags.of_calls, [other.id])


async def test_forget_a_client_of_more_calls_than_one_statement_takes(store):
    """A robot that called 1,200 times is forgotten as well."""
    await save(store, *(ended(n) for n in range(1200)))
    assert (await write(store, retention.forget, record().caller)).calls == 1200
    assert await left(store) == []


async def test_forget_an_unknown_number(store):
    """Nothing known: nothing done, and all counts say so."""
    await save(store, ended(1))
    assert await write(store, retention.forget, "+7999") == Forgotten()


@on_sqlite
async def test_forgotten_text_is_not_left_in_the_file(store, url):
    """SQLite overwrites what was deleted: no name can be read from the file afterwards."""
    await save(store, ended(1, caller_name="Zaphod Beeblebrox"))
    await write(store, retention.forget, record().caller)
    await store.close()
    content = await asyncio.to_thread(Path(url.removeprefix("sqlite:///")).read_bytes)
    assert b"Beeblebrox" not in content
