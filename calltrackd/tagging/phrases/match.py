"""A rule that holds for a call, on what evidence; and the tag that it becomes."""

from typing import Any

import msgspec

from calltrackd.model.call import Tag
from calltrackd.tagging.phrases.span import Span


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that held in one call. `tag` is empty when it sets none."""

    rule: str
    tag: str
    alert: bool
    spans: tuple[Span, ...]
    """At least one; in the order in which they were said."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """Where the words come from. `since`: unix seconds of the recording's second 0."""

    since: float
    engine: str
    model: str


def tag_of(match: Match, heard: Heard) -> Tag:
    """The tag, with all the evidence that RECORD.md asks for; at = the first word's moment."""
    first = match.spans[0]
    return Tag(
        name=match.tag,
        source="phrase",
        at=heard.since + first.start,
        evidence=evidence(match, heard),
    )


def evidence(match: Match, heard: Heard) -> dict[str, Any]:
    """Rule, quote, second, side, confidence, engine and model; all spans when there are several."""
    first = match.spans[0]
    sure = [span.confidence for span in match.spans if span.confidence is not None]
    found: dict[str, Any] = {
        "rule": match.rule,
        "quote": " … ".join(span.quote for span in match.spans),
        "second": round(first.start, 2),
        "side": first.side,
        "confidence": round(min(sure), 3) if sure else None,
        "engine": heard.engine,
        "model": heard.model,
    }
    if len(match.spans) > 1:
        found["spans"] = [
            {
                "side": span.side,
                "second": round(span.start, 2),
                "end": round(span.end, 2),
                "quote": span.quote,
            }
            for span in match.spans
        ]
    return found
