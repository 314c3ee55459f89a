"""What can happen to a channel, in words that no PBX owns.

A translator (pbx/asterisk.py, pbx/freeswitch.py) turns frames into these events and settles every
peculiarity of its PBX; the tracker reads nothing else. `at` is unix seconds (float) of the moment
it happened, as exactly as the PBX tells it. `channel` is the PBX's id of a channel, unique within
one attachment.
"""

from typing import Literal

import msgspec

Role = Literal["client", "operator", "helper"]
"""client = a trunk's far end; operator = a phone of ours; helper = Local, spy: nobody."""

Disposition = Literal[
    "answered", "no_answer", "busy", "rejected", "answered_elsewhere", "cancelled", "failed"
]
Place = Literal["ivr", "voicemail", "conference", "park", "queue"]
Side = Literal["caller", "operator", "both"]


class Event(msgspec.Struct, gc=False, tag=True, kw_only=True):
    """The moment, unix seconds."""

    at: float


class ChannelStarted(Event):
    """A channel appeared. `incoming`: its far end placed the call (else the PBX dials it)."""

    channel: str
    name: str
    link: str
    role: Role
    party: str | None = None
    """operator: the extension; client: None."""
    number: str = ""
    number_name: str = ""
    dialed: str = ""
    """What an incoming channel dialled (DID or extension)."""
    incoming: bool = False


class CameIn(Event):
    """The far end of a channel that appeared without a direction placed the call."""

    channel: str
    dialed: str = ""


class Numbered(Event):
    """The number or name of the channel's far end became known or changed."""

    channel: str
    number: str
    number_name: str = ""


class Replaced(Event):
    """A masquerade: the endpoint behind `channel` goes on under the id `by`."""

    channel: str
    by: str


class Linked(Event):
    """The channel's link id (Linkedid, call_uuid) is another one now."""

    channel: str
    link: str


class Paired(Event):
    """Two halves of one Local/loopback channel: what enters one leaves the other."""

    one: str
    two: str


class Dialed(Event):
    """The PBX dials `channel` on behalf of `source` (None: an originate)."""

    source: str | None
    channel: str
    number: str = ""
    """What was dialled."""
    shown: str = ""
    """The number that the dialled side is shown."""


class Rang(Event):
    """The phone behind the channel really rings (180)."""

    channel: str


class DialEnded(Event):
    """The dial of `channel` was settled."""

    channel: str
    disposition: Disposition
    forwarded_to: str = ""
    """A 302: the phone sent the call on to this number."""


class Answered(Event):
    """The channel's far end (or, on an incoming channel, the PBX itself) answered."""

    channel: str


class Bridged(Event):
    """The channel entered a bridge. `shared`: a conference, which joins nobody's calls."""

    channel: str
    bridge: str
    shared: bool = False


class Unbridged(Event):
    """The channel left a bridge."""

    channel: str
    bridge: str


class Held(Event):
    """The party behind the channel put the other side on hold."""

    channel: str


class Resumed(Event):
    """... and took it back."""

    channel: str


class QueueEntered(Event):
    """The channel waits in a queue."""

    channel: str
    queue: str


class QueueLeft(Event):
    """It waits there no longer (answered, gave up, timed out)."""

    channel: str
    queue: str


class Entered(Event):
    """The PBX itself took the channel: menu, mailbox, conference."""

    channel: str
    place: Place


class Digit(Event):
    """One real key press; `at` is the moment the key went down."""

    channel: str
    digit: str
    duration: float


class TransferredBlind(Event):
    """`by` sent `channel` away to `number`."""

    by: str
    channel: str
    number: str


class TransferredAttended(Event):
    """`by` handed its party over after a consultation.

    `ok` False: the attempt fell back. The transferer has one or two channels.
    """

    by: tuple[str, ...]
    channel: str | None
    target: str | None
    ok: bool


class Moved(Event):
    """Something outside the call (AMI Redirect, uuid_transfer) sent the channel elsewhere.

    Of a blind transfer it may follow as well, and tell where to.
    """

    channel: str
    number: str = ""


class Parked(Event):
    """The channel waits in a parking space."""

    channel: str
    by: str | None
    """The extension that parked it, None when the PBX or an API did."""
    space: str = ""


class Unparked(Event):
    """A parked channel left its space; `by` = retriever's channel, None: timed out or gave up."""

    channel: str
    by: str | None


class PickedUp(Event):
    """`channel` (a phone) took over the ringing of `target`."""

    channel: str
    target: str


class RecordingStarted(Event):
    """The PBX records the channel into `path`. `side`: whose voice the file holds."""

    channel: str
    path: str
    side: Side


class RecordingStopped(Event):
    """The recording of the channel ended (before the channel did)."""

    channel: str


class HangupAsked(Event):
    """The far end of the channel sent BYE or CANCEL."""

    channel: str


class ChannelEnded(Event):
    """The channel is gone. `cause`: Q.850 code, 0 unknown."""

    channel: str
    cause: int = 0
    given_up: bool = False
    """The cause alone says that the far end gave up waiting, whether or not it was seen to ask."""


class SeenChannel(msgspec.Struct, kw_only=True):
    """One live channel of a snapshot."""

    channel: str
    name: str
    link: str
    role: Role
    party: str | None = None
    number: str = ""
    number_name: str = ""
    dialed: str = ""
    incoming: bool = False
    up: bool = False
    ringing: bool = False
    age: float | None = None
    """Seconds since it was created (PBX gives whole ones)."""
    bridge: str = ""
    queue: str = ""
    place: Place | None = None


class Snapshot(Event):
    """All live channels of the PBX at one moment: what is not in it, is gone."""

    channels: list[SeenChannel]


class LinkLost(Event):
    """The connection to the PBX ended: from now on nothing is seen."""


class LinkUp(Event):
    """Logged in. `booted_at`: when the PBX process started (unix seconds), if it says so."""

    booted_at: float | None = None


class PbxStopped(Event):
    """The PBX says that it shuts down in order."""


ChannelEvent = (
    ChannelStarted | CameIn | Numbered | Replaced | Linked | Paired | Dialed | Rang | DialEnded
    | Answered | Bridged | Unbridged | Held | Resumed | QueueEntered | QueueLeft | Entered | Digit
    | TransferredBlind | TransferredAttended | Moved | Parked | Unparked | PickedUp
    | RecordingStarted | RecordingStopped | HangupAsked | ChannelEnded | Snapshot
    | LinkLost | LinkUp | PbxStopped
)  # fmt: skip
