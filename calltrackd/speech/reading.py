"""What a transcript means by the settings: masked, tags, scripts, tone, words to find it by."""

from collections.abc import Sequence
from typing import Any

import msgspec

from calltrackd.model.alert import Alert
from calltrackd.model.call import Tag
from calltrackd.model.transcript import Transcript
from calltrackd.settings import Settings
from calltrackd.tagging.masks import Masks
from calltrackd.tagging.phrases.match import Heard, Match, evidence, tag_of
from calltrackd.tagging.phrases.phrases import Phrases
from calltrackd.tagging.phrases.terms import index_words
from calltrackd.tagging.scripts import compliance
from calltrackd.tagging.tone import Tone, counted, lexicon


class Read(msgspec.Struct):
    """One transcript, read."""

    transcript: Transcript
    """As it may be stored."""
    words: set[str]
    """By which it is found."""
    matches: list[Match]
    findings: dict[str, Any]
    """`scripts`: list of `{script, percent, kept, missing, broken}`; `tone`: counts by side."""


class Reader:
    """Made once from the settings. LexiconError or OSError when the lexicon can't be used."""

    def __init__(self, settings: Settings) -> None:
        self.phrases = Phrases(settings.phrase, settings.synonyms)
        self._masks = Masks(cards=settings.mask.cards, patterns=settings.mask.patterns)
        self._scripts = settings.script
        self._tone = Tone(lexicon(settings.tone.lexicon)) if settings.tone.enabled else None

    def read(
        self, transcript: Transcript, did: str | None, queue: str | None, answer_s: float = 0.0
    ) -> Read:
        """Everything about the transcript of a call on `did` (E.164) through `queue`.

        `answer_s`: where the talk begins in it; windows such as `first_s` count from there.
        The rules read what may be stored, so no quote holds what is masked.
        """
        masked = self._masks.mask(transcript)
        matches = holding(self.phrases, masked, did, queue, answer_s)
        return Read(
            masked, index_words(masked), matches, self.findings(masked, matches, did, queue)
        )

    def heard(self, matches: Sequence[Match]) -> list[Match]:
        """Matches of a talk that goes on, with quotes that may be stored and told."""
        return [
            msgspec.structs.replace(
                match,
                spans=tuple(
                    msgspec.structs.replace(span, quote=self._masks.quote(span.quote))
                    for span in match.spans
                ),
            )
            for match in matches
        ]

    def findings(
        self,
        transcript: Transcript,
        matches: Sequence[Match],
        did: str | None,
        queue: str | None,
    ) -> dict[str, Any]:
        """What is judged of a masked transcript in which these rules hold."""
        found: dict[str, Any] = {}
        if scripts := compliance(self._scripts, matches, did, queue):
            found["scripts"] = msgspec.to_builtins(scripts)
        if self._tone is not None:
            found["tone"] = counted(self._tone.markers(transcript))
        return found


def holding(
    phrases: Phrases,
    transcript: Transcript,
    did: str | None,
    queue: str | None,
    answer_s: float,
) -> list[Match]:
    """The rules that hold in a recording; their windows count from the answer, `answer_s`."""
    talk = _earlier(transcript, answer_s)
    return [_later(match, answer_s) for match in phrases.find(talk, did, queue)]


def _earlier(transcript: Transcript, by_s: float) -> Transcript:
    """The transcript on a line that begins `by_s` later."""
    if not by_s:
        return transcript
    turns = [
        msgspec.structs.replace(
            turn,
            start=turn.start - by_s,
            end=turn.end - by_s,
            words=[
                msgspec.structs.replace(word, start=word.start - by_s, end=word.end - by_s)
                for word in turn.words
            ],
        )
        for turn in transcript.turns
    ]
    return msgspec.structs.replace(transcript, duration_s=transcript.duration_s - by_s, turns=turns)


def _later(match: Match, by_s: float) -> Match:
    spans = (
        msgspec.structs.replace(span, start=span.start + by_s, end=span.end + by_s)
        for span in match.spans
    )
    return msgspec.structs.replace(match, spans=tuple(spans)) if by_s else match


def tags_of(matches: Sequence[Match], heard: Heard) -> list[Tag]:
    """The tags that the matches set."""
    return [tag_of(match, heard) for match in matches if match.tag]


def alerts_of(matches: Sequence[Match], heard: Heard, call_id: str) -> list[Alert]:
    """What is to be told at once of the matches."""
    return [
        Alert(
            rule=match.tag,
            kind="phrase",
            call_id=call_id,
            at=heard.since + match.spans[-1].end,
            evidence=evidence(match, heard),
        )
        for match in matches
        if match.alert
    ]
