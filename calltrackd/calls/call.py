"""A call while it lives: what the tracker gathers, and the rules that need nothing but the call.

A call has a client's place. Inbound: the trunk channel that came in. Outbound: the trunk channels
dialled for one attempt (a provider that fails over to the next trunk is one attempt), with the
operator's channel as `anchor`. Internal: the phone that dials takes the client's place; such a call
is provisional until it ends, for it may turn out to be a consultation or a pick-up and then belongs
to the client's call.
"""

from calltrackd.calls.channel import Channel
from calltrackd.calls.names import Names
from calltrackd.calls.segment import Segment
from calltrackd.calls.stopwatch import Stopwatch
from calltrackd.model.call import Certainty, Direction, HungUpBy, KeyPress, Leg, Recording, Transfer

LATE_EVENT_S = 1.0
"""The event of a transfer follows its effect within this time."""


class Call:
    """Mutable state of one call."""

    __slots__ = (
        "anchor",
        "answered_at",
        "callback_to",
        "caller_name",
        "caller_raw",
        "certainty",
        "client_gave_up",
        "clients",
        "did_raw",
        "digits",
        "direction",
        "ended_at",
        "first",
        "hung_up_by",
        "in_ivr",
        "in_queue",
        "ivr_path",
        "left_at",
        "legs",
        "members",
        "moved_at",
        "operator_ended",
        "outage_s",
        "phone_dialed",
        "public_id",
        "queue",
        "queue_at",
        "queue_entered_at",
        "rang_at",
        "recordings",
        "refused_by_client",
        "segments",
        "shown",
        "started_at",
        "transfers",
        "up_at",
        "voicemail_at",
    )

    def __init__(self, direction: Direction, first: Channel) -> None:
        self.direction: Direction = direction
        self.first = first.id
        self.started_at = first.started_at
        self.public_id = ""
        """The record's id, once it was published."""
        self.members: Names = {}
        """Living channels that serve the call."""
        self.clients: Names = {}
        """Those of them in the client's place."""
        self.anchor: str | None = None
        """Outbound: the operator's channel that dials."""
        self.callback_to = ""
        """The number an originated operator's channel shows: the client to call back."""
        self.did_raw = ""
        self.caller_raw = ""
        self.caller_name = ""
        self.shown = ""
        self.rang_at: float | None = None
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.up_at: float | None = None
        """The PBX or a person answered the client's channel."""
        self.queue: str | None = None
        self.queue_entered_at: float | None = None
        self.queue_at = 0.0
        """The latest coming to or leaving of a queue, also by meeting an operator."""
        self.voicemail_at: float | None = None
        self.in_queue = Stopwatch()
        self.in_ivr = Stopwatch()
        self.phone_dialed = False
        self.ivr_path: list[str] = []
        self.legs: dict[str, Leg] = {}
        """By channel id; a phone that is rung twice has two channels."""
        self.segments: list[Segment] = []
        self.transfers: list[Transfer] = []
        self.digits: list[KeyPress] = []
        self.recordings: list[Recording] = []
        self.left_at: float | None = None
        """The client left its bridge and was not seen in another yet."""
        self.moved_at: float | None = None
        """The same, when the operator's channel ended since without having hung up."""
        self.client_gave_up: str | None = None
        """Where the client was when it hung up: queue, ivr, ringing."""
        self.operator_ended = False
        """The operator in the last talk hung up."""
        self.refused_by_client: str | None = None
        self.certainty: Certainty = "live"
        self.outage_s = 0.0
        self.hung_up_by: HungUpBy | None = None

    @property
    def provisional(self) -> bool:
        """No outside party yet: unpublished until it ends."""
        return self.direction == "internal"

    @property
    def seeks_client(self) -> bool:
        """A trunk that is dialled for it leads to its client, not to one more phone."""
        return self.provisional or (self.direction == "outbound" and self.answered_at is None)

    # -- where the client is

    def place(self) -> str:
        """Where an unanswered client is: queue, ivr or ringing (DECISIONS 22)."""
        if self.in_queue.running:
            return "queue"
        if self.up_at is None or self.ringing() or self.picking_up():
            return "ringing"
        return "ivr"

    def ringing(self) -> bool:
        """A phone is being offered the call."""
        return any(leg.disposition is None for leg in self.legs.values())

    def picking_up(self) -> bool:
        """A phone picked up, and what comes of it is yet to be seen: it may have to confirm."""
        return self.answered_at is None and any(
            leg.disposition == "answered" and leg.ended_at is None for leg in self.legs.values()
        )

    def listen(self, at: float) -> None:
        """Start the IVR's seconds if the client hears the PBX now.

        Answered by the PBX, in no queue, room or mailbox, no phone dialled yet (DECISIONS 32).
        """
        if (
            self.up_at is not None
            and self.direction != "outbound"
            and not self.phone_dialed
            and not self.in_queue.running
            and self.voicemail_at is None
            and self.answered_at is None
        ):
            self.in_ivr.start(at)

    # -- talks

    def open_segments(self) -> list[Segment]:
        """Talks that last."""
        return [s for s in self.segments if s.to is None]

    def talk_of(self, channel: str) -> Segment | None:
        """The talk in which the channel is now."""
        return next((s for s in self.segments if s.to is None and s.channel == channel), None)

    def left_by(self, at: float) -> float:
        """When a talk that is over at `at` ended: as the client left, if it left before."""
        return at if self.left_at is None else min(at, self.left_at)

    def close_talks(self, at: float) -> list[Segment]:
        """End every open talk."""
        open_ones, end = self.open_segments(), self.left_by(at)
        for segment in open_ones:
            segment.close(end)
        self.left_at = None
        return open_ones

    def depart(self, at: float, *, redirected: bool = False) -> None:
        """The client is somewhere else now: the talks that it left are over.

        Nobody transferred it and no operator hung up: it was moved from outside (AMI Redirect).
        """
        left_at = self.left_at if self.left_at is not None else self.moved_at
        if left_at is None or at < left_at:
            return
        moved = bool(self.close_talks(at)) or self.moved_at is not None
        self.moved_at = None
        if moved and redirected and not self.operator_ended and self.pending_transfer() is None:
            self.transfers.append(Transfer("redirect", by=None, to=None, at=left_at))

    # -- legs and transfers

    def has_answered(self, operator: str) -> bool:
        """A phone of the operator took the call before."""
        return any(
            leg.operator == operator and leg.disposition == "answered" for leg in self.legs.values()
        )

    def pending_transfer(self) -> Transfer | None:
        """The last transfer, while nobody got the client by it."""
        if self.transfers and not self.transfers[-1].completed:
            return self.transfers[-1]
        return None

    def transferred_since(self, at: float) -> bool:
        """There was a transfer since then."""
        return bool(self.transfers) and self.transfers[-1].at >= at

    def talked_since(self, at: float) -> bool:
        """An operator talked with the client since then."""
        return any(s.to is None or s.to >= at for s in self.segments)

    def knows_transfer(self, kind: str, at: float) -> bool:
        """A later transfer is known, or this very one: its event is late or repeated."""
        last = self.transfers[-1] if self.transfers else None
        return last is not None and (at < last.at or (at == last.at and kind == last.kind))

    def drop_redirect(self, at: float) -> None:
        """A transfer's event came after its effect, which had looked like a redirect."""
        pending = self.pending_transfer()
        if pending is None or pending.kind != "redirect" or pending.by is not None:
            return
        if at - pending.at < LATE_EVENT_S:
            self.transfers.pop()

    # -- channels

    def hand_over(self, old: str, new: str) -> None:
        """What channel `old` was in this call, `new` is from now on."""
        for ids in (self.members, self.clients):
            if old in ids:
                del ids[old]
                ids[new] = None
        if self.anchor == old:
            self.anchor = new
        if old in self.legs:
            self.legs[new] = self.legs.pop(old)
        segment = self.talk_of(old)
        if segment is not None:
            segment.channel = new
