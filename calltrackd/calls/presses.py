"""Key presses: whose they are and in which call."""

from bisect import insort
from operator import attrgetter

from calltrackd.calls.board import Board
from calltrackd.calls.call import Call
from calltrackd.calls.channel import Channel
from calltrackd.calls.handlers import Handlers
from calltrackd.calls.news import News
from calltrackd.model.call import KeyPress, Party
from calltrackd.model.channel import Digit


class Presses:
    """The side of a press is the side of the channel it came from.

    Presses are kept in the order in which the keys went down: a long one is told when it ends.
    """

    def __init__(self, board: Board, news: News) -> None:
        self._board = board
        self._news = news

    def handlers(self) -> Handlers:
        """What this part answers to."""
        return {Digit: self._digit}

    def _digit(self, event: Digit) -> None:
        channel = self._board.channel_of(event)
        call = None if channel is None else _talk_of(channel)
        if channel is None or call is None:
            return
        by: Party = "caller" if channel.id in call.clients else "operator"
        press = KeyPress(by, channel.party, event.digit, event.at)
        if press in call.digits:
            return
        insort(call.digits, press, key=attrgetter("at"))
        if by == "caller" and call.in_ivr.running:
            call.ivr_path.append(event.digit)
        talk = call.talk_of(channel.id)
        self._news.press(call, press, talking=talk is not None and not talk.reasons)


def _talk_of(channel: Channel) -> Call | None:
    """The call the channel talks in now, else the one it serves."""
    talks = (call for call in channel.talks_in if call.talk_of(channel.id) is not None)
    return next(talks, channel.call)
