"""Who hears whom: bridges, talk segments, hold and being away."""

from collections.abc import Iterable

from calltrackd.calls.board import Board
from calltrackd.calls.call import Call
from calltrackd.calls.channel import Channel
from calltrackd.calls.handlers import Handlers
from calltrackd.calls.news import News
from calltrackd.calls.segment import Segment
from calltrackd.model.call import Leg, Transfer
from calltrackd.model.channel import Bridged, Held, Resumed, Unbridged


class Meeting:
    """A talk begins when operator and client meet in one room.

    It ends when the client meets the next operator, is moved away, or either channel ends. While
    the operator alone is away it goes on, on hold: that is a consultation.
    """

    def __init__(self, board: Board, news: News) -> None:
        self._board = board
        self._news = news

    def handlers(self) -> Handlers:
        """What this part answers to."""
        return {
            Bridged: self.bridged,
            Unbridged: self._unbridged,
            Held: self._held,
            Resumed: self._resumed,
        }

    # -- coming and going

    def bridged(self, event: Bridged) -> None:
        """The channel entered a bridge."""
        board = self._board
        channel = board.channel_of(event)
        if channel is None:
            return
        if event.at < channel.room_at:
            return
        if not board.rooms.enter(channel.id, event.bridge, shared=event.shared):
            return
        channel.room_at = event.at
        if not event.shared:
            for other in board.rooms.beside(event.bridge):
                board.groups.join(channel.id, other)
        self.look_around(event.bridge, event.at)

    def _unbridged(self, event: Unbridged) -> None:
        channel = self._board.channel_of(event)
        if channel is None or event.at < channel.room_at:
            return
        channel.room_at = event.at
        if not self._board.rooms.leave(channel.id, event.bridge):
            return
        call = self._board.client_call(channel)
        if call is not None and call.left_at is None and call.open_segments():
            call.left_at = event.at
        self.look_around(event.bridge, event.at)

    def look_around(self, bridge: str, at: float) -> None:
        """Somebody came or went: settle who talks with whom in the room."""
        living = self._board.channels
        room = [c for name in self._board.rooms.room(bridge) if (c := living.get(name))]
        clients = [c for c in room if self._board.client_call(c) is not None]
        for client in clients:
            self._absorb_guests(client, room)
        for client in clients:
            call = self._board.client_call(client)
            if call is not None:
                self._meet(call, client, room, at)

    def _absorb_guests(self, client: Channel, room: list[Channel]) -> None:
        """A provisional call whose channel meets another call's client was part of that call.

        Of two provisional calls the older is the host (a parked colleague is retrieved); in a
        conference of phones alone each stays by itself.
        """
        host = client.call
        if host is None:
            return
        shared = self._board.rooms.bridge_of(client.id) in self._board.rooms.shared
        for guest in room:
            call = guest.call
            if call is None or call is host or not call.provisional:
                continue
            if not host.provisional or (not shared and host.started_at < call.started_at):
                self._board.absorb(call, host)

    # -- talks

    def _meet(self, call: Call, client: Channel, room: list[Channel], at: float) -> None:
        present = {c.id: c for c in room if self._is_operator(c, call, client)}
        talking = {segment.channel for segment in call.open_segments()}
        fresh = [c for c in present.values() if c.id not in talking]
        if fresh and not client.asked_to_end:
            at = max(at, client.room_at, *(operator.room_at for operator in fresh))
            _close_absent(call, present, at)
            for operator in fresh:
                self._begin_talk(call, operator, at)
            self._publish_meeting(call, at)
        elif present:
            call.left_at = None
        self._mark_away(call, client, present, at)

    def _is_operator(self, channel: Channel, call: Call, client: Channel) -> bool:
        """A phone of ours, a leg (a forwarded call), or the far end of an outbound call."""
        if channel is client or channel.id in call.clients or channel.role == "helper":
            return False
        if channel.asked_to_end:
            return False
        if channel.role == "operator" or channel.id in call.legs:
            return True
        other = channel.call
        alone = other is not None and other is not call and other.direction == "outbound"
        return alone and self._board.rooms.bridge_of(channel.id) not in self._board.rooms.shared

    def _begin_talk(self, call: Call, operator: Channel, at: float) -> None:
        numbers = self._board.numbers
        name = operator.party or numbers.e164(operator.number) or operator.number
        call.segments.append(Segment(name, operator.id, at))
        call.operator_ended = False
        operator.talks_in += (call,)
        if operator.call is None:
            self._board.serve(operator, call)
        _leg_of_talk(call, operator, name)
        pending = call.pending_transfer()
        if pending is not None:
            pending.to, pending.completed = name, True

    def _publish_meeting(self, call: Call, at: float) -> None:
        call.queue_at = max(call.queue_at, at)
        call.in_queue.stop(at)
        call.in_ivr.stop(at)
        if call.answered_at is not None:
            self._news.publish(call, "updated", at)
            return
        call.answered_at = at
        if call.up_at is None:
            call.up_at = at
        self._news.publish(call, "answered", at)

    def _mark_away(
        self, call: Call, client: Channel, present: dict[str, Channel], at: float
    ) -> None:
        """An operator out of the client's room, the client still in it, consults another."""
        if self._board.rooms.bridge_of(client.id) is None:
            return
        for segment in call.open_segments():
            if segment.channel in present:
                _came_back(call, segment, at)
            elif call.left_at is None:
                segment.hold("away", at)

    # -- hold

    def _held(self, event: Held) -> None:
        for segment in self._segments_of(event):
            segment.hold("held", event.at)

    def _resumed(self, event: Resumed) -> None:
        for segment in self._segments_of(event):
            segment.resume("held", event.at)

    def _segments_of(self, event: Held | Resumed) -> Iterable[Segment]:
        """The talks of the one who holds; a client holds all of its own."""
        call = self._board.call_of(event)
        if call is None:
            return ()
        mine = event.channel in call.clients
        return [s for s in call.open_segments() if mine or s.channel == event.channel]


def _close_absent(call: Call, present: dict[str, Channel], at: float) -> None:
    """The client meets the next operator: who is not in the room has lost it."""
    end = call.left_by(at)
    for segment in call.open_segments():
        if segment.channel not in present:
            segment.close(end)
    call.left_at = None


def _leg_of_talk(call: Call, operator: Channel, name: str) -> None:
    """Also a phone that took the call without being rung is a leg (DECISIONS 35)."""
    leg = call.legs.get(operator.id)
    if leg is not None:
        leg.disposition = "answered"
        leg.ended_at = None
    elif call.direction == "inbound" and not call.has_answered(name):
        call.legs[operator.id] = Leg(name, None, None, "answered")


def _came_back(call: Call, segment: Segment, at: float) -> None:
    """An operator who rang another and has the client again did not get it transferred."""
    segment.resume("away", at)
    consulted = segment.take_consulted()
    if consulted is not None:
        call.transfers.append(Transfer("attended", segment.operator, consulted, at))
