"""Somebody hangs up, channels end, the call is over."""

from calltrackd.calls.board import Board
from calltrackd.calls.call import Call
from calltrackd.calls.channel import Channel
from calltrackd.calls.handlers import Handlers
from calltrackd.calls.meeting import Meeting
from calltrackd.calls.news import News
from calltrackd.model.call import Leg
from calltrackd.model.channel import ChannelEnded, HangupAsked

ANSWERED_ELSEWHERE = 26
"""Q.850-style cause with which Asterisk drops the losers of a ring group."""
REJECTED = 21
"""Q.850: call rejected. A dial ends as busy after a 603 on chan_sip (measured on 16)."""


class Ending:
    """A call ends when the client's last channel ends, not when an operator's does."""

    def __init__(self, board: Board, news: News, meeting: Meeting) -> None:
        self._board = board
        self._news = news
        self._meeting = meeting

    def handlers(self) -> Handlers:
        """What this part answers to."""
        return {HangupAsked: self._hangup_asked, ChannelEnded: self.ended}

    # -- who hung up

    def _hangup_asked(self, event: HangupAsked) -> None:
        """Only the client's own leg and the operator that talks now say who hung up."""
        channel = self._board.channel_of(event)
        if channel is None:
            return
        channel.asked_to_end = True
        call = channel.call
        if call is not None and channel.id in call.clients:
            _client_asked(call, channel)
        elif call is not None and channel.id == call.anchor:
            call.operator_ended = True
        else:
            for other in channel.talks_in:
                _hung_up_in_talk(other, channel, event.at)
                self._news.rings(other)

    # -- channels end

    def ended(self, event: ChannelEnded) -> None:
        """The channel is gone."""
        board = self._board
        channel = board.channels.get(event.channel)
        if channel is None:
            board.unknown["ChannelEnded"] += 1
            board.note_ended(event.channel)
            return
        bridge = board.rooms.bridge_of(channel.id)
        board.vanish(channel)
        for other in channel.talks_in:
            _end_talk(other, channel, event.at)
            _end_leg(other, event)
            self._news.rings(other)
        if channel.call is not None:
            self._end_in_call(channel.call, channel, event)
        if bridge is not None:
            self._meeting.look_around(bridge, event.at)

    def _end_in_call(self, call: Call, channel: Channel, event: ChannelEnded) -> None:
        if _end_leg(call, event):
            self._news.rings(call)
        if channel.id in call.clients:
            if event.given_up and call.certainty == "recovered":
                _client_asked(call, channel)  # its asking fell into the outage
            del call.clients[channel.id]
            if not call.clients:
                self._client_gone(call, event.at)
        elif channel.id == call.anchor:
            call.anchor = None
            if not call.clients:
                self._finish(call, call.ended_at or event.at)

    def _client_gone(self, call: Call, at: float) -> None:
        """An unanswered attempt over one trunk may go on over the next: its dialler knows."""
        call.ended_at = at
        waits = call.direction == "outbound" and call.answered_at is None
        if not (waits and call.anchor in self._board.channels):
            self._finish(call, at)

    # -- the call is over

    def _finish(self, call: Call, at: float) -> None:
        """Close what is open at `at`, publish, forget."""
        self._board.forget(call)
        call.ended_at = at
        call.close_talks(at)
        call.in_queue.stop(at)
        call.in_ivr.stop(at)
        for leg in call.legs.values():
            _settle_leg(call, leg, None)
            leg.ended_at = leg.ended_at or at
        self._settle_callback(call)
        if call.legs or not call.provisional:
            self._news.publish(call, "ended", at)

    def end_unseen(self, call: Call, at: float) -> None:
        """Nobody saw it end; `at` is the last moment at which it was known alive."""
        if call.ended_at is None:
            call.certainty = "gap"
            call.hung_up_by = "unknown"
        call.client_gave_up = None
        call.clients.clear()
        self._finish(call, at if call.ended_at is None else call.ended_at)

    def _settle_callback(self, call: Call) -> None:
        """An originate whose operator never got to the client is an attempt all the same (20).

        Who shows the operator a number of ours (click-to-call) does not say whom it would call.
        """
        own = call.legs.get(call.first)
        if not call.provisional or own is None:
            return
        number = self._board.numbers.e164(call.callback_to)
        if number in self._board.numbers.tracked:
            call.direction, call.shown = "outbound", call.callback_to
        elif number is not None:
            call.direction, call.caller_raw = "outbound", call.callback_to
        else:
            call.caller_raw = own.operator
            del call.legs[call.first]


def _client_asked(call: Call, channel: Channel) -> None:
    """A client that is called and refuses (486) asks too, but has hung up nothing."""
    if call.anchor == channel.id:
        call.operator_ended = channel.up_at is not None
    elif call.direction != "outbound" or channel.up_at is not None:
        call.client_gave_up = call.client_gave_up or call.place()


def _hung_up_in_talk(call: Call, channel: Channel, at: float) -> None:
    """The talk of an operator ends with its BYE, not with its channel.

    Measured: after a BYE amid a `*2` consultation the channel stays until the target answers.
    """
    talk = call.talk_of(channel.id)
    if talk is not None:
        talk.close(call.left_by(at))
        call.operator_ended = True


def _end_talk(call: Call, channel: Channel, at: float) -> None:
    talk = call.talk_of(channel.id)
    if talk is not None:
        talk.close(call.left_by(at))
        call.moved_at = call.left_at if not channel.asked_to_end else None


def _end_leg(call: Call, event: ChannelEnded) -> bool:
    """Whether a phone of the call is what ended."""
    leg = call.legs.get(event.channel)
    if leg is None:
        return False
    if leg.ended_at is None:
        leg.ended_at = event.at
    _settle_leg(call, leg, event.cause)
    return True


def _settle_leg(call: Call, leg: Leg, cause: int | None) -> None:
    """What its channel's end tells, where the dial's end told nothing or too little."""
    if cause == ANSWERED_ELSEWHERE and leg.disposition in (None, "no_answer", "cancelled"):
        leg.disposition = "answered_elsewhere"
    elif cause == REJECTED and leg.disposition == "busy":
        leg.disposition = "rejected"
    elif leg.disposition is None:
        leg.disposition = "cancelled" if call.client_gave_up else "no_answer"
