"""What goes on now: channels, how they hang together, and the calls they serve.

The parts of the tracker share one board. It answers "which call is this?" and keeps the ties
between channels and calls; what an event means is told by the parts.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from calltrackd.calls.call import Call
from calltrackd.calls.channel import Channel
from calltrackd.calls.early import Early
from calltrackd.calls.groups import Groups
from calltrackd.calls.record import NumberRules
from calltrackd.calls.rooms import Rooms
from calltrackd.model.call import Direction, KeyPress
from calltrackd.model.channel import Event

ENDED_KEPT = 4_096
"""Ids of ended channels that are remembered: a list made before the hangup may come after it."""


class Board:
    """The living channels and calls of one attachment."""

    def __init__(self, numbers: NumberRules) -> None:
        self.numbers = numbers
        self.channels: dict[str, Channel] = {}
        self.groups = Groups()
        self.rooms = Rooms()
        self.calls: dict[Call, None] = {}
        """In the order in which they began."""
        self.unseen_until: float | None = None
        """While a snapshot is read: what is new in it began unseen, before this moment."""
        self._early = Early()
        self._ended: dict[str, None] = {}
        self.unknown: Counter[str] = Counter()
        """Events of channels that were not seen begin or had ended, by event type."""

    # -- finding

    def channel_of(self, event: Any) -> Channel | None:
        """The living channel that an event (one with `channel`) speaks of.

        A strange one is counted, and its event waits for it.
        """
        channel = self.channels.get(event.channel)
        if channel is not None:
            channel.stale_at = None
            return channel
        self.unknown[type(event).__name__] += 1
        if event.channel not in self._ended:
            self._early.keep(event.channel, event)
        return None

    def awaits(self, channel_id: str | None, event: Event) -> bool:
        """Have the event told again once that channel appears. False when it is or was there."""
        if channel_id is None or self.is_known(channel_id):
            return False
        self.unknown[type(event).__name__] += 1
        self._early.keep(channel_id, event)
        return True

    def first_sign(self, channel_id: str, at: float) -> float:
        """When a channel that is found at `at` was first spoken of."""
        first = self._early.first_at(channel_id)
        return at if first is None else min(at, first)

    def take_early(self, channel_id: str) -> list[Event]:
        """The events that came before their channel; they are not strange any more."""
        events = self._early.take(channel_id)
        self.unknown.subtract(type(event).__name__ for event in events)
        return events

    def call_of(self, event: Any) -> Call | None:
        """The call that the event's channel serves."""
        channel = self.channel_of(event)
        return None if channel is None else channel.call

    def client_call(self, channel: Channel) -> Call | None:
        """The call in whose client's place the channel is."""
        call = channel.call
        return call if call is not None and channel.id in call.clients else None

    def call_behind(self, channel_id: str | None) -> Call | None:
        """The call on whose behalf a channel acts: its own, its dialler's, its group's."""
        for channel in self._back_from(channel_id):
            if channel.call is not None:
                return channel.call
        return self._call_of_group(channel_id)

    def _back_from(self, at: str | None) -> Iterator[Channel]:
        """The channel, who dialled it, and so on; through Local channels half by half."""
        seen: set[str] = set()
        while at is not None and at not in seen:
            seen.add(at)
            channel = self.channels.get(at)
            if channel is None:
                return
            yield channel
            at = channel.dialed_by or self.rooms.other_half(at)

    def _call_of_group(self, channel_id: str | None) -> Call | None:
        """The oldest living call of the group, a client's before a provisional one."""
        if channel_id is None:
            return None
        around = (self.channels.get(name) for name in self.groups.around(channel_id))
        calls = [c.call for c in around if c is not None and c.call is not None]
        return min(calls, key=lambda call: (call.provisional, call.started_at), default=None)

    # -- channels and calls

    def is_known(self, channel_id: str) -> bool:
        """The channel lives, or did."""
        return channel_id in self.channels or channel_id in self._ended

    def appear(self, channel: Channel, link: str) -> None:
        """A channel lives from now on."""
        self.channels[channel.id] = channel
        self.groups.add(channel.id, link)

    def vanish(self, channel: Channel) -> None:
        """... and no longer."""
        del self.channels[channel.id]
        self.rooms.forget(channel.id)
        self.groups.discard(channel.id)
        if channel.call is not None:
            channel.call.members.pop(channel.id, None)
        self.note_ended(channel.id)

    def note_ended(self, channel_id: str) -> None:
        """The channel is gone; what is told of it later is late."""
        self._ended[channel_id] = None
        if len(self._ended) > ENDED_KEPT:
            del self._ended[next(iter(self._ended))]

    def open(self, direction: Direction, client: Channel) -> Call:
        """A call begins with its client's channel."""
        call = Call(direction, client)
        call.clients[client.id] = None
        self.serve(client, call)
        self.calls[call] = None
        if self.unseen_until is not None:
            call.certainty = "recovered"
            call.outage_s = max(0.0, self.unseen_until - client.started_at)
        return call

    def serve(self, channel: Channel, call: Call) -> None:
        """The channel serves this call from now on, and no other."""
        if channel.call is not None:
            channel.call.members.pop(channel.id, None)
        channel.call = call
        call.members[channel.id] = None

    def absorb(self, guest: Call, host: Call) -> None:
        """A provisional call turns out to have been a part of another one."""
        for name in tuple(guest.members):
            channel = self.channels[name]
            self.serve(channel, host)
            channel.talks_in = tuple(call for call in channel.talks_in if call is not guest)
        host.legs.update(guest.legs)
        host.queue = guest.queue or host.queue
        host.queue_at = max(host.queue_at, guest.queue_at)
        host.in_queue.add(guest.in_queue)
        party = guest.caller_raw or None
        for press in guest.digits:
            host.digits.append(KeyPress("operator", party, press.digit, press.at))
        host.digits.sort(key=lambda press: press.at)
        self.calls.pop(guest, None)

    def forget(self, call: Call) -> None:
        """The call is over: its channels serve nobody."""
        self.calls.pop(call, None)
        for name in call.members:
            self.channels[name].call = None
        call.members.clear()
