"""The link to the PBX is lost and found again; what the snapshot says and what it leaves out."""

from calltrackd.calls.arrivals import Arrivals
from calltrackd.calls.board import Board
from calltrackd.calls.channel import Channel
from calltrackd.calls.dialling import Dialling
from calltrackd.calls.ending import Ending
from calltrackd.calls.handlers import Handlers
from calltrackd.calls.meeting import Meeting
from calltrackd.model.channel import (
    Answered,
    Bridged,
    ChannelEnded,
    Dialed,
    LinkLost,
    LinkUp,
    PbxStopped,
    Rang,
    SeenChannel,
    Snapshot,
)

CLOCK_OF_PBX_S = 1.5
"""A PBX tells its boot time in whole seconds; one that began this little before the loss is old."""


class Recovery:
    """What is not in the snapshot is gone; what is and was not known began unseen."""

    def __init__(
        self, board: Board, arrivals: Arrivals, dialling: Dialling, meeting: Meeting, ending: Ending
    ) -> None:
        self._board = board
        self._arrivals = arrivals
        self._dialling = dialling
        self._meeting = meeting
        self._ending = ending
        self._lost_at: float | None = None

    def handlers(self) -> Handlers:
        """What this part answers to."""
        return {
            LinkLost: self._link_lost,
            LinkUp: self._link_up,
            Snapshot: self._snapshot,
            PbxStopped: self._pbx_stopped,
        }

    def close(self, at: float) -> None:
        """The input ended: what still lives has an unseen end."""
        self._lost_at = at if self._lost_at is None else self._lost_at
        for call in list(self._board.calls):
            self._ending.end_unseen(call, self._lost_at)

    def _link_lost(self, event: LinkLost) -> None:
        if self._lost_at is not None:
            return
        self._lost_at = event.at
        for channel in self._board.channels.values():
            channel.stale_at = event.at

    def _link_up(self, event: LinkUp) -> None:
        if self._lost_at is None:
            return
        outage = max(0.0, event.at - self._lost_at)
        for call in self._board.calls:
            call.outage_s += outage
        if event.booted_at is not None and event.booted_at > self._lost_at + CLOCK_OF_PBX_S:
            self._gone([c for c in self._board.channels.values() if c.stale_at is not None])

    def _pbx_stopped(self, event: PbxStopped) -> None:
        """An orderly shutdown sent the hangups already; nothing is left to do."""

    # -- the snapshot

    def _snapshot(self, event: Snapshot) -> None:
        living = self._board.channels
        names = {seen.channel for seen in event.channels}
        self._gone([c for c in living.values() if c.stale_at is not None and c.id not in names])
        for seen in sorted(event.channels, key=_clients_first):
            self._seen(seen, event.at)
        for seen in event.channels:
            if seen.bridge:
                shared = seen.place == "conference"
                self._meeting.bridged(
                    Bridged(at=event.at, channel=seen.channel, bridge=seen.bridge, shared=shared)
                )
        self._lost_at = None

    def _seen(self, seen: SeenChannel, at: float) -> None:
        known = self._board.channels.get(seen.channel)
        if known is None:
            self._recover(seen, at)
            return
        if known.stale_at is not None and known.call is not None:
            known.call.certainty = "recovered"
        known.stale_at = None
        known.dialed = seen.dialed or known.dialed

    def _recover(self, seen: SeenChannel, at: float) -> None:
        """A channel that began before the attachment."""
        channel = Channel(seen, at - (seen.age or 0.0))
        channel.up = seen.up
        self._board.appear(channel, seen.link)
        if channel.role == "helper":
            return
        if not channel.incoming:
            self._recover_dialed(channel, seen, at)
            return
        self._arrivals.open_incoming(channel, at)
        if channel.call is not None:
            channel.call.certainty = "recovered"
            channel.call.up_at = channel.started_at if seen.up else None

    def _recover_dialed(self, channel: Channel, seen: SeenChannel, at: float) -> None:
        self._dialling.dialed(Dialed(at=at, source=None, channel=channel.id, number=seen.number))
        call = channel.call
        if call is None:
            return
        call.certainty = "recovered"
        if seen.ringing:
            self._dialling.rang(Rang(at=channel.started_at, channel=channel.id))
        if seen.up:
            self._dialling.answered(Answered(at=channel.started_at, channel=channel.id))

    def _gone(self, channels: list[Channel]) -> None:
        """Channels that ended while nobody looked: known alive until the link was lost."""
        lost_at = self._lost_at if self._lost_at is not None else 0.0
        for channel in channels:
            call = self._board.client_call(channel)
            if call is not None:
                self._ending.end_unseen(call, lost_at)
        for channel in channels:
            self._ending.ended(ChannelEnded(at=lost_at, channel=channel.id))


def _clients_first(seen: SeenChannel) -> tuple[bool, bool]:
    """Clients, then phones that dialled, then dialled ones: each finds its call."""
    return (not seen.incoming, seen.role != "client")
