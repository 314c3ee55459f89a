"""Who is responsible for a client, in the store."""

from calltrackd.model.person import Person
from calltrackd.store import calls, people, watermarks
from tests.store.build import CLIENT, START, change, read, record, save, write

ANNA = Person("crm", "3", "Anna", "101")


async def test_latest_answers_come_back_after_a_restart(store):
    """The oldest of them first, so that a bounded memory keeps the newest."""
    await write(store, people.note, CLIENT, "crm", ANNA, START + 2)
    await write(store, people.note, "+79990000001", "crm", ANNA, START + 1)
    await write(store, people.note, "+79990000002", "crm", ANNA, START)
    assert await read(store, people.latest, 2) == [
        ("+79990000001", ANNA, START + 1),
        (CLIENT, ANNA, START + 2),
    ]


async def test_client_that_lost_his_manager_has_none(store):
    """An answer `nobody` takes the older answer away."""
    await write(store, people.note, CLIENT, "crm", ANNA, START)
    await write(store, people.note, CLIENT, "crm", None, START + 1)
    assert await read(store, people.latest, 9) == []


async def test_responsible_of_a_call_stays_the_first_told(store):
    """Whose client it was when the call came."""
    await save(store, record())
    assert await write(store, people.set_for, [(record().id, ANNA)], START) == {record().id}
    other = Person("crm", "4")
    assert await write(store, people.set_for, [(record().id, other)], START) == set()
    (again,) = await write(store, calls.save, [change(record())])
    assert again.responsible == ANNA
    assert (await read(store, calls.get, record().id)).responsible == ANNA


async def test_first_version_of_a_call_bears_who_is_responsible(store):
    """Written in the same transaction, before the call's own row is there."""

    async def work(conn):
        await people.set_for(conn, [(record().id, ANNA)], START)
        return await calls.save(conn, [change(record(responsible=ANNA))])

    (saved,) = await store.writer.submit(work)
    assert saved.responsible == ANNA


async def test_old_answers_are_pruned_and_forgotten(store):
    """By the moment of the look, and by number."""
    await write(store, people.note, CLIENT, "crm", ANNA, START)
    await write(store, people.note, "+79990000001", "crm", ANNA, START + 9)
    assert await write(store, people.prune, START + 1) == 1
    assert await write(store, people.forget, "+79990000001") == 1
    assert await read(store, people.latest, 9) == []


async def test_watermark_never_goes_back(store):
    """A late page of an older poll moves nothing."""
    assert await read(store, watermarks.get, "crm") is None
    await write(store, watermarks.advance, "crm", START + 5, START)
    await write(store, watermarks.advance, "crm", START + 3, START)
    assert await read(store, watermarks.get, "crm") == START + 5
