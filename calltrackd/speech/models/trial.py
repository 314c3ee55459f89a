"""A model tried in a child process: does it load, and which words can it never hear."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from calltrackd.speech.engines.plan import VoskPlan
from calltrackd.speech.errors import SpeechError
from calltrackd.speech.pool import Pool


class Trial(msgspec.Struct):
    """How it went."""

    model: str
    problem: str | None = None
    """Why it can't be used; None: it can."""
    sample_rate: int | None = None
    """Hz."""
    load_s: float | None = None
    unknown: list[str] = []
    """Words that are not in its dictionary, in the order in which they were given."""


async def trials(models: Mapping[Path, Sequence[str]]) -> list[Trial]:
    """Each model by itself, with the words to look up in it."""
    pool = Pool(1, nice=0)
    try:
        return [await _trial(pool, path, words) for path, words in models.items()]
    finally:
        await pool.stop()


async def _trial(pool: Pool, path: Path, words: Sequence[str]) -> Trial:
    start = time.monotonic()
    try:
        asked = [spelling for word in words for spelling in spellings(word)]
        found = await pool.probe(VoskPlan(str(path)), list(dict.fromkeys(asked)))
    except SpeechError as error:
        return Trial(path.name, problem=str(error))
    load_s = round(time.monotonic() - start, 3)
    unknown = set(found.unknown)
    never = [word for word in dict.fromkeys(words) if unknown.issuperset(spellings(word))]
    return Trial(found.model, None, found.sample_rate, load_s, never)


def spellings(word: str) -> list[str]:
    """As it may stand in a dictionary: rules write е for ё, models do as they like.

    >>> spellings("счет")
    ['счет', 'счёт']
    """
    places = [at for at, letter in enumerate(word) if letter == "е"]
    return [word, *(f"{word[:at]}ё{word[at + 1 :]}" for at in places)]
