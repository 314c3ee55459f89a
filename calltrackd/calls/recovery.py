"""The link to the PBX is lost and found again; what the snapshot says and what it leaves out."""

from collections.abc import Iterable

from calltrackd.calls.arrivals import Arrivals
from calltrackd.calls.board import Board
from calltrackd.calls.call import Call
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
        self._dark_since: float | None = None
        """The link is down since."""

    def handlers(self) -> Handlers:
        """What this part answers to."""
        return {
            LinkLost: self._link_lost,
            LinkUp: self._link_up,
            Snapshot: self._snapshot,
            PbxStopped: self._pbx_stopped,
        }

    def close(self, at: float) -> None:
        """The input ended at `at`: what still lives has an unseen end."""
        self._see_again(at)
        for call in list(self._board.calls):
            self._ending.end_unseen(call, self._last_seen(call, at))

    def _last_seen(self, call: Call, at: float) -> float:
        """The latest moment at which one of its channels was known alive."""
        stale = [self._board.channels[name].stale_at for name in call.members]
        return max((at if moment is None else moment for moment in stale), default=at)

    # -- the link

    def _link_lost(self, event: LinkLost) -> None:
        if self._dark_since is not None:
            return
        self._dark_since = event.at
        for channel in self._board.channels.values():
            if channel.stale_at is None:
                channel.stale_at = event.at

    def _link_up(self, event: LinkUp) -> None:
        dark_since = self._dark_since
        self._see_again(event.at)
        if dark_since is None or event.booted_at is None:
            return
        if event.booted_at > dark_since + CLOCK_OF_PBX_S:
            self._gone(c for c in self._board.channels.values() if c.stale_at is not None)

    def _see_again(self, at: float) -> None:
        """The outage is over: every call that it touched bears its seconds."""
        if self._dark_since is None:
            return
        outage, self._dark_since = max(0.0, at - self._dark_since), None
        for call in self._board.calls:
            call.outage_s += outage
            call.certainty = "recovered"

    def _pbx_stopped(self, event: PbxStopped) -> None:
        """An orderly shutdown sent the hangups already; nothing is left to do."""

    # -- the snapshot

    def _snapshot(self, event: Snapshot) -> None:
        """It also ends an outage for a user who is not told of FullyBooted (no class system)."""
        self._see_again(event.at)
        names = {seen.channel for seen in event.channels}
        living = self._board.channels.values()
        self._gone(c for c in living if c.stale_at is not None and c.id not in names)
        self._board.unseen_until = event.at
        for seen in sorted(event.channels, key=_clients_first):
            self._seen(seen, event.at)
        self._board.unseen_until = None
        for seen in event.channels:
            self._place(seen, event.at)

    def _seen(self, seen: SeenChannel, at: float) -> None:
        known = self._board.channels.get(seen.channel)
        if known is not None:
            known.stale_at = None
            known.dialed = seen.dialed or known.dialed
            self._board.groups.add(seen.channel, seen.link)
        elif not self._board.is_known(seen.channel):
            self._recover(seen, at)

    def _place(self, seen: SeenChannel, at: float) -> None:
        """Where the channel is now."""
        channel = self._board.channels.get(seen.channel)
        if channel is None:
            return
        if seen.bridge:
            shared = seen.place == "conference"
            self._meeting.bridged(
                Bridged(at=at, channel=seen.channel, bridge=seen.bridge, shared=shared)
            )
        call = self._board.client_call(channel)
        if call is not None and not seen.queue:
            call.in_queue.stop(at)

    def _recover(self, seen: SeenChannel, at: float) -> None:
        """A channel that began before the attachment."""
        started_at = self._board.first_sign(seen.channel, at - (seen.age or 0.0))
        channel = Channel(seen, started_at)
        channel.up_at = channel.started_at if seen.up else None
        self._board.appear(channel, seen.link)
        if channel.role == "helper":
            return
        if not channel.incoming:
            self._recover_dialed(channel, seen, at)
            return
        self._arrivals.open_incoming(channel, at)
        if channel.call is not None:
            channel.call.up_at = channel.up_at

    def _recover_dialed(self, channel: Channel, seen: SeenChannel, at: float) -> None:
        self._dialling.dialed(Dialed(at=at, source=None, channel=channel.id, number=seen.number))
        if seen.ringing:
            self._dialling.rang(Rang(at=channel.started_at, channel=channel.id))
        if seen.up:
            self._dialling.answered(Answered(at=channel.started_at, channel=channel.id))

    def _gone(self, channels: Iterable[Channel]) -> None:
        """Channels that ended while nobody looked: known alive until the link was lost."""
        gone = [(channel, channel.stale_at or 0.0) for channel in channels]
        for channel, lost_at in gone:
            call = self._board.client_call(channel)
            if call is not None:
                self._ending.end_unseen(call, lost_at)
        for channel, lost_at in gone:
            self._ending.ended(ChannelEnded(at=lost_at, channel=channel.id))


def _clients_first(seen: SeenChannel) -> tuple[bool, bool]:
    """Clients, then phones that dialled, then dialled ones: each finds its call."""
    return (not seen.incoming, seen.role != "client")
