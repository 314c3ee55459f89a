"""Where the PBX itself keeps the client: queues, menus, mailboxes, conferences."""

from calltrackd.calls.board import Board
from calltrackd.calls.handlers import Handlers
from calltrackd.model.channel import Entered, QueueEntered, QueueLeft


class Places:
    """None of them is a person: they make waiting, not talk."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def handlers(self) -> Handlers:
        """What this part answers to."""
        return {
            QueueEntered: self._queue_entered,
            QueueLeft: self._queue_left,
            Entered: self._entered,
        }

    def _queue_entered(self, event: QueueEntered) -> None:
        if self._board.channel_of(event) is None:
            return
        call = self._board.call_behind(event.channel)
        if call is None or event.at < call.queue_at:
            return
        call.queue_at = event.at
        call.depart(event.at, redirected=True)
        call.queue = event.queue
        call.in_ivr.stop(event.at)
        call.in_queue.start(event.at)
        if call.answered_at is None:
            call.queue_entered_at = call.queue_entered_at or event.at

    def _queue_left(self, event: QueueLeft) -> None:
        if self._board.channel_of(event) is None:
            return
        call = self._board.call_behind(event.channel)
        if call is not None and event.at >= call.queue_at:
            call.queue_at = event.at
            call.in_queue.stop(event.at)
            call.listen(event.at)

    def _entered(self, event: Entered) -> None:
        channel = self._board.channel_of(event)
        call = None if channel is None else self._board.client_call(channel)
        if call is None:
            return
        call.in_ivr.stop(event.at)
        call.depart(event.at)
        if event.place == "voicemail" and call.voicemail_at is None:
            call.voicemail_at = event.at
        elif event.place == "conference":
            call.phone_dialed = True
