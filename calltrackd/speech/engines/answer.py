"""What commands and HTTP servers answer, in the shapes that are about.

`{"segments": [{"start", "end", "text", "words": [{"word", "start", "end", "probability"}]}]}`
(Whisper and its kin; a word's confidence may also be called `confidence`, `conf` or `score`),
`words` beside `segments` instead of in them (OpenAI), or only `{"text": "..."}`. Seconds count from
the start of the file that was sent. `{"error": "..."}` refuses the file.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from calltrackd.model.transcript import Word
from calltrackd.speech.engines.base import Heard, mean_confidence
from calltrackd.speech.errors import RefusedError

Second = Annotated[float, msgspec.Meta(ge=0, le=86_400)]


class _Word(msgspec.Struct):
    start: Second
    end: Second
    word: str | None = None
    text: str | None = None
    probability: float | None = None
    confidence: float | None = None
    conf: float | None = None
    score: float | None = None

    def told(self) -> Word:
        known = (self.confidence, self.probability, self.conf, self.score)
        sure = next((one for one in known if one is not None), None)
        text = (self.word or self.text or "").strip()
        return Word(text, self.start, self.end, None if sure is None else min(max(sure, 0.0), 1.0))


class _Segment(msgspec.Struct):
    start: Second
    end: Second
    text: str
    words: list[_Word] = []
    confidence: float | None = None


class _Answer(msgspec.Struct):
    text: str | None = None
    segments: list[_Segment] = []
    words: list[_Word] = []
    error: str | None = None


def read(answer: bytes, who: str, duration_s: float) -> list[Heard]:
    """What was heard in a file of so many seconds. RefusedError: `who` answered no such thing."""
    try:
        found = msgspec.json.decode(answer, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        start = answer[:80].decode("utf-8", "replace")
        raise RefusedError(f"{who} answered what can't be read ({error}): {start!r}") from None
    if found.error is not None:
        raise RefusedError(f"{who}: {found.error}")
    segments = found.segments
    if not segments and found.text:
        segments = [_Segment(0.0, duration_s, found.text, found.words)]
    elif found.words:
        _deal(found.words, segments)
    return [_heard(one) for one in segments if one.text.strip()]


def _deal(words: Sequence[_Word], segments: Sequence[_Segment]) -> None:
    """Words that stand beside the segments go to the one in which their middle lies."""
    for word in words:
        middle = (word.start + word.end) / 2
        home = min(segments, key=lambda one: max(one.start - middle, middle - one.end, 0.0))
        home.words.append(word)


def _heard(one: _Segment) -> Heard:
    words = [word for word in (each.told() for each in one.words) if word.word]
    sure = one.confidence if one.confidence is not None else mean_confidence(words)
    return Heard("final", one.text.strip(), one.start, one.end, sure, words)
