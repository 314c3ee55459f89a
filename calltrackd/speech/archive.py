"""Old calls by what was said in them: the index finds candidates, the rule reads them."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

import msgspec

from calltrackd.model.call import CallRecord
from calltrackd.model.phrase_text import parse
from calltrackd.settings.phrases import Phrase
from calltrackd.speech.reading import holding
from calltrackd.store import calls, transcripts
from calltrackd.store.engine import Store
from calltrackd.store.transcripts import Stored, Wanted
from calltrackd.tagging.phrases.match import Match
from calltrackd.tagging.phrases.phrases import Phrases
from calltrackd.tagging.phrases.terms import terms_of

AT_ONCE = 100
"""Transcripts in memory at once."""


class Found(msgspec.Struct):
    """A transcript in which a rule holds."""

    stored: Stored
    match: Match


async def search(
    store: Store,
    rule: Phrase,
    synonyms: Mapping[str, Sequence[str]],
    wanted: Wanted,
    others: Iterable[Phrase] = (),
) -> AsyncIterator[Found]:
    """Every transcript in which `rule` holds, newest first a language.

    `others`: rules, among them those for which it waits (`settings.phrases.clashes` tells what is
    wrong with them). PhraseError when its text is none. `wanted`: language, time and number to
    narrow it down.
    """
    phrases = Phrases(_line(rule, others), synonyms)
    async with store.read() as conn:
        spoken = await transcripts.languages(conn)
    for language in sorted(spoken, key=spoken.__getitem__, reverse=True):
        if wanted.language not in (None, language):
            continue
        terms = terms_of(parse(rule.match, synonyms), language)
        narrowed = msgspec.structs.replace(wanted, language=language, terms=terms)
        async for stored in every(store, narrowed):
            for match in await _matches(store, phrases, stored):
                if match.rule == rule.name:
                    yield Found(stored, match)


def _line(rule: Phrase, others: Iterable[Phrase]) -> list[Phrase]:
    """The rule, behind those for which it waits."""
    named = {one.name: one for one in others}
    line = [rule]
    while (before := line[0].after) is not None:
        line.insert(0, named[before])
    return line


async def every(store: Store, wanted: Wanted) -> AsyncIterator[Stored]:
    """Every transcript that fits, newest first, a page at a time."""
    offset = 0
    while True:
        async with store.read() as conn:
            page = await transcripts.search(conn, wanted, AT_ONCE, offset)
        for stored in page:
            yield stored
        if len(page) < AT_ONCE:
            return
        offset += AT_ONCE


async def _matches(store: Store, phrases: Phrases, stored: Stored) -> list[Match]:
    async with store.read() as conn:
        record = await calls.get(conn, stored.call_id)
    if record is None:
        return []
    return matches(phrases, stored, record)


def matches(phrases: Phrases, stored: Stored, record: CallRecord) -> list[Match]:
    """The rules that hold for a stored transcript of a call; windows count from the answer."""
    answer_s = max(0.0, (record.answered_at or 0.0) - stored.heard_from)
    return holding(phrases, stored.transcript, record.did, record.queue, answer_s)
