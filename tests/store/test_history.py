from calltrackd.model.call import EarlierCall, Source
from calltrackd.store import calls, history, tags
from calltrackd.store.history import FirstCall

from .build import START, change, read, record, save, tag, write


async def test_earlier_calls_newest_first_with_their_tags(store):
    """The operator sees outcome, operators and tags of the client's last calls."""
    one, two = await save(
        store, record(1, outcome="abandoned"), record(2, outcome="answered", operators=["101"])
    )
    await write(store, tags.add, [(two.id, tag("sale")), (two.id, tag("vip", START + 1))])
    now = record(9)
    found = await read(store, history.before, [now])
    assert found[now.id].earlier == [
        EarlierCall(two.id, two.started_at, "answered", ["101"], ["sale", "vip"]),
        EarlierCall(one.id, one.started_at, "abandoned", [], []),
    ]


async def test_first_call_is_told_beyond_the_limit(store):
    """The first source is remembered however many calls came since."""
    organic = Source(medium="organic", click_ids={"yclid": "1"})
    first, *_ = await save(store, record(1, source=organic), *(record(n) for n in range(2, 20)))
    now = record(30)
    found = (await read(store, history.before, [now], 3))[now.id]
    assert found.first == FirstCall(first.id, first.started_at, organic)
    assert [call.started_at - START for call in found.earlier] == [19 * 60, 18 * 60, 17 * 60]


async def test_first_call_of_a_client_has_no_history(store):
    """No earlier call: an empty list and no first call, also when the call itself is stored."""
    (now,) = await save(store, record())
    found = await read(store, history.before, [now])
    assert found == {now.id: history.History()}


async def test_hidden_callers_are_never_joined(store):
    """Two anonymous calls have nothing to do with each other."""
    _, now = await save(store, record(1, caller=None), record(2, caller=None))
    assert await read(store, history.before, [now]) == {}


async def test_later_calls_and_other_clients_do_not_count(store):
    """A stream read again after the fact sees what was known at its own time."""
    await save(store, record(1, caller="+7812"), record(5))
    now = record(3)
    assert (await read(store, history.before, [now]))[now.id] == history.History()


async def test_many_clients_in_one_question(store):
    """Each call gets its own client's history."""
    old = await save(store, *(record(n, caller=f"+7{n}") for n in range(1, 200)))
    now = [record(1000 + n, caller=f"+7{n}") for n in range(1, 200)]
    found = await read(store, history.before, now)
    assert [found[call.id].earlier[0].id for call in now] == [call.id for call in old]


async def test_calls_saved_together_know_each_other(store):
    """How a stream is cut into transactions does not show: one save tells what two would."""
    first, second = record(1, source=Source(medium="cpc")), record(2)
    together = await read(store, history.before, [first, second])
    await save(store, first)
    apart = await read(store, history.before, [second])
    assert together[second.id] == apart[second.id]
    assert together[first.id] == history.History()


async def test_newer_state_of_the_same_save_replaces_the_stored_one(store):
    """A call that ends in the same save is told of with its end, and with its stored tags."""
    (stored,) = await save(store, record(1))
    await write(store, tags.add, [(stored.id, tag())])
    ended, now = record(1, outcome="abandoned"), record(2)
    found = (await read(store, history.before, [ended, now]))[now.id]
    assert [(call.outcome, call.tags) for call in found.earlier] == [("abandoned", ["sale"])]


async def test_history_inside_the_transaction_sees_its_tags(store):
    """Tags written just before in the same transaction are told."""
    one, now = record(1), record(2)

    async def work(conn):
        await calls.save(conn, [change(one)])
        await tags.add(conn, [(one.id, tag())])
        return await history.before(conn, [now])

    found = await store.writer.submit(work)
    assert found[now.id].earlier[0].tags == ["sale"]


async def test_several_states_of_one_call_in_a_save(store):
    """A call's history is as of its first record; a later call sees the state just before it."""
    first, second = record(1), record(2)
    ended = record(1, outcome="abandoned")
    answered = record(1, outcome="answered")
    found = await read(store, history.before, [first, ended, second, answered, second])
    assert found[first.id] == history.History()
    assert [call.outcome for call in found[second.id].earlier] == ["abandoned"]


async def test_limit_counts_stored_and_new_calls_together(store):
    """The newest are told, wherever they come from."""
    await save(store, record(1), record(2))
    now = [record(3), record(4)]
    found = (await read(store, history.before, now, 2))[now[1].id]
    assert [call.started_at - START for call in found.earlier] == [180, 120]
    assert found.first.started_at == START + 60
