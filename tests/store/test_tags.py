import pytest
from sqlalchemy.exc import IntegrityError

from calltrackd.store import tags

from .build import START, read, record, save, tag, write


async def test_tag_comes_back_with_its_evidence(store):
    """Name, source, who, when and evidence are kept."""
    (call,) = await save(store, record())
    mark = tag(by="101", evidence={"keys": "*1", "seconds": 3.5})
    await write(store, tags.add, [(call.id, mark)])
    assert await read(store, tags.of_calls, [call.id]) == {call.id: [mark]}


async def test_same_evidence_is_added_once(store):
    """A change that is repeated after a crash doubles no tag and says that nothing changed."""
    (call,) = await save(store, record())
    assert await write(store, tags.add, [(call.id, tag())]) == {call.id}
    assert await write(store, tags.add, [(call.id, tag())]) == set()
    assert len((await read(store, tags.of_calls, [call.id]))[call.id]) == 1


async def test_add_tells_which_calls_changed(store):
    """Of several calls only those with something new are named."""
    one, two = await save(store, record(1), record(2))
    await write(store, tags.add, [(one.id, tag())])
    marks = [(one.id, tag()), (two.id, tag()), (two.id, tag("vip"))]
    assert await write(store, tags.add, marks) == {two.id}


async def test_removed_tag_is_gone_and_stays_gone(store):
    """A replayed addition does not bring back what was removed."""
    (call,) = await save(store, record())
    await write(store, tags.add, [(call.id, tag())])
    assert await write(store, tags.remove, call.id, "sale", START + 1)
    assert not await write(store, tags.remove, call.id, "sale", START + 1)
    assert await write(store, tags.add, [(call.id, tag())]) == set()
    assert await read(store, tags.of_calls, [call.id]) == {}


async def test_replayed_removal_spares_what_came_later(store):
    """Set, undone, set again: reading the undo once more leaves the second one."""
    (call,) = await save(store, record())
    await write(store, tags.add, [(call.id, tag(at=START + at)) for at in (1, 3)])
    await write(store, tags.remove, call.id, "sale", START + 2)
    await write(store, tags.remove, call.id, "sale", START + 2)
    left = (await read(store, tags.of_calls, [call.id]))[call.id]
    assert [t.at for t in left] == [START + 3]


async def test_tag_of_an_unknown_call_is_refused(store):
    """A tag must belong to a call that is there when the transaction commits."""
    with pytest.raises(IntegrityError):
        await write(store, tags.add, [("no such call", tag())])


async def test_nothing_to_add_or_to_ask(store):
    """Empty lists are answered without a question to the database."""
    assert await write(store, tags.add, []) == set()
    assert await read(store, tags.of_calls, []) == {}


async def test_author_removes_only_what_is_its_own(store):
    """An operator's undo leaves the same tag that somebody else set; nobody named is an author."""
    (call,) = await save(store, record())
    marks = [tag(by="101"), tag(by=None, source="rule"), tag(by="anna", source="manual")]
    await write(store, tags.add, [(call.id, mark) for mark in marks])
    for author in (("keypad", "101"), ("rule", None), ("manual", "boris")):
        await write(store, tags.remove, call.id, "sale", START + 1, set_by=author)
    left = (await read(store, tags.of_calls, [call.id]))[call.id]
    assert [t.by for t in left] == ["anna"]


async def test_words_set_a_name_once_a_call(store):
    """Heard live and again in the recording, half a second apart: one tag, the first."""
    (call,) = await save(store, record())
    live, later = (tag("refund", at, source="phrase") for at in (START, START + 0.5))
    assert await write(store, tags.add, [(call.id, live)]) == {call.id}
    assert await write(store, tags.add, [(call.id, later)]) == set()
    assert (await read(store, tags.of_calls, [call.id]))[call.id] == [live]


async def test_words_do_not_set_again_what_a_person_removed(store):
    """The rules are run over the archive: a removed tag stays removed."""
    (call,) = await save(store, record())
    await write(store, tags.add, [(call.id, tag("refund", source="phrase"))])
    await write(store, tags.remove, call.id, "refund", START + 9)
    again = tag("refund", START + 3, source="phrase")
    assert await write(store, tags.add, [(call.id, again)]) == set()


async def test_tag_of_words_stands_beside_the_same_name_from_keys(store):
    """Each source judges for itself: their agreement is worth knowing."""
    (call,) = await save(store, record())
    both = [(call.id, tag("sale")), (call.id, tag("sale", source="phrase"))]
    await write(store, tags.add, both)
    found = (await read(store, tags.of_calls, [call.id]))[call.id]
    assert sorted(one.source for one in found) == ["keypad", "phrase"]


async def test_taken_back_tag_may_come_again(store):
    """A rule that was wrong takes its tag back; the mended rule sets it anew; keys stay."""
    (call,) = await save(store, record())
    one = tag("refund", source="phrase")
    await write(store, tags.add, [(call.id, one), (call.id, tag("refund", START + 1))])
    gone = await write(store, tags.take_back, call.id, "phrase", ["refund", "other"])
    assert gone == {"refund"}
    standing = (await read(store, tags.of_calls, [call.id]))[call.id]
    assert [mark.source for mark in standing] == ["keypad"]
    assert await write(store, tags.add, [(call.id, one)]) == {call.id}
