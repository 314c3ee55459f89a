import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from calltrackd.model.terms import EveryTerm, SomeTerm, Term
from calltrackd.model.transcript import Transcript, Turn, Word
from calltrackd.store import retention, speech_jobs, talk_maps, transcripts
from calltrackd.store.speech_jobs import NewJob
from calltrackd.store.transcripts import Stored, Wanted

from .build import START, on_sqlite, read, record, save, write


def heard(call, said, path="a.wav", language="ru", **fields):
    """A transcript of one turn, and the words by which it is found."""
    word = Word(said.split()[0], 1.0, 1.5, 0.9)
    spoken = Transcript("vosk", "small", language, 60.0, [Turn("caller", 1, 2, said, None, [word])])
    given = {"heard_from": call.started_at, "made_at": START + 900, **fields}
    return Stored(call_id=call.id, path=path, transcript=spoken, **given), said.split()


async def test_transcript_comes_back_as_it_was(store):
    """Turns, words, engine, model and findings; several recordings in the order of time."""
    (call,) = await save(store, record())
    later, words = heard(call, "до свидания", "b.wav", heard_from=START + 500)
    first, other = heard(call, "добрый день", findings={"tone": {"caller": 1}})
    await write(store, transcripts.save, later, words)
    await write(store, transcripts.save, first, other)
    assert await read(store, transcripts.of_call, call.id) == [first, later]


async def test_transcript_made_again_takes_the_place_of_the_old_one(store):
    """A better model hears the same file: one transcript, found by its new words only."""
    (call,) = await save(store, record())
    await write(store, transcripts.save, *heard(call, "старые слова"))
    newer, words = heard(call, "новые слова", made_at=START + 999)
    await write(store, transcripts.save, newer, words)
    assert await read(store, transcripts.of_call, call.id) == [newer]
    assert await read(store, transcripts.search, Wanted(terms=Term("старые"))) == []
    assert await read(store, transcripts.search, Wanted(terms=Term("новые"))) == [newer]


@pytest.mark.parametrize(
    ("terms", "found"),
    [
        (Term("деньги"), [2, 1]),
        (Term("день", prefix=True), [3, 2, 1]),
        (Term("день"), [3]),
        (EveryTerm((Term("деньги"), Term("верните"))), [1]),
        (SomeTerm((Term("верните"), Term("добрый"))), [3, 1]),
        (EveryTerm((Term("деньги"), SomeTerm((Term("нет"), Term("мои"))))), [2]),
        (Term("п'ять"), [4]),
        (Term("п'я", prefix=True), [4]),
        (Term('день" OR "деньги'), []),
        (Term("деньги' | 'день\\"), []),
        (Term("NEAR"), []),
    ],
)
async def test_search_by_words(store, terms, found):
    """All, any, beginnings; newest first; signs in a word are letters, not a query."""
    said = ["верните деньги", "мои деньги", "добрый день", "п'ять"]
    calls = await save(store, *(record(n) for n in range(1, 5)))
    for call, words in zip(calls, said, strict=True):
        await write(store, transcripts.save, *heard(call, words))
    stored = await read(store, transcripts.search, Wanted(terms=terms))
    assert [one.call_id for one in stored] == [calls[n - 1].id for n in found]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), [2, 1]),
        (Wanted(language="uk"), [2]),
        (Wanted(since=START + 120), [2]),
        (Wanted(until=START + 120), [1]),
        (Wanted(did="+7495"), [1]),
        (Wanted(did="+7495", terms=Term("другое")), []),
    ],
)
async def test_search_by_the_rest(store, wanted, found):
    """Language, time and number narrow it down."""
    calls = await save(store, record(1, did="+7495"), record(2))
    for call, language in zip(calls, ("ru", "uk"), strict=True):
        await write(store, transcripts.save, *heard(call, "слово", language=language))
    stored = await read(store, transcripts.search, wanted)
    assert [one.call_id for one in stored] == [calls[n - 1].id for n in found]


async def test_search_pages(store):
    """Limit and offset walk through the finds."""
    calls = await save(store, *(record(n) for n in range(1, 4)))
    for call in calls:
        await write(store, transcripts.save, *heard(call, "слово"))
    pages = [await read(store, transcripts.search, Wanted(), 2, at) for at in (0, 2)]
    assert [[one.call_id for one in page] for page in pages] == [
        [calls[2].id, calls[1].id],
        [calls[0].id],
    ]


async def test_languages_are_counted(store):
    """Who searches knows in which languages."""
    calls = await save(store, record(1), record(2))
    for call, language in zip(calls, ("ru", "ru"), strict=True):
        await write(store, transcripts.save, *heard(call, "слово", language=language))
    assert await read(store, transcripts.languages) == {"ru": 2}


async def test_transcript_of_no_call_is_refused(store):
    """What was said belongs to a call."""
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        await write(store, transcripts.save, *heard(record(), "слово"))


@pytest.mark.parametrize("how", ["forget", "prune"])
async def test_what_was_said_goes_with_the_call(store, how):
    """Transcript, its words, its job and its talk map are gone; another client's stay."""
    one, other = await save(
        store, record(1, ended_at=START + 90), record(9, caller="+7812", ended_at=START + 600)
    )
    for call in (one, other):
        await write(store, transcripts.save, *heard(call, "деньги"))
        await write(store, talk_maps.save, call.id, "{}", START)
        job = NewJob(call_id=call.id, path="a.wav", call_started_at=START)
        await write(store, speech_jobs.add, [job], START)
    if how == "forget":
        gone = await write(store, retention.forget, one.caller)
    else:
        gone = await write(store, retention.prune, START + 300)
    assert (gone.calls, gone.transcripts) == (1, 1)
    found = await read(store, transcripts.search, Wanted(terms=Term("деньги")))
    assert [stored.call_id for stored in found] == [other.id]
    assert list(await read(store, talk_maps.of_calls, [one.id, other.id])) == [other.id]
    assert [job.call_id for job in await read(store, speech_jobs.list_jobs)] == [other.id]

    async def terms(conn):
        return (await conn.execute(text("SELECT count(*) FROM transcript_terms"))).scalar()

    assert await read(store, terms) == 1


@on_sqlite
async def test_forgotten_words_are_not_left_in_the_file(store, url):
    """Neither the text nor the index of words can be read from the file afterwards."""
    calls = await save(store, *(record(n, caller=f"+7{n}") for n in range(20)))
    for call in calls:
        await write(store, transcripts.save, *heard(call, f"beeblebrox{call.caller[1:]}"))
    await write(store, retention.forget, "+77")
    await store.close()
    content = await asyncio.to_thread(Path(url.removeprefix("sqlite:///")).read_bytes)
    assert b"beeblebrox78" in content
    assert b"beeblebrox77" not in content


async def test_talk_map_made_again(store):
    """One a call: the later one holds."""
    (call,) = await save(store, record())
    await write(store, talk_maps.save, call.id, '{"a":1}', START)
    await write(store, talk_maps.save, call.id, '{"a":2}', START)
    assert await read(store, talk_maps.of_calls, [call.id]) == {call.id: '{"a":2}'}
