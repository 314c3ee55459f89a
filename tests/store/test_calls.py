import msgspec
import pytest

from calltrackd.model.call import EarlierCall, KeyPress, Leg, Recording, Source, Talk, Transfer
from calltrackd.store import calls, tags
from calltrackd.store.calls import CallFilter
from calltrackd.store.errors import NotUnique

from .build import START, change, read, record, save, tag, write


async def test_record_comes_back_whole(store):
    """What was saved is read back field by field, nested parts included."""
    at = START + 60
    one = record(
        tracked=True,
        did="+74951234567",
        caller_name="Анна «Ромашка»",
        outcome="answered",
        answered_at=at + 7.125,
        talk_s=12.345,
        ivr_path=["1", "2"],
        operators=["101"],
        legs=[Leg("101", at + 1, at + 7, "answered")],
        talks=[Talk("101", at + 7.125, None, 1.5)],
        transfers=[Transfer("blind", "101", "102", at + 20, True)],
        digits=[KeyPress("operator", "101", "5", at + 9)],
        recordings=[Recording("/rec/1.wav", "both", at)],
        source=Source(medium="cpc", click_ids={"gclid": "x"}),
        first_source=Source(medium="organic"),
        kind=["repeat"],
        earlier=[EarlierCall("e", START, "abandoned", [], ["spam"])],
        certainty="recovered",
    )
    await save(store, one)
    assert await read(store, calls.get, one.id) == msgspec.structs.replace(one, version=1)


async def test_versions_grow_by_one_with_every_change(store):
    """Each change of a call gets the next version, within a save and over several."""
    first, second = record(1), record(2)
    saved = await save(store, first, second, first)
    assert [r.version for r in saved] == [1, 1, 2]
    assert [r.version for r in await save(store, second, first)] == [2, 3]


async def test_last_change_of_a_save_is_what_stays(store):
    """Of several changes of one call in one save, the last is stored with its version."""
    early, late = record(outcome="in_progress"), record(outcome="answered")
    saved = await save(store, early, late)
    stored = await read(store, calls.get, late.id)
    assert [r.outcome for r in saved] == ["in_progress", "answered"]
    assert (stored.outcome, stored.version) == ("answered", 2)


async def test_given_record_is_not_altered(store):
    """The caller's record keeps its own version and tags: it belongs to the tracker."""
    one = record(tags=[tag("other")])
    await save(store, one)
    assert (one.version, [t.name for t in one.tags]) == (0, ["other"])


async def test_stored_tags_are_merged_into_the_saved_record(store):
    """A saved record comes back with the tags that stand, not with those it was given."""
    one = record(tags=[tag("not in the store")])
    given = change(one)
    given.tags = [tag("sale", START + 2), tag("vip", START + 1)]

    async def work(conn):
        await tags.add(conn, [(one.id, mark) for mark in given.tags])
        return await calls.save(conn, [given])

    (saved,) = await store.writer.submit(work)
    stored = await read(store, calls.get, one.id)
    assert [t.name for t in saved.tags] == ["vip", "sale"]
    assert stored.tags == saved.tags


async def test_first_seq_stays_the_first(store):
    """Later changes don't move the point from which a call can be rebuilt."""
    one = record()
    await save(store, one, seqs={one.id: 7})
    await save(store, one, seqs={one.id: 90})
    assert await read(store, calls.oldest_open_seq, "hq") == 7


async def test_oldest_open_seq_passes_over_ended_calls_and_other_attachments(store):
    """Only calls in progress of the asked attachment hold the journal back."""
    ended, open_, other = record(1, ended_at=START), record(2), record(3, pbx="branch")
    await save(store, ended, open_, other, seqs={ended.id: 1, open_.id: 5, other.id: 2})
    assert await read(store, calls.oldest_open_seq, "hq") == 5
    assert await read(store, calls.oldest_open_seq, "nowhere") is None


async def test_open_calls_are_those_without_an_end(store):
    """A call in talk is open although it is answered; an ended one is not."""
    ended, talking = record(1, ended_at=START), record(2, outcome="answered")
    await save(store, ended, talking, record(3, pbx="branch"))
    assert [r.id for r in await read(store, calls.open_calls, "hq")] == [talking.id]


async def test_get_by_unique_beginning(store):
    """An id can be shortened as long as one call begins so; else NotUnique."""
    near, far = record(1), record(100_000)
    await save(store, near, far)
    assert (await read(store, calls.get, near.id[:13])).id == near.id
    assert await read(store, calls.get, "ffff") is None
    with pytest.raises(NotUnique):
        await read(store, calls.get, near.id[:2])


async def test_get_takes_no_wildcards(store):
    """A percent sign in a typed id is a letter like others."""
    await save(store, record())
    assert await read(store, calls.get, "%") is None


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (CallFilter(), [4, 3, 2, 1]),
        (CallFilter(since=START + 120), [4, 3, 2]),
        (CallFilter(until=START + 120), [1]),
        (CallFilter(did="+7495"), [1]),
        (CallFilter(caller="+7812"), [2]),
        (CallFilter(operator="101"), [3]),
        (CallFilter(operator="10"), []),
        (CallFilter(operator="%"), []),
        (CallFilter(outcome="busy"), [2]),
        (CallFilter(lost=True), [2]),
        (CallFilter(tracked=True), [1]),
        (CallFilter(direction="outbound"), [4]),
        (CallFilter(pbx="branch"), [4]),
        (CallFilter(tag="sale"), [1]),
        (CallFilter(tag="undone"), []),
        (CallFilter(without_tag="sale"), [4, 3, 2]),
        (CallFilter(without_tag="undone", tracked=True), [1]),
    ],
)
async def test_list_filters(store, wanted, numbers):
    """Each filter leaves the calls that fit, newest first."""
    four = [
        record(1, did="+7495", tracked=True),
        record(2, caller="+7812", outcome="busy", lost=True),
        record(3, operators=["100", "101"]),
        record(4, pbx="branch", direction="outbound"),
    ]

    async def work(conn):
        await calls.save(conn, [change(one) for one in four])
        await tags.add(conn, [(four[0].id, tag("sale")), (four[0].id, tag("undone"))])
        await tags.remove(conn, four[0].id, "undone", START + 1)

    await store.writer.submit(work)
    found = await read(store, calls.list_calls, wanted)
    assert [r.id for r in found] == [four[n - 1].id for n in numbers]


async def test_list_pages(store):
    """Limit and offset walk through the list without a gap."""
    ids = [r.id for r in await save(store, *(record(n) for n in range(1, 6)))]
    pages = [await read(store, calls.list_calls, CallFilter(), 2, at) for at in (0, 2, 4)]
    assert [r.id for page in pages for r in page] == ids[::-1]


async def test_more_calls_than_a_statement_has_parameters(store):
    """A journal read again can bring very many calls in one save."""
    many = [record(n) for n in range(40_000)]
    saved = await save(store, *many)
    assert len(saved) == 40_000
    assert {r.version for r in await save(store, *many[:3])} == {2}


async def test_empty_save_asks_nothing(store):
    """Nothing changed: nothing returned."""
    assert await write(store, calls.save, []) == []
