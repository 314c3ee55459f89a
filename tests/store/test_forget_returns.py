"""What came back of a client goes with the client."""

from calltrackd.model.deal import Deal
from calltrackd.model.person import Person
from calltrackd.store import deals, inbox, people, retention
from calltrackd.store.deals import DealFilter
from tests.store.build import CLIENT, START, read, record, save, write

ANNA = Person("crm", "3")


async def _deal(store, deal_id: str, **fields):
    one = Deal(id=deal_id, stage="NEW", changed_at=START, **fields)
    given = {"by": "poll", "read_at": START, "at": START}
    (saved,) = await write(store, deals.save, "crm", [(one, "open")], **given)
    return saved.deal


async def left(store) -> list[str]:
    """Ids of the deals that are known."""
    return [one.id for one in await read(store, deals.list_deals, DealFilter())]


async def test_forgotten_client_is_in_no_table(store):
    """His deals, webhooks that name him, who was responsible for him."""
    await save(store, record(), record(2, caller="+79990000000"))
    mine = await _deal(store, "1")
    await write(store, deals.join, mine, record().id, "phone", START)
    await _deal(store, "2", phones=["8 916 123-45-67"], raw='{"phone": "89161234567"}')
    await _deal(store, "3")
    await write(store, people.set_for, [(record().id, ANNA)], START)
    await write(store, people.note, CLIENT, "crm", ANNA, START)
    put = inbox.put, "crm", "text/plain", b"tel=79161234567", START
    await write(store, *put, room=9)
    await write(store, retention.forget, CLIENT)
    assert await left(store) == ["3"]
    assert await read(store, people.latest, 9) == []
    assert await read(store, people.of_calls, [record().id]) == {}
    assert await read(store, inbox.standing) == {}


async def test_deals_go_with_their_old_calls(store):
    """Those without a call by their own age."""
    await save(store, record(ended_at=START + 70))
    mine = await _deal(store, "1")
    await write(store, deals.join, mine, record().id, "phone", START)
    await _deal(store, "2")
    await write(store, retention.prune, START + 1000)
    assert await left(store) == []


async def test_old_answers_and_settled_webhooks_are_pruned(store):
    """Each by its own age; what waits stays."""
    await write(store, people.note, CLIENT, "crm", ANNA, START)
    await write(store, inbox.put, "crm", "", b"1", START, room=9)
    (row,) = await read(store, inbox.due, "crm", START, 9)
    row.state = "done"
    await write(store, inbox.settle, [row])
    await write(store, inbox.put, "crm", "", b"2", START, room=9)
    assert await write(store, retention.prune_returns, START + 1, START + 1) == 2
    assert (await read(store, inbox.standing))["crm"].waiting == 1
