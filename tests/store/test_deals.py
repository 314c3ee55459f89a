"""Deals in the store."""

from typing import Any

from calltrackd.model.deal import Deal, DealStatus
from calltrackd.store import calls, deals
from calltrackd.store.deals import DealFilter
from tests.store.build import START, change, read, record, save, tag, write


def deal(deal_id: str = "9", **fields: Any) -> Deal:
    """A deal worth 100, changed a minute after START."""
    given = {"stage": "NEW", "amount": "100", "currency": "RUB", "changed_at": START + 60, **fields}
    return Deal(id=deal_id, **given)


async def told(store, *found: Deal, status: DealStatus = "open", read_at=START + 61, **named: Any):
    """Save deals, read at START + 61 by webhook unless said otherwise."""
    given = {"by": "webhook", "at": read_at, "read_at": read_at, **named}
    pairs = [(one, status) for one in found]
    return await write(store, deals.save, given.pop("target", "crm"), pairs, **given)


async def steps(store, deal_id: str = "9"):
    """(status, stage, amount, way) of each step of the history."""
    kept = await read(store, deals.get, deal_id)
    found = await read(store, deals.history, kept)
    return [(one.status, one.stage, one.amount, one.seen_by) for one in found]


async def test_deal_comes_back_as_it_was_told(store):
    """Every field, with who told it and when."""
    one = deal(
        title="Window", pipeline="1", won=True, created_at=1.5, closed_at=2.5, contacts=["7"],
        leads=["5"], phones=["+79161234567"], calls=["c"], responsible="3", url="u", raw='{"a":1}',
    )  # fmt: skip
    await told(store, one, status="won")
    kept = await read(store, deals.get, "9", target="crm", kind="deal")
    assert {name: getattr(kept, name) for name in Deal.__struct_fields__} == {
        name: getattr(one, name) for name in Deal.__struct_fields__
    }
    assert (kept.target, kept.status, kept.seen_by, kept.seen_at) == (
        "crm",
        "won",
        "webhook",
        START + 61,
    )


async def test_same_deal_by_both_ways_is_one_step(store):
    """A poll that finds what the webhook told adds nothing."""
    await told(store, deal())
    (again,) = await told(store, deal(), by="poll", read_at=START + 90)
    assert (again.stepped, again.shown) == (False, False)
    assert await steps(store) == [("open", "NEW", "100", "webhook")]
    assert await read(store, deals.counted) == {("crm", "open"): 1}


async def test_reopened_deal_keeps_its_history(store):
    """Won, open again for another sum, lost: each is a step with its way."""
    await told(store, deal(stage="WON", changed_at=START + 1), status="won")
    await told(store, deal(stage="NEW", amount="80", changed_at=START + 2), by="poll")
    await told(store, deal(stage="LOST", amount="80", changed_at=START + 3), status="lost")
    assert await steps(store) == [
        ("won", "WON", "100", "webhook"),
        ("open", "NEW", "80", "poll"),
        ("lost", "LOST", "80", "webhook"),
    ]


async def test_older_news_changes_nothing(store):
    """What the CRM changed earlier than what is known is left out, however late it comes."""
    await told(store, deal(stage="WON", changed_at=START + 9), status="won")
    assert await told(store, deal(changed_at=START + 8), read_at=START + 99) == []
    assert (await read(store, deals.get, "9")).status == "won"


async def test_answer_to_an_earlier_question_changes_nothing(store):
    """Of the same second the answer counts that was asked for last."""
    await told(store, deal(stage="WON"), status="won", read_at=START + 70)
    assert await told(store, deal(), read_at=START + 69) == []


async def test_leads_and_deals_of_targets_are_apart(store):
    """The same id is another deal in another CRM, and another kind."""
    await told(store, deal(), deal(kind="lead"))
    await told(store, deal(), target="other")
    assert len(await read(store, deals.list_deals, DealFilter())) == 3
    assert len(await read(store, deals.list_deals, DealFilter(target="other"))) == 1


async def test_deal_of_a_call_is_in_its_record(store):
    """With every look at the call, and it outlives changes of the call from the PBX."""
    call = record()
    await save(store, call)
    (saved,) = await told(store, deal(amount="12500.5"), status="won")
    await write(store, deals.join, saved.deal, call.id, "phone", START)
    assert [one.amount for one in (await read(store, calls.get, call.id)).deals] == ["12500.5"]
    (again,) = await write(store, calls.save, [change(record())])
    assert [(one.id, one.way, one.status) for one in again.deals] == [("9", "phone", "won")]
    assert (again.version, again.tags) == (2, [])


async def test_deal_has_one_call(store):
    """A better join replaces the first one."""
    await save(store, record(1), record(2))
    (saved,) = await told(store, deal())
    await write(store, deals.join, saved.deal, record(1).id, "phone", START)
    await write(store, deals.join, saved.deal, record(2).id, "link", START)
    assert (await read(store, calls.get, record(1).id)).deals == []
    kept = await read(store, deals.get, "9")
    assert (kept.call_id, kept.way) == (record(2).id, "link")


async def test_likely_call_is_the_last_before(store):
    """Else the first after; calls of the house are none."""
    await save(store, record(1), record(2), record(3, direction="internal"), record(4))
    ids = [record(n).id for n in (1, 2, 3, 4)]

    async def likely(since: float, until: float) -> str | None:
        return await read(store, deals.likely_call, ids, START + since, START + until)

    assert await likely(0, 200) == record(2).id
    assert await likely(0, 1000) == record(4).id
    assert await likely(0, 10) == record(1).id
    assert await likely(130, 200) == record(4).id
    assert await likely(500, 900) is None


async def test_list_by_status_call_and_join(store):
    """The filters of `calltrackd deals list`."""
    call = record()
    await save(store, call)
    (won,) = await told(store, deal("1"), status="won")
    await told(store, deal("2"), read_at=START + 500)
    await write(store, deals.join, won.deal, call.id, "link", START)

    async def ids(**wanted: Any) -> list[str]:
        found = await read(store, deals.list_deals, DealFilter(**wanted))
        return [one.id for one in found]

    assert await ids() == ["2", "1"]
    assert await ids(status="won") == ["1"]
    assert await ids(joined=False) == ["2"]
    assert await ids(joined=True) == ["1"]
    assert await ids(call_id=call.id[:8]) == ["1"]
    assert await ids(since=START + 400) == ["2"]


async def test_forgotten_client_leaves_no_deal(store):
    """Those that bear the number in any form, and those of the client's calls."""
    await told(store, deal("1", phones=["8 (916) 000-00-00"], raw='{"p":"89161234567"}'))
    await told(store, deal("2", phones=["+79990000000"]))
    assert await write(store, deals.forget, "+79161234567") == 1
    assert [one.id for one in await read(store, deals.list_deals, DealFilter())] == ["2"]


async def test_old_deals_without_a_call_are_pruned(store):
    """A deal of a call goes with its call."""
    await save(store, record())
    (mine,) = await told(store, deal("1"))
    await told(store, deal("2"))
    await write(store, deals.join, mine.deal, record().id, "link", START)
    assert await write(store, deals.prune, START + 1000) == 1
    assert [one.id for one in await read(store, deals.list_deals, DealFilter())] == ["1"]
    assert await write(store, deals.drop, [record().id]) == 1
    assert await read(store, deals.list_deals, DealFilter()) == []


async def test_tags_and_deals_stand_beside_each_other(store):
    """A record has both, whoever changed it last."""
    from calltrackd.store import tags

    await save(store, record())
    (saved,) = await told(store, deal())
    await write(store, deals.join, saved.deal, record().id, "link", START)
    await write(store, tags.add, [(record().id, tag())])
    found = await read(store, calls.get, record().id)
    assert ([one.name for one in found.tags], [one.id for one in found.deals]) == (["sale"], ["9"])
