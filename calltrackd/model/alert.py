"""A control event: something that a rule wants told at once."""

from typing import Any, Literal

import msgspec

AlertKind = Literal["phrase", "hang_up", "hold", "wait", "no_answer"]


class Alert(msgspec.Struct, kw_only=True):
    """One rule held in one call, for the first time. The call bears the tag `rule` from then on."""

    rule: str
    """The tag's name."""
    kind: AlertKind
    call_id: str
    at: float
    """When it happened, unix seconds."""
    evidence: dict[str, Any] = {}
