"""A living FreeSWITCH channel: who is behind it, and what its next event has to be read against."""

from collections.abc import Mapping

from calltrackd.model.channel import ChannelEvent, Role
from calltrackd.model.numbers import is_hidden
from calltrackd.pbx.channels import ChannelRules

Headers = Mapping[str, str]

HIDDEN = "anonymous"
NOBODY = frozenset("0")
"""`originate` shows 0000000000 where nobody named a caller (switch.conf's default)."""


class FsChannel:
    """What the translator remembers of a channel while it lives."""

    __slots__ = (
        "asked",
        "awaits_target",
        "behind",
        "consulted_by",
        "consulted_for",
        "dialed",
        "early",
        "fresh",
        "handed",
        "history",
        "holds",
        "id",
        "incoming",
        "last_partner",
        "last_party",
        "other_half",
        "parked",
        "partner",
        "party",
        "picked_off",
        "pressed_at",
        "role",
        "root",
        "unbridged_at",
        "unparked_at",
        "up",
        "waits",
    )

    def __init__(self, name: str, role: Role, party: str | None, *, incoming: bool) -> None:
        self.id = name
        self.role: Role = role
        self.party = party
        self.incoming = incoming
        """Its far end placed the call."""
        self.up = False
        """Its far end answered."""
        self.early = False
        """Bridged before both legs were answered."""
        self.asked = False
        """Its far end sent BYE or CANCEL."""
        self.root = ""
        """The channel on whose behalf it was dialled, through loopback halves."""
        self.other_half = ""
        """Of a loopback channel: its other half."""
        self.behind: list[ChannelEvent] | None = None
        """... that was not told yet: what this half's phones did, which concerns nobody so far."""
        self.partner = ""
        """The channel in the same bridge."""
        self.last_partner = ""
        """The same, also after that bridge ended."""
        self.last_party: str | None = None
        """Whose channel that is."""
        self.unbridged_at = 0.0
        """When that bridge ended."""
        self.awaits_target = False
        """Given to a phone that rings still."""
        self.history = ""
        """transfer_history as its latest bridge began."""
        self.dialed = ""
        """Where the channel was sent since its latest bridge began."""
        self.pressed_at = 0.0
        """When its latest key went down."""
        self.consulted_by = ""
        """Rung by this channel, which is in a bridge of its own: att_xfer."""
        self.consulted_for = ""
        """... whose partner there is this one."""
        self.handed = False
        """Its attended transfer was told."""
        self.holds = False
        self.picked_off = False
        """The phone that rang for it was, and it was not bridged since."""
        self.parked = False
        self.unparked_at = 0.0
        self.waits = False
        """In a queue or fifo."""
        self.fresh = True
        """Seen on the present connection."""

    def meet(self, other: "FsChannel") -> None:
        """In one bridge from now on."""
        self.partner = self.last_partner = other.id
        self.last_party = other.party
        self.parked = self.waits = self.picked_off = self.awaits_target = False
        self.dialed = ""


def identity(headers: Headers, rules: ChannelRules) -> tuple[Role, str | None]:
    """Role and extension.

    A channel's name bears the contact's user part, which is any word on some phones; `dialed_user`
    is the directory's user, and the presence id is the last resort. Profile and patterns stay the
    judges: the extension stands in the name's place.
    """
    name = headers["Channel-Name"]
    kind = name.rpartition("/")[0]
    users = (
        headers.get("variable_dialed_user", ""),
        "",
        headers.get("Channel-Presence-ID", "").partition("@")[0],
    )
    for user in () if rules.is_trunk(name) else users:
        role, party = rules.role(f"{kind}/{user}@" if user else name)
        if role != "client":
            return role, party
    return rules.role(name)


def is_up(headers: Headers) -> bool:
    """Its far end answered; of a leg that ended: had answered."""
    if headers.get("Answer-State") == "hangup":
        return headers.get("Caller-Channel-Answered-Time", "0") not in ("", "0")
    return headers.get("Answer-State") == "answered"


def number(headers: Headers) -> str:
    """The far end's number. Hidden when the caller asked for it, though the PBX may know it."""
    if headers.get("Caller-Privacy-Hide-Number") == "true":
        return HIDDEN
    found = headers.get("Caller-Caller-ID-Number", "")
    return "" if set(found) == NOBODY else found


def name(headers: Headers) -> str:
    """The far end's display name, under the same rule."""
    if headers.get("Caller-Privacy-Hide-Name") == "true":
        return ""
    found = headers.get("Caller-Caller-ID-Name", "")
    return "" if is_hidden(found) else found


def source_of(headers: Headers) -> str:
    """Who dials. Agents of callcenter and fifo have no other leg until they are bridged."""
    return (
        headers.get("Other-Leg-Unique-ID")
        or headers.get("variable_originating_leg_uuid")
        or headers.get("variable_cc_member_session_uuid")
        or headers.get("variable_fifo_bridge_uuid")
        or ""
    )
