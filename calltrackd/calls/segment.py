"""One talk segment of an operator with the client, and the hold inside it.

Hold has two reasons: the operator put the client on hold, or the operator is away from the client
to consult another (Asterisk moves the operator's channel out of the client's bridge then). They
overlap; the segment is on hold while any lasts. Being away for less than `BLINK_S` without a hold
is no consultation: a Local channel optimised away leaves and enters within milliseconds. The phone
that is consulted may be rung a moment before the operator is away: on a busy machine Asterisk 22
told `*2`'s DialBegin before its BridgeLeave.
"""

from typing import Literal

from calltrackd.model.call import Talk

BLINK_S = 0.5
Reason = Literal["held", "away"]


class Segment:
    """An open or closed talk segment."""

    __slots__ = (
        "changed_at",
        "channel",
        "consulted",
        "hold_s",
        "hold_since",
        "operator",
        "reasons",
        "rung",
        "start",
        "to",
        "was_held",
    )

    def __init__(self, operator: str, channel: str, start: float) -> None:
        self.operator = operator
        self.channel = channel
        self.start = start
        self.to: float | None = None
        self.changed_at = start
        self.hold_s = 0.0
        self.hold_since: float | None = None
        self.reasons: set[Reason] = set()
        self.was_held = False
        self.consulted: str | None = None
        self.rung: tuple[str, float] | None = None

    def consults(self, operator: str, at: float) -> None:
        """A phone is rung on behalf of the operator if it is away from the client, or soon is."""
        self.rung = operator, at
        if "away" in self.reasons:
            self.consulted = operator

    def take_consulted(self) -> str | None:
        """Whom it rang since it went away; asked once."""
        consulted, self.consulted = self.consulted, None
        return consulted

    def hold(self, reason: Reason, at: float) -> None:
        """The client is on hold for `reason` from `at`; what comes late changes nothing."""
        if at < self.changed_at:
            return
        self.changed_at = at
        if not self.reasons:
            self.hold_since = at
            self.was_held = False
        if reason == "away" and self.rung is not None and at - self.rung[1] < BLINK_S:
            self.consulted = self.rung[0]
        self.reasons.add(reason)
        self.was_held |= reason == "held"

    def resume(self, reason: Reason, at: float) -> None:
        """That reason is over; without one before, nothing happens (REFER sends a bare Unhold)."""
        if at < self.changed_at:
            return
        self.changed_at = at
        self.reasons.discard(reason)
        if not self.reasons and self.hold_since is not None:
            self.hold_s += self._held(at)
            self.hold_since = None

    def close(self, at: float) -> None:
        """The talk ended at `at`, the hold with it."""
        self.to = max(at, self.start)
        if self.hold_since is not None:
            self.hold_s += self._held(self.to)
            self.hold_since = None
            self.reasons.clear()

    def talk(self, at: float) -> Talk:
        """As it stands at `at`."""
        hold = self.hold_s + (self._held(at) if self.hold_since is not None else 0.0)
        return Talk(operator=self.operator, start=self.start, to=self.to, hold_s=hold)

    def _held(self, at: float) -> float:
        lasted = max(0.0, at - (self.hold_since or at))
        return lasted if self.was_held or lasted >= BLINK_S else 0.0
