"""Evidence: which words, whose, when."""

import msgspec

from calltrackd.model.call import Party


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Words that were said together. Seconds from the recording's start."""

    side: Party
    start: float
    end: float
    quote: str
    confidence: float | None = None
    """The least sure word, 0-1; None when the engine gives none."""
