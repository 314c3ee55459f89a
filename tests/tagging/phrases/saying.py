"""Talks as short as a test's point: `talk("operator: добрый день", "caller: верните деньги")`."""

from typing import Any

from calltrackd.model.transcript import Transcript, Turn, Word
from calltrackd.settings.phrases import Phrase
from calltrackd.tagging.phrases.match import Match
from calltrackd.tagging.phrases.phrases import Phrases

WORD_S = 0.5
"""Each word begins half a second after the one before it."""


def talk(*turns: str, language: str = "ru") -> Transcript:
    """One turn a text, `side: words`, one after the other; `side@12: words` begins at second 12."""
    made: list[Turn] = []
    at = 0.0
    for text in turns:
        head, _, said = text.partition(": ")
        side, _, begin = head.partition("@")
        at = float(begin) if begin else at
        words = [
            Word(word, at + n * WORD_S, at + n * WORD_S + 0.4, 0.9)
            for n, word in enumerate(said.split())
        ]
        made.append(Turn(side, at, words[-1].end, said, 0.9, words))  # type: ignore[arg-type]
        at = words[-1].end + 0.1
    return Transcript("vosk", "small-ru", language, at, made)


def rule(match: str, **fields: Any) -> Phrase:
    """A rule that is named `rule` unless said otherwise."""
    return Phrase(**{"name": "rule", "match": match, **fields})


def found(transcript: Transcript, *rules: Phrase, **limits: Any) -> list[Match]:
    """What holds, the transcript taken as a whole."""
    return Phrases(rules).find(transcript, **limits)


def quotes(match: str, *turns: str, language: str = "ru", **fields: Any) -> list[str]:
    """The quotes of one rule's evidence in one talk; empty: it does not hold."""
    matches = found(talk(*turns, language=language), rule(match, **fields))
    return [span.quote for one in matches for span in one.spans]
