"""Transcript, tags, version and deliveries in one transaction."""

import msgspec
import pytest

from calltrackd.model.alert import Alert
from calltrackd.model.call import Tag
from calltrackd.model.transcript import Transcript, Turn
from calltrackd.pipeline.spoken import Spoken, save
from calltrackd.settings import Kinds
from calltrackd.store import calls, outbox, retention, tags, transcripts
from calltrackd.store.transcripts import Stored
from tests.crm.manual import a_target
from tests.store.build import START, read, record, write
from tests.store.build import save as save_calls

NOW = START + 900


def spoken(call, *names, **fields):
    """Tags of words for a call."""
    found = [Tag(name=name, source="phrase", at=START + n) for n, name in enumerate(names)]
    return Spoken(call_id=call.id, tags=found, **fields)


def heard(call):
    """A transcript to keep."""
    talk = Transcript("vosk", "small", "ru", 9.0, [Turn("caller", 1.0, 2.0, "деньги")])
    return Stored(call_id=call.id, path="a.wav", heard_from=START, made_at=NOW, transcript=talk)


def alert(call, name):
    """The alert of a tag."""
    return Alert(rule=name, kind="phrase", call_id=call.id, at=START)


async def commit(store, one, kinds=None):
    """Save what was said."""
    return await write(store, save, one, [a_target()], kinds or Kinds(), NOW)


async def steps(store):
    """(step, version) of what is owed, oldest first."""
    rows = await read(store, outbox.list_rows)
    return sorted((row.version, row.step) for row in rows)


async def test_transcript_and_tags_are_one_new_version(store):
    """Both are there, the version is one higher, one call.updated is owed with the tags in it."""
    (call,) = await save_calls(store, record(did="+7495"))
    done = await commit(store, spoken(call, "refund", stored=heard(call), words={"деньги"}))
    assert [(r.version, [t.name for t in r.tags]) for r in done.records] == [(2, ["refund"])]
    assert await read(store, transcripts.of_call, call.id) == [heard(call)]
    (row,) = await read(store, outbox.list_rows)
    assert (row.step, row.version) == ("updated", 2)
    assert [t["name"] for t in msgspec.json.decode(row.body)["data"]["tags"]] == ["refund"]


async def test_nothing_new_is_no_version(store):
    """The same words heard again tell nobody anything."""
    (call,) = await save_calls(store, record(did="+7495"))
    await commit(store, spoken(call, "refund"))
    assert await commit(store, spoken(call, "refund")) is None
    assert (await read(store, calls.get, call.id)).version == 2


async def test_alert_goes_out_once(store):
    """Said live and heard again in the recording: one call.alert, with its evidence."""
    (call,) = await save_calls(store, record(did="+7495"))
    await commit(store, spoken(call, "refund", alerts=[alert(call, "refund")]))
    again = spoken(call, "refund", "other", alerts=[alert(call, "refund")])
    await commit(store, again)
    assert await steps(store) == [(2, "alert"), (3, "updated")]


async def test_two_alerts_are_two_events(store):
    """Each has its own evidence, so each is an event, in the order of versions."""
    (call,) = await save_calls(store, record(did="+7495"))
    alerts = [alert(call, "a"), alert(call, "b")]
    done = await commit(store, spoken(call, "a", "b", alerts=alerts))
    assert [change.alert.rule for change in done.changes] == ["a", "b"]
    assert await steps(store) == [(2, "alert"), (3, "alert")]


async def test_tag_of_words_can_make_a_call_one_of_quality(store):
    """Kinds are judged anew, by what is known now."""
    (call,) = await save_calls(
        store, record(did="+7495", outcome="answered", answered_at=START, ended_at=START + 5)
    )
    done = await commit(store, spoken(call, "sale"), Kinds(quality_tags=["sale"]))
    assert "quality" in done.records[0].kind


async def test_tags_that_the_rules_no_longer_give_go(store):
    """A mended rule takes its tag back; the record is told without it."""
    (call,) = await save_calls(store, record(did="+7495"))
    await commit(store, spoken(call, "refund"))
    done = await commit(store, spoken(call, untags={"refund"}))
    assert done.records[0].tags == []
    assert await read(store, tags.of_calls, [call.id]) == {}


async def test_forgotten_call_stays_forgotten(store):
    """The person was forgotten while the engine listened: nothing of it is written."""
    (call,) = await save_calls(store, record(did="+7495"))
    await write(store, retention.forget, call.caller)
    assert await commit(store, spoken(call, "refund", stored=heard(call))) is None
    assert await read(store, transcripts.of_call, call.id) == []


async def test_what_fails_leaves_nothing_behind(store):
    """Transcript, tags and deliveries stand or fall together."""
    (call,) = await save_calls(store, record(did="+7495"))

    async def broken(conn):
        await save(conn, spoken(call, "refund", stored=heard(call)), [a_target()], Kinds(), NOW)
        raise ValueError("poison")

    with pytest.raises(ValueError, match="poison"):
        await store.writer.submit(broken)
    assert await read(store, transcripts.of_call, call.id) == []
    assert (await read(store, calls.get, call.id)).version == 1
    assert await read(store, outbox.list_rows) == []
