"""Talk maps of many calls, by operator: how each of them talks over a period. Pure."""

from collections.abc import Iterable

import msgspec

from calltrackd.speech.talk.talkmap import TalkMap


class OperatorTalk(msgspec.Struct):
    """One operator's calls of a period. Means are over calls, shares over seconds."""

    operator: str
    calls: int
    duration_s: float
    """Of all talks."""
    talk_share: float
    """Of what was spoken, how much by the operator: seconds over seconds, 0 to 1."""
    silence_share: float
    """Of the talks' time, how much nobody spoke."""
    interrupts_a_call: float
    """How often the operator interrupted the caller."""
    interrupted_a_call: float
    longest_monologue_s: float
    """The operator's longest one of all these calls."""
    turns_a_call: float
    """Turns of both sides."""


def by_operator(maps: Iterable[tuple[str, TalkMap]]) -> list[OperatorTalk]:
    """(operator, map) of each call in a period -> one line an operator, by name.

    The caller of this function chooses the period and, of calls with several operators, to whom a
    map belongs.
    """
    calls: dict[str, list[TalkMap]] = {}
    for operator, found in maps:
        calls.setdefault(operator, []).append(found)
    return [_summed(operator, calls[operator]) for operator in sorted(calls)]


def _summed(operator: str, maps: list[TalkMap]) -> OperatorTalk:
    own = sum(one.talk_s["operator"] for one in maps)
    said = own + sum(one.talk_s["caller"] for one in maps)
    lasted = sum(one.duration_s for one in maps)
    cut = [one.side for call in maps for one in call.interruptions]
    turns = sum(sum(one.turns.values()) for one in maps)
    return OperatorTalk(
        operator=operator,
        calls=len(maps),
        duration_s=lasted,
        talk_share=own / said if said else 0.0,
        silence_share=sum(one.silence_s for one in maps) / lasted if lasted else 0.0,
        interrupts_a_call=cut.count("operator") / len(maps),
        interrupted_a_call=cut.count("caller") / len(maps),
        longest_monologue_s=max(one.monologue_s["operator"] for one in maps),
        turns_a_call=turns / len(maps),
    )
