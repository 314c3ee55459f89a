"""A living channel, as the tracker knows it."""

from typing import TYPE_CHECKING

from calltrackd.model.channel import ChannelStarted, Role, SeenChannel

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
        "room_at",
        "stale_at",
        "started_at",
        "talks_in",
        "up_at",
    )

    def __init__(self, seen: ChannelStarted | SeenChannel, started_at: float) -> None:
        self.id = seen.channel
        self.name = seen.name
        self.role: Role = seen.role
        self.party = seen.party
        self.started_at = started_at
        self.incoming = seen.incoming
        self.number = seen.number
        self.number_name = seen.number_name
        self.dialed = seen.dialed
        self.dialed_by: str | None = None
        self.call: Call | None = None
        """The call it serves; a call that is over is nobody's."""
        self.talks_in: tuple[Call, ...] = ()
        """Calls whose client it met: in a conference an operator has several."""
        self.up_at: float | None = None
        """Its far end answered."""
        self.room_at = started_at
        """When it last entered or left a bridge."""
        self.asked_to_end = False
        """Its far end sent BYE or CANCEL."""
        self.stale_at: float | None = None
        """Known from before a link was lost (then) and not seen since."""

    def become(self, old: "Channel") -> None:
        """The endpoint of `old` goes on under this channel's id; behind `old` is nobody then."""
        self.name, self.role, self.party = old.name, old.role, old.party
        self.number, self.number_name = old.number, old.number_name
        self.incoming, self.up_at = old.incoming, old.up_at
        self.talks_in, old.talks_in = old.talks_in, ()
        old.role, old.party = "helper", None
