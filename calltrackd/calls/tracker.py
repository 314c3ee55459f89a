"""Channel events in, call changes out: the heart.

Theory
------
The unit is the *client's place*: the channel (or, outbound, the channels of one attempt) behind
which the outside party is. It makes the call; everything else is joined to it.

* Which phone serves which call: a dialled channel belongs to the call of the channel that dialled
  it, followed back through Local channels; where no dial tells (pick-up, consultation, late
  attachment), the group of joined channels does (groups.py).
* Who talks with whom: client and operator are in one room (rooms.py). A talk segment begins when
  they meet and ends when the client meets the next operator, is moved away, or either channel ends.
  While the operator alone is away the segment goes on, on hold: that is a consultation.
* When the client leaves a bridge, the event itself does not say why. `Call.left_at` keeps the
  moment; what comes next decides: back in a room with the same operator (a Local channel was
  optimised away) - nothing happened; a new phone is dialled, a queue or a mailbox entered - the
  talk ended at that moment.
* A phone's own call is a provisional internal call. When one of its channels meets a client of
  another call it was a consultation, a pick-up or a park retrieve: it is absorbed.

Events may repeat, come late or out of order; what is known already stays as it is.

The tracker has no clock and no I/O. `feed` takes one event and gives the changes worth publishing.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from calltrackd.calls.arrivals import Arrivals
from calltrackd.calls.board import Board
from calltrackd.calls.channel import Channel
from calltrackd.calls.dialling import Dialling
from calltrackd.calls.ending import Ending
from calltrackd.calls.handlers import Handlers
from calltrackd.calls.meeting import Meeting
from calltrackd.calls.news import News
from calltrackd.calls.places import Places
from calltrackd.calls.presses import Presses
from calltrackd.calls.record import NumberRules
from calltrackd.calls.recordings import Recordings
from calltrackd.calls.recovery import Recovery
from calltrackd.calls.transfers import Transfers
from calltrackd.model.call import CallRecord, Change, Party, Pressed
from calltrackd.model.channel import ChannelEvent, ChannelStarted, Snapshot


class Voice(NamedTuple):
    """A living channel in a talk."""

    call_id: str
    side: Party
    channel: Channel
    away: bool
    """An operator that does not talk with the client now: on hold, or consulting another."""


class Tracker:
    """The calls of one attachment. `pbx` is its name in the settings."""

    def __init__(self, pbx: str, numbers: NumberRules | None = None) -> None:
        numbers = numbers or NumberRules()
        self._board = board = Board(numbers)
        self._news = news = News(pbx, numbers)
        arrivals, dialling = Arrivals(board, news), Dialling(board, news)
        meeting = Meeting(board, news)
        ending = Ending(board, news, meeting)
        self._recovery = Recovery(board, arrivals, dialling, meeting, ending)
        self._on: Handlers = {
            **arrivals.handlers(),
            **dialling.handlers(),
            **meeting.handlers(),
            **Places(board).handlers(),
            **Presses(board, news).handlers(),
            **Recordings(board).handlers(),
            **Transfers(board, news).handlers(),
            **ending.handlers(),
            **self._recovery.handlers(),
        }
        self.unknown = board.unknown
        """Events of channels that were not seen begin or had ended, by event type."""

    def feed(self, event: ChannelEvent) -> list[Change]:
        """Take one event; the changes it makes worth publishing, in order."""
        self._on[type(event)](event)
        if isinstance(event, ChannelStarted):
            self._feed_early(event.channel)
        elif isinstance(event, Snapshot):
            for seen in event.channels:
                self._feed_early(seen.channel)
        return self._news.take_changes()

    def _feed_early(self, channel: str) -> None:
        for event in self._board.take_early(channel):
            self._on[type(event)](event)

    def close(self, at: float) -> list[Change]:
        """The input ended at `at`: what still lives has an unseen end."""
        self._recovery.close(at)
        return self._news.take_changes()

    def take_presses(self) -> list[Pressed]:
        """The key presses of published calls since the last time, in order."""
        return self._news.take_presses()

    @property
    def ringing_moved(self) -> bool:
        """Phones began to ring or stopped since `take_ringing`."""
        return self._news.ringing_moved

    def take_ringing(self, at: float) -> list[Change]:
        """The calls for which other phones ring than when last asked, as they stand at `at`.

        Apart from `feed`, for what rings is told to people who could pick up: it is worth nothing
        afterwards, and however many phones begin at once are worth one change.
        """
        return self._news.take_ringing(at)

    def was_told(self, records: Iterable[CallRecord]) -> None:
        """After a restart: calls in progress as the outside knows them."""
        self._news.was_told(records)

    def record(self, call_id: str, at: float) -> CallRecord | None:
        """A published call in progress, as it stands at `at`."""
        call = self._news.published.get(call_id)
        return None if call is None else self._news.record(call, at)

    def live(self, at: float) -> list[CallRecord]:
        """The records of the calls in progress, as they stand at `at`."""
        return [self._news.record(call, at) for call in self._news.published.values()]

    def voices(self) -> Iterator[Voice]:
        """Who can be heard in the calls in progress now."""
        living = self._board.channels
        for call_id, call in self._news.published.items():
            for talk in call.open_segments():
                if talk.channel in living:
                    held = talk.hold_since is not None
                    yield Voice(call_id, "operator", living[talk.channel], held)
            if call.open_segments():
                for client in call.clients:
                    if client in living and (call.direction == "inbound" or living[client].up_at):
                        yield Voice(call_id, "caller", living[client], away=False)

    def operator_channels(self, call_id: str, operator: str | None) -> list[Channel]:
        """The channels on which `operator` talks in a call now."""
        call = self._news.published.get(call_id)
        if call is None:
            return []
        talking = (s.channel for s in call.open_segments() if s.operator == operator)
        living = self._board.channels
        return [living[channel] for channel in talking if channel in living]
