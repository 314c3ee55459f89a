"""The PBX dials, phones ring and answer: legs and outbound attempts."""

from calltrackd.calls.board import Board
from calltrackd.calls.call import Call
from calltrackd.calls.channel import Channel
from calltrackd.calls.handlers import Handlers
from calltrackd.calls.news import News
from calltrackd.calls.sides import turned
from calltrackd.calls.stopwatch import Stopwatch
from calltrackd.model.call import Leg, Transfer
from calltrackd.model.channel import Answered, Dialed, DialEnded, Rang


class Dialling:
    """A dialled channel belongs to the call of the channel that dialled it."""

    def __init__(self, board: Board, news: News) -> None:
        self._board = board
        self._news = news

    def handlers(self) -> Handlers:
        """What this part answers to."""
        return {
            Dialed: self.dialed,
            Rang: self.rang,
            DialEnded: self._dial_ended,
            Answered: self.answered,
        }

    def dialed(self, event: Dialed) -> None:
        """A phone is offered a call, a client is called, or an originate begins."""
        channel = self._board.channel_of(event)
        if channel is None:
            return
        channel.dialed_by = event.source
        if event.source is not None:
            self._board.groups.join(event.source, channel.id)
        if channel.call is None and self._board.awaits(event.source, event):
            return  # between a login and its list: no originate, its dialler is told later
        if channel.role == "helper" or channel.call is not None:
            return
        call = self._board.call_behind(event.source) or self._board.call_behind(channel.id)
        if channel.role == "client" and (call is None or call.seeks_client):
            self._dial_client(event, channel, call)
        elif call is not None:
            self._dial_phone(event, channel, call)
        else:
            self._dial_for_callback(event, channel)

    def _dial_phone(self, event: Dialed, channel: Channel, call: Call) -> None:
        """A phone is offered the call; an outside number is a phone too (a forwarded call)."""
        if channel.role == "client":
            number = event.number or channel.number
            channel.party = self._board.numbers.e164(number) or number or channel.id
        self._board.serve(channel, call)
        call.depart(event.at, redirected=True)
        for segment in call.open_segments():
            segment.consults(channel.party or channel.id, event.at)
        call.operator_ended = False
        call.in_ivr.stop(event.at)
        call.phone_dialed = True
        if call.anchor != channel.id:
            call.legs[channel.id] = Leg(operator=channel.party or channel.id)

    def _dial_for_callback(self, event: Dialed, channel: Channel) -> None:
        """An originate rings the operator first: the client's place is empty yet.

        The phone is shown the client as the caller; behind a Local channel as the connected line.
        """
        call = self._board.open("internal", channel)
        call.anchor = channel.id
        outside = self._board.numbers.e164(channel.number) is not None
        call.callback_to = channel.number if outside else event.shown
        call.legs[channel.id] = Leg(operator=channel.party or channel.id)

    def _dial_client(self, event: Dialed, channel: Channel, call: Call | None) -> None:
        """A trunk is dialled: an outbound attempt, or the next trunk of the same one."""
        if call is None:
            call = self._board.open("outbound", channel)
        elif call.provisional:
            _turn_outbound(call, channel)
        self._board.serve(channel, call)
        call.clients[channel.id] = None
        call.refused_by_client = None
        call.shown = call.shown or event.shown
        if not call.caller_raw:
            call.caller_raw = event.number or channel.number
        self._news.publish(call, "updated" if call.public_id else "started", event.at)

    def rang(self, event: Rang) -> None:
        """A phone of the call rings."""
        channel = self._board.channel_of(event)
        if channel is None:
            return
        call = channel.call
        if call is None:
            self._board.awaits(channel.dialed_by, event)
            return
        leg = call.legs.get(channel.id)
        if leg is not None and leg.rang_at is None and leg.disposition is None:
            leg.rang_at = event.at
            self._news.rings(call)
        rings = leg is not None or channel.id in call.clients
        if rings and call.rang_at is None and call.answered_at is None and not channel.incoming:
            call.rang_at = event.at

    def answered(self, event: Answered) -> None:
        """The far end answered, or the PBX itself answered the client."""
        channel = self._board.channel_of(event)
        if channel is None:
            return
        if channel.up_at is None:
            channel.up_at = event.at
        call = channel.call
        if call is None:
            self._board.awaits(channel.dialed_by, event)
            return
        leg = call.legs.get(channel.id)
        if leg is not None and leg.disposition is None:
            leg.disposition = "answered"
            self._news.rings(call)
        if channel.id in call.clients and call.up_at is None:
            call.up_at = event.at
            call.listen(event.at)

    def _dial_ended(self, event: DialEnded) -> None:
        """Of two ends of one dial the first counts (a queue's ring timeout sends two)."""
        call = self._board.call_of(event)
        if call is None:
            return
        leg = call.legs.get(event.channel)
        if leg is not None and leg.disposition is None:
            self._settle_leg(call, leg, event)
            self._news.rings(call)
        elif leg is None and event.channel in call.clients and event.disposition != "answered":
            call.refused_by_client = event.disposition

    def _settle_leg(self, call: Call, leg: Leg, event: DialEnded) -> None:
        leg.disposition = event.disposition
        if event.disposition == "answered":
            return
        leg.ended_at = event.at
        if event.disposition == "cancelled" and call.client_gave_up is None:
            taken = self._taken_since(call, self._board.channels[event.channel].started_at)
            leg.disposition = "answered_elsewhere" if taken else "no_answer"
        if event.forwarded_to:
            call.transfers.append(
                Transfer("redirect", by=leg.operator, to=event.forwarded_to, at=event.at)
            )

    def _taken_since(self, call: Call, since: float) -> bool:
        """Another phone answered since then: not the one that consults, which had before."""
        phones = (self._board.channels.get(channel) for channel in call.legs)
        return any(p is not None and p.up_at is not None and p.up_at >= since for p in phones)


def _turn_outbound(call: Call, client: Channel) -> None:
    """The provisional call of a phone gets its client."""
    call.anchor = call.anchor or next(iter(call.clients), None)
    call.clients.clear()
    call.direction = "outbound"
    call.first = client.id
    call.started_at = client.started_at
    call.caller_raw = call.caller_name = ""
    call.up_at = call.answered_at = None
    call.segments.clear()
    call.in_ivr = Stopwatch()
    call.recordings = turned(call.recordings)
