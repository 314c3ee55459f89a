"""Audio files that the PBX writes of a call."""

from calltrackd.calls.board import Board
from calltrackd.calls.call import Call
from calltrackd.calls.handlers import Handlers
from calltrackd.calls.sides import other
from calltrackd.model.call import Recording
from calltrackd.model.channel import RecordingStarted, RecordingStopped, Side


class Recordings:
    """A file belongs to the call on whose behalf the recorded channel acts."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def handlers(self) -> Handlers:
        """What this part answers to."""
        return {RecordingStarted: self._started, RecordingStopped: self._stopped}

    def _started(self, event: RecordingStarted) -> None:
        call = self._call_of(event)
        if call is not None and all(r.path != event.path for r in call.recordings):
            side = self._side(event, call)
            call.recordings.append(Recording(event.path, side, event.at))

    def _side(self, event: RecordingStarted, call: Call) -> Side:
        channel = self._board.channels[event.channel]
        of_phone = channel.role == "operator" and channel.id not in call.clients
        return other(event.side) if of_phone else event.side

    def _stopped(self, event: RecordingStopped) -> None:
        call = self._call_of(event)
        if call is None:
            return
        for recording in call.recordings:
            if recording.duration_s is None and recording.started_at <= event.at:
                begin = max(recording.started_at, call.up_at or event.at)
                recording.duration_s = max(0.0, event.at - begin)

    def _call_of(self, event: RecordingStarted | RecordingStopped) -> Call | None:
        channel = self._board.channel_of(event)
        return None if channel is None else self._board.call_behind(channel.id)
