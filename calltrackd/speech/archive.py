"""Old calls by what was said in them: the index finds candidates, the rule reads them."""

from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec

from calltrackd.model.phrase_text import parse
from calltrackd.settings.phrases import Phrase
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
    store: Store, rule: Phrase, synonyms: Mapping[str, Sequence[str]], wanted: Wanted
) -> AsyncIterator[Found]:
    """Every transcript in which `rule` holds, newest first a language.

    The rule is to stand for itself: its `after` is not looked at. PhraseError when its text is
    none. `wanted`: language, time and number to narrow it down.
    """
    phrases = Phrases([rule.model_copy(update={"after": None, "within_s": None})], synonyms)
    async with store.read() as conn:
        spoken = await transcripts.languages(conn)
    for language in sorted(spoken, key=spoken.__getitem__, reverse=True):
        if wanted.language not in (None, language):
            continue
        terms = terms_of(parse(rule.match, synonyms), language)
        narrowed = msgspec.structs.replace(wanted, language=language, terms=terms)
        async for stored in every(store, narrowed):
            for match in await _matches(store, phrases, stored):
                yield Found(stored, match)


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
    return phrases.find(stored.transcript, record.did, record.queue)
