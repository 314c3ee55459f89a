"""A call while it lives: what the tracker gathers, and the record it amounts to.

A call has a client's place. Inbound: the trunk channel that came in. Outbound: the trunk channels
dialled for one attempt (a provider that fails over to the next trunk is one attempt), with the
operator's channel as `anchor`. Internal: the phone that dials takes the client's place; such a call
is provisional until it ends, for it may turn out to be a consultation or a pick-up and then belongs
to the client's call.
"""

from calltrackd.calls.channel import Channel
from calltrackd.calls.segment import Segment
from calltrackd.calls.stopwatch import Stopwatch
from calltrackd.model.call import Certainty, Direction, HungUpBy, KeyPress, Leg, Recording, Transfer


class Call:
    """Mutable state of one call."""

    def __init__(self, direction: Direction, first: Channel) -> None:
        self.direction: Direction = direction
        self.first = first.id
        self.started_at = first.started_at
        self.clients: set[str] = set()
        """Living channels in the client's place."""
        self.anchor: str | None = None
        """Outbound: the operator's channel that dials."""
        self.callback_to = ""
        """The number an originated operator's channel shows: the client to call back."""
        self.published = False
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

    def open_segments(self) -> list[Segment]:
        """Talks that last."""
        return [s for s in self.segments if s.to is None]

    def ringing(self) -> bool:
        """A phone is being offered the call."""
        return any(leg.disposition is None for leg in self.legs.values())

    def close_talks(self, at: float) -> list[Segment]:
        """End every open talk, at the moment the client left when it left before."""
        open_ones = self.open_segments()
        end = at if self.left_at is None else min(at, self.left_at)
        for segment in open_ones:
            segment.close(end)
        self.left_at = None
        return open_ones

    def pending_transfer(self) -> Transfer | None:
        """The last transfer, while nobody got the client by it."""
        if self.transfers and not self.transfers[-1].completed:
            return self.transfers[-1]
        return None

    def place(self) -> str:
        """Where an unanswered client is: queue, ivr or ringing (DECISIONS 22)."""
        if self.in_queue.running:
            return "queue"
        if self.ringing() or self.up_at is None:
            return "ringing"
        return "ivr"
