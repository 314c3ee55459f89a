"""A living channel, as the tracker knows it."""

from typing import TYPE_CHECKING

from calltrackd.model.channel import Role

if TYPE_CHECKING:
    from calltrackd.calls.call import Call


class Channel:
    """One channel: who is behind it and which call it serves."""

    __slots__ = (
        "asked_to_end",
        "call",
        "dialed",
        "dialed_by",
        "id",
        "incoming",
        "name",
        "number",
        "number_name",
        "party",
        "role",
        "stale",
        "started_at",
        "up",
    )

    def __init__(
        self,
        channel: str,
        name: str,
        role: Role,
        party: str | None,
        started_at: float,
        *,
        incoming: bool,
        number: str = "",
        number_name: str = "",
        dialed: str = "",
    ) -> None:
        self.id = channel
        self.name = name
        self.role = role
        self.party = party
        self.started_at = started_at
        self.incoming = incoming
        self.number = number
        self.number_name = number_name
        self.dialed = dialed
        self.dialed_by: str | None = None
        self.call: Call | None = None
        self.up = False
        self.asked_to_end = False
        self.stale = False
        """Known from before a lost link and not seen since."""
