"""Channels appear, are named, renamed and tied together."""

from calltrackd.calls.board import Board
from calltrackd.calls.channel import Channel
from calltrackd.calls.handlers import Handlers
from calltrackd.calls.news import News
from calltrackd.model.channel import CameIn, ChannelStarted, Linked, Numbered, Paired, Replaced


class Arrivals:
    """A trunk brings a client; a phone that dials begins a provisional call."""

    def __init__(self, board: Board, news: News) -> None:
        self._board = board
        self._news = news

    def handlers(self) -> Handlers:
        """What this part answers to."""
        return {
            ChannelStarted: self._started,
            CameIn: self._came_in,
            Numbered: self._numbered,
            Replaced: self._replaced,
            Linked: self._linked,
            Paired: self._paired,
        }

    def _started(self, event: ChannelStarted) -> None:
        if self._board.is_known(event.channel):
            return
        channel = Channel(event, event.at)
        self._board.appear(channel, event.link)
        if channel.incoming:
            self.open_incoming(channel, event.at)

    def _came_in(self, event: CameIn) -> None:
        """Not one that was dialled, or serves a call already."""
        channel = self._board.channel_of(event)
        if channel is None or channel.incoming or channel.call or channel.dialed_by:
            return
        channel.incoming, channel.dialed = True, event.dialed
        self.open_incoming(channel, event.at)

    def open_incoming(self, channel: Channel, at: float) -> None:
        """The call of a channel whose far end placed it."""
        if channel.role == "client":
            call = self._board.open("inbound", channel)
            call.did_raw = channel.dialed
            call.caller_raw, call.caller_name = channel.number, channel.number_name
            self._news.publish(call, "started", at)
        elif channel.role == "operator":
            call = self._board.open("internal", channel)
            call.did_raw = channel.dialed
            call.caller_raw = channel.party or ""

    def _numbered(self, event: Numbered) -> None:
        """The client's identity stays what its channel first showed; a callback learns it here."""
        channel = self._board.channel_of(event)
        if channel is None:
            return
        channel.number, channel.number_name = event.number, event.number_name
        call = channel.call
        if call is not None and call.anchor == channel.id and self._is_outside(event.number):
            call.callback_to = event.number

    def _is_outside(self, number: str) -> bool:
        return self._board.numbers.e164(number) is not None

    def _replaced(self, event: Replaced) -> None:
        """A masquerade: `by` is now the endpoint that was behind `channel`."""
        old, new = self._board.channels.get(event.channel), self._board.channels.get(event.by)
        if old is None or new is None:
            self._board.unknown["Replaced"] += 1
            return
        self._board.groups.join(old.id, new.id)
        new.become(old)
        call, old.call = old.call, None
        if call is not None:
            self._board.serve(new, call)
            call.hand_over(old.id, new.id)

    def _linked(self, event: Linked) -> None:
        if self._board.channel_of(event) is not None:
            self._board.groups.add(event.channel, event.link)

    def _paired(self, event: Paired) -> None:
        if event.one in self._board.channels and event.two in self._board.channels:
            self._board.rooms.pair(event.one, event.two)
            self._board.groups.join(event.one, event.two)
        else:
            self._board.unknown["Paired"] += 1
