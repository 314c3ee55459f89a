"""The client goes from one operator to the next: blind, attended, park, pick-up."""

from calltrackd.calls.board import Board
from calltrackd.calls.call import LATE_EVENT_S, Call
from calltrackd.calls.handlers import Handlers
from calltrackd.calls.news import News
from calltrackd.model.call import Leg, Transfer
from calltrackd.model.channel import (
    Moved,
    Parked,
    PickedUp,
    TransferredAttended,
    TransferredBlind,
    Unparked,
)


class Transfers:
    """A transfer's event may come before or after its effect; both ways give one transfer."""

    def __init__(self, board: Board, news: News) -> None:
        self._board = board
        self._news = news

    def handlers(self) -> Handlers:
        """What this part answers to."""
        return {
            TransferredBlind: self._blind,
            TransferredAttended: self._attended,
            Moved: self._moved,
            Parked: self._parked,
            Unparked: self._unparked,
            PickedUp: self._picked_up,
        }

    def _moved_call(self, event: TransferredBlind | Parked | Moved) -> Call | None:
        """Whom the operator hears and sends on may be half of a Local channel that stays."""
        return self._board.call_of(event) or self._board.call_behind(event.channel)

    def _blind(self, event: TransferredBlind) -> None:
        call = self._moved_call(event)
        if call is None or call.knows_transfer("blind", event.at):
            return
        by = self._board.channels.get(event.by)
        pending = call.pending_transfer()
        name = by.party if by is not None else None
        if pending is not None and pending.kind == "park" and event.at - pending.at < LATE_EVENT_S:
            pending.by = pending.by or name
            return
        call.close_talks(event.at)
        call.operator_ended = False
        call.drop_redirect(event.at)
        call.transfers.append(Transfer("blind", by=name, to=event.number or None, at=event.at))
        self._news.publish(call, "updated", event.at)

    # -- attended

    def _attended(self, event: TransferredAttended) -> None:
        call = self._transferred_call(event)
        if call is None or call.knows_transfer("attended", event.at):
            return
        if event.ok:
            self._absorb_consultations(call, event)
        by = self._transferer(call, event)
        target = self._board.channels.get(event.target or "")
        to = _met(call, by) or (target.party if target else None) or _rung_last(call)
        done = event.ok and any(s.operator == to for s in call.segments)
        call.drop_redirect(event.at)
        call.operator_ended = call.operator_ended and not event.ok
        call.transfers.append(Transfer("attended", by=by, to=to, at=event.at, completed=done))
        self._news.publish(call, "updated", event.at)

    def _absorb_consultations(self, call: Call, event: TransferredAttended) -> None:
        """The transferer's second call is the client's now, also while its target still rings."""
        for name in event.by:
            channel = self._board.channels.get(name)
            own = channel.call if channel is not None else None
            if own is not None and own is not call and own.provisional:
                self._board.absorb(own, call)

    def _transferred_call(self, event: TransferredAttended) -> Call | None:
        for name in (event.channel, *event.by, event.target):
            channel = self._board.channels.get(name or "")
            if channel is not None and channel.call is not None and not channel.call.provisional:
                return channel.call
        return None

    def _transferer(self, call: Call, event: TransferredAttended) -> str | None:
        """The two channels of the transferer are ordered by time: who talked has the name."""
        parties = [c.party for name in event.by if (c := self._board.channels.get(name))]
        talked = {segment.operator for segment in call.segments}
        return next((p for p in parties if p in talked), parties[0] if parties else None)

    def _moved(self, event: Moved) -> None:
        """The operator's channel may have ended a moment before."""
        call = self._moved_call(event)
        if call is None or self._tells_where(call, event):
            return
        if call.transferred_since(event.at - LATE_EVENT_S):
            return
        if not call.close_talks(event.at) and not call.talked_since(event.at - LATE_EVENT_S):
            return
        call.operator_ended = False
        call.transfers.append(Transfer("redirect", by=None, to=None, at=event.at))
        self._news.publish(call, "updated", event.at)

    def _tells_where(self, call: Call, event: Moved) -> bool:
        """The end of the leg that sent the client away came first."""
        pending = call.pending_transfer()
        if pending is None or pending.kind != "blind" or pending.to or not event.number:
            return False
        pending.to = event.number
        self._news.publish(call, "updated", event.at)
        return True

    # -- park and pick-up

    def _parked(self, event: Parked) -> None:
        """Told once by its event and again by every list of parked calls."""
        call = self._moved_call(event)
        if call is None or call.knows_transfer("park", event.at):
            return
        pending = call.pending_transfer()
        if pending is not None and pending.kind == "park":
            return
        call.close_talks(event.at)
        call.operator_ended = False
        if pending is not None and pending.kind in ("blind", "redirect"):
            call.transfers.pop()
        by = event.by or (pending.by if pending is not None else None)
        call.transfers.append(Transfer("park", by=by, to=None, at=event.at))
        self._news.publish(call, "updated", event.at)

    def _unparked(self, event: Unparked) -> None:
        if event.by is not None:
            self._board.groups.join(event.channel, event.by)

    def _picked_up(self, event: PickedUp) -> None:
        picker = self._board.channels.get(event.channel)
        call = self._board.call_behind(event.target)
        if picker is None or call is None:
            self._board.unknown["PickedUp"] += 1
            return
        if call.knows_transfer("pickup", event.at):
            return
        if picker.call is not None and picker.call is not call and picker.call.provisional:
            self._board.absorb(picker.call, call)
        self._board.serve(picker, call)
        rung = call.legs.get(event.target)
        if rung is not None:
            rung.disposition, rung.ended_at = "answered_elsewhere", event.at
        call.transfers.append(Transfer("pickup", by=picker.party, to=picker.party, at=event.at))
        if picker.id not in call.legs:
            call.legs[picker.id] = Leg(picker.party or picker.id, None, None, "answered")


def _met(call: Call, by: str | None) -> str | None:
    """Who has the client now, when it is not the transferer."""
    return next((s.operator for s in call.open_segments() if s.operator != by), None)


def _rung_last(call: Call) -> str | None:
    return next((leg.operator for leg in reversed(call.legs.values())), None)
