"""Where FreeSWITCH itself keeps a client: park, valet, fifo, callcenter, conference, mailbox.

Each is told by a subclass of its own, none by a bridge (measured: valet park gives no CHANNEL_PARK,
a conference no CHANNEL_BRIDGE).
"""

from collections.abc import Iterable

from calltrackd.model.channel import (
    Bridged,
    ChannelEvent,
    Entered,
    Parked,
    QueueEntered,
    QueueLeft,
    Unbridged,
    Unparked,
)
from calltrackd.pbx.fs_channel import FsChannel, Headers
from calltrackd.pbx.fs_channels import FsChannels, asked
from calltrackd.pbx.fs_listing import room_of

Events = Iterable[ChannelEvent]


class FsPlaces:
    """Reads them off their events."""

    def __init__(self, channels: FsChannels) -> None:
        self._channels = channels

    def park(self, at: float, headers: Headers) -> Events:
        """Phones are parked for moments amid att_xfer and intercept: only a client's counts."""
        channel = self._channels.of(headers)
        if channel.role != "client" or channel.parked or channel.awaits_target:
            return ()
        channel.parked = True
        if not channel.last_partner:
            return (Entered(at=at, channel=channel.id, place="park"),)
        space = headers.get("Valet-Extension", "")
        return (Parked(at=at, channel=channel.id, by=None, space=space),)

    def unpark(self, at: float, headers: Headers) -> Events:
        """It was taken, sent elsewhere, gave up or timed out."""
        channel = self._channels.of(headers)
        if not channel.parked:
            return ()
        channel.parked, channel.unparked_at = False, at
        return (Unparked(at=at, channel=channel.id, by=None),)

    def valet(self, at: float, headers: Headers) -> Events:
        """`bridge` bears the parked channel's headers, and who takes it."""
        match headers.get("Action"):
            case "hold":
                return self.park(at, headers)
            case "bridge":
                by = headers["Bridge-To-UUID"]
                return (Unparked(at=at, channel=headers["Unique-ID"], by=by),)
            case "exit":
                return self.unpark(at, headers)
            case _:
                return ()

    def fifo(self, at: float, headers: Headers) -> Events:
        """Only its callers wait; its consumers are phones."""
        match headers.get("FIFO-Action"):
            case "push":
                return self._queued(at, headers["Unique-ID"], headers["FIFO-Name"])
            case "abort" | "timeout":
                return self._unqueued(at, headers, headers["Unique-ID"], headers["FIFO-Name"])
            case _:
                return ()

    def callcenter(self, at: float, headers: Headers) -> Events:
        """The member is the client; some of its events are told on the agent's channel."""
        match headers.get("CC-Action"):
            case "member-queue-start" | "member-queue-resume":
                return self._queued(at, headers["CC-Member-Session-UUID"], headers["CC-Queue"])
            case "member-queue-end":
                member = headers["CC-Member-Session-UUID"]
                return self._unqueued(at, headers, member, headers["CC-Queue"])
            case _:
                return ()

    def _queued(self, at: float, channel: str, queue: str) -> Events:
        known = self._channels.get(channel)
        if known is not None:
            known.waits = True
        return (QueueEntered(at=at, channel=channel, queue=queue),)

    def _unqueued(self, at: float, headers: Headers, channel: str, queue: str) -> Events:
        """Whoever leaves by hanging up was in the queue as it did."""
        known = self._channels.get(channel)
        if known is None:
            return ()
        known.waits = False
        told = asked(at, known, headers) if headers.get("Unique-ID") == channel else ()
        return (*told, QueueLeft(at=at, channel=channel, queue=queue))

    def conference(self, at: float, headers: Headers) -> Events:
        """A conference makes no bridge: members come and go."""
        channel = headers.get("Unique-ID")
        if channel is None:
            return ()
        room = room_of(headers["Conference-Name"])
        match headers.get("Action"):
            case "add-member":
                return (
                    Entered(at=at, channel=channel, place="conference"),
                    Bridged(at=at, channel=channel, bridge=room, shared=True),
                )
            case "del-member":
                told = asked(at, self._channels.of(headers), headers)
                return (*told, Unbridged(at=at, channel=channel, bridge=room))
            case _:
                return ()

    def message(self, at: float, headers: Headers) -> Events:
        """A message was left."""
        if headers.get("VM-Action") != "leave-message" or "Unique-ID" not in headers:
            return ()
        return (Entered(at=at, channel=headers["Unique-ID"], place="voicemail"),)

    def mailbox(self, at: float, channel: FsChannel, headers: Headers) -> Events:
        """What runs on the channel now tells the mailbox also to who is not told of execution."""
        if headers.get("variable_current_application") != "voicemail" or channel.role != "client":
            return ()
        return (Entered(at=at, channel=channel.id, place="voicemail"),)
