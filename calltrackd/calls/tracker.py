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

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from calltrackd.calls.call import Call
from calltrackd.calls.channel import Channel
from calltrackd.calls.groups import Groups
from calltrackd.calls.record import NumberRules, record_of
from calltrackd.calls.rooms import Rooms
from calltrackd.calls.segment import Segment
from calltrackd.calls.stopwatch import Stopwatch
from calltrackd.model.call import (
    CallRecord,
    Change,
    KeyPress,
    Leg,
    Party,
    Pressed,
    Recording,
    Step,
    Transfer,
)
from calltrackd.model.channel import (
    Answered,
    Bridged,
    ChannelEnded,
    ChannelEvent,
    ChannelStarted,
    Dialed,
    DialEnded,
    Digit,
    Entered,
    HangupAsked,
    Held,
    Linked,
    LinkLost,
    LinkUp,
    Numbered,
    Paired,
    Parked,
    PbxStopped,
    PickedUp,
    QueueEntered,
    QueueLeft,
    Rang,
    RecordingStarted,
    RecordingStopped,
    Replaced,
    Resumed,
    SeenChannel,
    Snapshot,
    TransferredAttended,
    TransferredBlind,
    Unbridged,
    Unparked,
)

LATE_EVENT_S = 1.0
"""The event of a transfer follows its effect within this time."""

CLOCK_OF_PBX_S = 1.5
"""A PBX tells its boot time in whole seconds; one that began this little before the loss is old."""


class Tracker:
    """The calls of one attachment. `pbx` is its name in the settings."""

    def __init__(self, pbx: str, numbers: NumberRules | None = None) -> None:
        self._pbx = pbx
        self._numbers = numbers or NumberRules()
        self._channels: dict[str, Channel] = {}
        self._groups = Groups()
        self._rooms = Rooms()
        self._calls: dict[int, Call] = {}
        self._changes: list[Change] = []
        self._presses: list[Pressed] = []
        self._by_id: dict[str, Call] = {}
        self._lost_at: float | None = None
        self.unknown: Counter[str] = Counter()
        """Events of channels that were never seen begin, by event type."""
        self._on: dict[type, Callable[[Any], None]] = {
            ChannelStarted: self._started,
            Numbered: self._numbered,
            Replaced: self._replaced,
            Linked: self._linked,
            Paired: self._paired,
            Dialed: self._dialed,
            Rang: self._rang,
            DialEnded: self._dial_ended,
            Answered: self._answered,
            Bridged: self._bridged,
            Unbridged: self._unbridged,
            Held: self._held,
            Resumed: self._resumed,
            QueueEntered: self._queue_entered,
            QueueLeft: self._queue_left,
            Entered: self._entered,
            Digit: self._digit,
            TransferredBlind: self._blind,
            TransferredAttended: self._attended,
            Parked: self._parked,
            Unparked: self._unparked,
            PickedUp: self._picked_up,
            RecordingStarted: self._recording,
            RecordingStopped: self._recording_stopped,
            HangupAsked: self._hangup_asked,
            ChannelEnded: self._ended,
            Snapshot: self._snapshot,
            LinkLost: self._link_lost,
            LinkUp: self._link_up,
            PbxStopped: self._pbx_stopped,
        }

    # -- the outside

    def feed(self, event: ChannelEvent) -> list[Change]:
        """Take one event; the changes it makes worth publishing, in order."""
        self._on[type(event)](event)
        if not self._changes:
            return self._changes
        changes, self._changes = self._changes, []
        return changes

    def close(self, at: float) -> list[Change]:
        """The input ended at `at`: what still lives has an unseen end."""
        self._lost_at = at if self._lost_at is None else self._lost_at
        for call in list(self._calls.values()):
            self._end_unseen(call, self._lost_at)
        changes, self._changes = self._changes, []
        return changes

    def take_presses(self) -> list[Pressed]:
        """The key presses of published calls since the last time, in order."""
        presses, self._presses = self._presses, []
        return presses

    def record(self, call_id: str, at: float) -> CallRecord | None:
        """A published call in progress, as it stands at `at`."""
        call = self._by_id.get(call_id)
        return None if call is None else self._record(call, at)

    def live(self, at: float) -> list[CallRecord]:
        """The records of the calls in progress, as they stand at `at`."""
        return [self._record(call, at) for call in self._calls.values() if call.published]

    def operator_channels(self, call_id: str, operator: str | None) -> list[str]:
        """Names of the channels on which `operator` talks in a call now."""
        call = self._by_id.get(call_id)
        if call is None:
            return []
        talking = [s.channel for s in call.open_segments() if s.operator == operator]
        return [self._channels[name].name for name in talking if name in self._channels]

    # -- publishing

    def _record(self, call: Call, at: float) -> CallRecord:
        return record_of(call, self._pbx, self._numbers, at)

    def _publish(self, call: Call, step: Step, at: float) -> None:
        if call.provisional and step != "ended":
            return
        if not call.published and step not in ("started", "ended"):
            return
        record = self._record(call, at)
        if step == "ended":
            self._by_id.pop(record.id, None)
        else:
            self._by_id[record.id] = call
        call.published = True
        self._changes.append(Change(record, step, at))

    # -- finding

    def _channel(self, event: Any) -> Channel | None:
        """The living channel an event speaks of; a strange one is counted."""
        channel = self._channels.get(event.channel)
        if channel is None:
            self.unknown[type(event).__name__] += 1
        return channel

    def _client_call(self, channel: Channel) -> Call | None:
        """The call in whose client's place the channel is."""
        call = channel.call
        return call if call is not None and channel.id in call.clients else None

    def _call_behind(self, channel_id: str | None) -> Call | None:
        """The call on whose behalf a channel acts: its own, its dialler's, its group's."""
        seen: set[str] = set()
        at = channel_id
        while at is not None and at not in seen:
            seen.add(at)
            channel = self._channels.get(at)
            if channel is None:
                break
            if channel.call is not None:
                return channel.call
            other = self._rooms.other_half(at)
            at = channel.dialed_by or (other if other not in seen else None)
        return self._call_of_group(channel_id)

    def _call_of_group(self, channel_id: str | None) -> Call | None:
        """The oldest living call of the group, a client's before a provisional one."""
        if channel_id is None:
            return None
        calls = {
            id(c.call): c.call
            for name in self._groups.around(channel_id)
            if (c := self._channels.get(name)) is not None and c.call is not None
        }
        ranked = sorted(calls.values(), key=lambda c: (c.provisional, c.started_at))
        return ranked[0] if ranked else None

    # -- channels appear and change

    def _started(self, event: ChannelStarted) -> None:
        if event.channel in self._channels:
            return
        channel = Channel(
            event.channel,
            event.name,
            event.role,
            event.party,
            event.at,
            incoming=event.incoming,
            number=event.number,
            number_name=event.number_name,
            dialed=event.dialed,
        )
        self._appear(channel, event.link)
        if channel.incoming:
            self._open_incoming(channel, event.at)

    def _appear(self, channel: Channel, link: str) -> None:
        self._channels[channel.id] = channel
        self._groups.add(channel.id, link)

    def _open_incoming(self, channel: Channel, at: float) -> None:
        """A trunk brings a client; a phone that dials begins a provisional call."""
        if channel.role == "client":
            call = self._open("inbound", channel)
            call.did_raw = channel.dialed
            self._take_identity(call, channel)
            self._publish(call, "started", at)
        elif channel.role == "operator":
            call = self._open("internal", channel)
            call.caller_raw = channel.party or ""
            call.did_raw = channel.dialed

    def _open(self, direction: Any, client: Channel) -> Call:
        call = Call(direction, client)
        call.clients.add(client.id)
        client.call = call
        self._calls[id(call)] = call
        return call

    def _take_identity(self, call: Call, client: Channel) -> None:
        """The client's identity is what its channel first showed."""
        call.caller_raw = client.number
        call.caller_name = client.number_name

    def _numbered(self, event: Numbered) -> None:
        channel = self._channel(event)
        if channel is not None:
            channel.number, channel.number_name = event.number, event.number_name
            if channel.call is not None and channel.call.anchor == channel.id:
                channel.call.callback_to = event.number

    def _replaced(self, event: Replaced) -> None:
        """A masquerade: `by` is now the endpoint that was behind `channel`."""
        old, new = self._channels.get(event.channel), self._channels.get(event.by)
        if old is None or new is None:
            self.unknown["Replaced"] += 1
            return
        self._groups.join(old.id, new.id)
        new.name, new.role, new.party = old.name, old.role, old.party
        new.number, new.number_name = old.number, old.number_name
        new.incoming = old.incoming
        new.up = old.up
        new.call, old.call = old.call, None
        self._hand_over(new.call, old.id, new.id)

    def _hand_over(self, call: Call | None, old: str, new: str) -> None:
        if call is None:
            return
        if old in call.clients:
            call.clients.discard(old)
            call.clients.add(new)
        if call.anchor == old:
            call.anchor = new
        if old in call.legs:
            call.legs[new] = call.legs.pop(old)
        for segment in call.open_segments():
            if segment.channel == old:
                segment.channel = new

    def _linked(self, event: Linked) -> None:
        if self._channel(event) is not None:
            self._groups.add(event.channel, event.link)

    def _paired(self, event: Paired) -> None:
        self._rooms.pair(event.one, event.two)
        self._groups.join(event.one, event.two)

    # -- dialling

    def _dialed(self, event: Dialed) -> None:
        channel = self._channel(event)
        if channel is None:
            return
        channel.dialed_by = event.source
        if event.source is not None:
            self._groups.join(event.source, channel.id)
        if channel.role == "helper" or channel.call is not None:
            return
        call = self._call_behind(event.source or channel.id)
        if channel.role == "client" and (call is None or call.direction != "inbound"):
            self._dial_client(event, channel, call)
        elif call is not None:
            self._dial_phone(event, channel, call)
        else:
            self._dial_for_callback(channel)

    def _dial_phone(self, event: Dialed, channel: Channel, call: Call) -> None:
        """A phone is offered the call; an outside number is a phone too (a forwarded call)."""
        if channel.role == "client":
            number = event.number or channel.number
            channel.party = self._numbers.e164(number) or number or channel.id
        channel.call = call
        self._settle_departure(call, event.at, redirected=True)
        for segment in call.open_segments():
            segment.consults(channel.party or channel.id)
        call.operator_ended = False
        call.in_ivr.stop(event.at)
        call.phone_dialed = True
        if call.anchor != channel.id:
            call.legs[channel.id] = Leg(operator=channel.party or channel.id)

    def _dial_for_callback(self, channel: Channel) -> None:
        """An originate rings the operator first: the client's place is empty yet."""
        call = self._open("internal", channel)
        call.anchor = channel.id
        call.callback_to = channel.number
        call.legs[channel.id] = Leg(operator=channel.party or channel.id)

    def _dial_client(self, event: Dialed, channel: Channel, call: Call | None) -> None:
        """A trunk is dialled: an outbound attempt, or the next trunk of the same one."""
        if call is None:
            call = self._open("outbound", channel)
        elif call.provisional:
            self._turn_outbound(call, channel)
        channel.call = call
        call.clients.add(channel.id)
        call.refused_by_client = None
        call.shown = call.shown or event.shown
        if not call.caller_raw:
            call.caller_raw = event.number or channel.number
        self._publish(call, "updated" if call.published else "started", event.at)

    def _turn_outbound(self, call: Call, client: Channel) -> None:
        """The provisional call of a phone gets its client."""
        call.anchor = call.anchor or next(iter(call.clients), None)
        call.clients.clear()
        call.direction = "outbound"
        call.first = client.id
        call.started_at = client.started_at
        call.caller_raw = call.caller_name = ""
        call.up_at = None
        call.in_ivr = Stopwatch()

    def _rang(self, event: Rang) -> None:
        channel = self._channel(event)
        if channel is None or channel.call is None:
            return
        call = channel.call
        leg = call.legs.get(channel.id)
        if leg is not None and leg.rang_at is None and leg.disposition is None:
            leg.rang_at = event.at
        rings = leg is not None or channel.id in call.clients
        if rings and call.rang_at is None and call.answered_at is None and not channel.incoming:
            call.rang_at = event.at

    def _dial_ended(self, event: DialEnded) -> None:
        channel = self._channel(event)
        if channel is None or channel.call is None:
            return
        call = channel.call
        if channel.id in call.clients and channel.id not in call.legs:
            if event.disposition != "answered":
                call.refused_by_client = event.disposition
            return
        leg = call.legs.get(channel.id)
        if leg is None or leg.disposition is not None:
            return
        self._settle_leg(call, leg, event)

    def _settle_leg(self, call: Call, leg: Leg, event: DialEnded) -> None:
        leg.disposition = event.disposition
        if event.disposition == "answered":
            return
        leg.ended_at = event.at
        if event.disposition == "cancelled" and call.client_gave_up is None:
            leg.disposition = "no_answer" if not self._taken(call) else "answered_elsewhere"
        if event.forwarded_to:
            call.transfers.append(
                Transfer("redirect", by=leg.operator, to=event.forwarded_to, at=event.at)
            )

    def _taken(self, call: Call) -> bool:
        """Somebody has the client, or picked the ringing up."""
        return any(leg.disposition == "answered" and leg.ended_at is None for leg in
                   call.legs.values()) or bool(call.open_segments())  # fmt: skip

    def _answered(self, event: Answered) -> None:
        channel = self._channel(event)
        if channel is None:
            return
        channel.up = True
        call = channel.call
        if call is None:
            return
        leg = call.legs.get(channel.id)
        if leg is not None and leg.disposition is None:
            leg.disposition = "answered"
        if channel.id in call.clients and call.up_at is None:
            call.up_at = event.at
            self._maybe_ivr(call, event.at)

    def _maybe_ivr(self, call: Call, at: float) -> None:
        """Answered by the PBX and in no queue, room or mailbox, no phone dialled yet (32)."""
        if (
            call.up_at is not None
            and call.direction != "outbound"
            and not call.phone_dialed
            and not call.in_queue.running
            and call.voicemail_at is None
            and call.answered_at is None
        ):
            call.in_ivr.start(at)

    # -- rooms

    def _bridged(self, event: Bridged) -> None:
        channel = self._channel(event)
        if channel is None:
            return
        channel.stale = False
        if not self._rooms.enter(channel.id, event.bridge, shared=event.shared):
            return
        if not event.shared:
            for other in self._rooms.beside(event.bridge):
                self._groups.join(channel.id, other)
        self._look_around(event.bridge, event.at)

    def _unbridged(self, event: Unbridged) -> None:
        channel = self._channel(event)
        if channel is not None and self._rooms.leave(channel.id, event.bridge):
            self._departed(channel, event.bridge, event.at)

    def _departed(self, channel: Channel, bridge: str, at: float) -> None:
        call = self._client_call(channel)
        if call is not None and call.open_segments() and call.left_at is None:
            call.left_at = at
        self._look_around(bridge, at)

    def _look_around(self, bridge: str, at: float) -> None:
        """Somebody came or went: settle who talks with whom in the room."""
        room = [c for name in self._rooms.room(bridge) if (c := self._channels.get(name))]
        clients = [c for c in room if self._client_call(c) is not None]
        for client in clients:
            self._absorb_guests(client, room)
        for client in clients:
            call = self._client_call(client)
            if call is not None:
                self._meet(call, client, room, at)

    def _absorb_guests(self, client: Channel, room: list[Channel]) -> None:
        """A provisional call whose channel meets another call's client was part of that call."""
        host = client.call
        if host is None or host.provisional:
            return
        for guest in room:
            if guest.call is not None and guest.call is not host and guest.call.provisional:
                self._absorb(guest.call, host)

    def _absorb(self, guest: Call, host: Call) -> None:
        for channel in self._channels.values():
            if channel.call is guest:
                channel.call = host
        host.legs.update(guest.legs)
        for press in guest.digits:
            host.digits.append(KeyPress("operator", self._party_of(guest), press.digit, press.at))
        host.digits.sort(key=lambda press: press.at)
        self._calls.pop(id(guest), None)

    def _party_of(self, provisional: Call) -> str | None:
        return provisional.caller_raw or None

    def _meet(self, call: Call, client: Channel, room: list[Channel], at: float) -> None:
        present = {c.id: c for c in room if self._is_operator(c, call, client)}
        open_ones = call.open_segments()
        fresh = [c for c in present.values() if all(s.channel != c.id for s in open_ones)]
        if fresh:
            self._close_absent(call, present, at)
            for operator in fresh:
                self._begin_talk(call, operator, at)
            self._publish_meeting(call, at)
        elif present:
            call.left_at = None
        self._mark_away(call, client, present, at)

    def _is_operator(self, channel: Channel, call: Call, client: Channel) -> bool:
        if channel is client or channel.id in call.clients or channel.role == "helper":
            return False
        if channel.asked_to_end:
            return False
        if channel.role == "operator":
            return True
        if channel.id in call.legs:
            return True
        other = channel.call
        alone = other is not None and other is not call and other.direction == "outbound"
        return alone and self._rooms.bridge_of(channel.id) not in self._rooms.shared

    def _close_absent(self, call: Call, present: dict[str, Channel], at: float) -> None:
        """The client meets the next operator: who is not in the room has lost it."""
        end = at if call.left_at is None else min(at, call.left_at)
        for segment in call.open_segments():
            if segment.channel not in present:
                segment.close(end)
        call.left_at = None

    def _begin_talk(self, call: Call, operator: Channel, at: float) -> None:
        name = operator.party or self._numbers.e164(operator.number) or operator.number
        call.segments.append(Segment(name, operator.id, at))
        call.operator_ended = False
        if operator.call is None or operator.call.provisional:
            operator.call = call
        self._leg_of_talk(call, operator, name, at)
        pending = call.pending_transfer()
        if pending is not None:
            pending.to, pending.completed = name, True

    def _leg_of_talk(self, call: Call, operator: Channel, name: str, at: float) -> None:
        """Also a phone that took the call without being rung is a leg (35)."""
        leg = call.legs.get(operator.id)
        if leg is not None:
            leg.disposition = "answered"
            leg.ended_at = None
        elif call.direction == "inbound" and not self._has_answered(call, name):
            call.legs[operator.id] = Leg(name, None, None, "answered")

    def _has_answered(self, call: Call, operator: str) -> bool:
        return any(
            leg.operator == operator and leg.disposition == "answered" for leg in call.legs.values()
        )

    def _publish_meeting(self, call: Call, at: float) -> None:
        call.in_queue.stop(at)
        call.in_ivr.stop(at)
        if call.answered_at is None:
            call.answered_at = at
            if call.up_at is None:
                call.up_at = at
            self._publish(call, "answered", at)
        else:
            self._publish(call, "updated", at)

    def _mark_away(
        self, call: Call, client: Channel, present: dict[str, Channel], at: float
    ) -> None:
        """An operator out of the client's room, the client still in it, consults another."""
        if self._rooms.bridge_of(client.id) is None:
            return
        for segment in call.open_segments():
            if segment.channel in present:
                self._came_back(call, segment, at)
            elif call.left_at is None:
                segment.hold("away", at)

    def _came_back(self, call: Call, segment: Segment, at: float) -> None:
        """An operator who rang another and has the client again did not get it transferred."""
        segment.resume("away", at)
        consulted = segment.take_consulted()
        if consulted is not None:
            call.transfers.append(Transfer("attended", segment.operator, consulted, at))

    def _settle_departure(self, call: Call, at: float, *, redirected: bool = False) -> None:
        """The client is somewhere else now: the talks that it left are over.

        Nobody transferred it and no operator hung up: it was moved from outside (AMI Redirect).
        """
        left_at = call.left_at if call.left_at is not None else call.moved_at
        if left_at is None:
            return
        moved = bool(call.close_talks(at)) or call.moved_at is not None
        call.moved_at = None
        if moved and redirected and not call.operator_ended and call.pending_transfer() is None:
            call.transfers.append(Transfer("redirect", by=None, to=None, at=left_at))

    # -- what happens in a call

    def _held(self, event: Held) -> None:
        for segment in self._segments_of(event):
            segment.hold("held", event.at)

    def _resumed(self, event: Resumed) -> None:
        for segment in self._segments_of(event):
            segment.resume("held", event.at)

    def _segments_of(self, event: Held | Resumed) -> Iterable[Segment]:
        channel = self._channel(event)
        if channel is None or channel.call is None:
            return ()
        mine = channel.id in channel.call.clients
        return [s for s in channel.call.open_segments() if mine or s.channel == channel.id]

    def _queue_entered(self, event: QueueEntered) -> None:
        channel = self._channel(event)
        call = self._call_behind(event.channel) if channel is not None else None
        if channel is None or call is None or call.queue_entered_at == event.at:
            return
        self._settle_departure(call, event.at, redirected=True)
        call.queue = event.queue
        call.in_ivr.stop(event.at)
        if call.answered_at is None:
            call.in_queue.start(event.at)
            call.queue_entered_at = call.queue_entered_at or event.at

    def _queue_left(self, event: QueueLeft) -> None:
        if self._channel(event) is None:
            return
        call = self._call_behind(event.channel)
        if call is not None:
            call.in_queue.stop(event.at)
            self._maybe_ivr(call, event.at)

    def _entered(self, event: Entered) -> None:
        channel = self._channel(event)
        call = None if channel is None else self._client_call(channel)
        if call is None:
            return
        call.in_ivr.stop(event.at)
        self._settle_departure(call, event.at)
        if event.place == "voicemail" and call.voicemail_at is None:
            call.voicemail_at = event.at
        elif event.place == "conference":
            call.phone_dialed = True

    def _digit(self, event: Digit) -> None:
        channel = self._channel(event)
        call = None if channel is None else self._talk_of(channel)
        if channel is None or call is None:
            return
        by: Party = "caller" if channel.id in call.clients else "operator"
        press = KeyPress(by, channel.party, event.digit, event.at)
        call.digits.append(press)
        if by == "caller" and call.in_ivr.running:
            call.ivr_path.append(event.digit)
        if call.published:
            self._pressed(call, channel, press)

    def _pressed(self, call: Call, channel: Channel, press: KeyPress) -> None:
        talking = any(s.channel == channel.id and not s.reasons for s in call.open_segments())
        self._presses.append(Pressed(self._record(call, press.at), press, talking))

    def _talk_of(self, channel: Channel) -> Call | None:
        """The call the channel talks in now, else the one it serves."""
        for call in self._calls.values():
            if any(s.channel == channel.id for s in call.open_segments()):
                return call
        return channel.call

    # -- transfers

    def _blind(self, event: TransferredBlind) -> None:
        channel = self._channel(event)
        call = None if channel is None else channel.call
        if call is None:
            return
        by = self._channels.get(event.by)
        pending = call.pending_transfer()
        if pending is not None and pending.kind == "park" and event.at - pending.at < LATE_EVENT_S:
            return
        call.close_talks(event.at)
        call.operator_ended = False
        self._drop_redirect(call, event.at)
        name = by.party if by is not None else None
        call.transfers.append(Transfer("blind", by=name, to=event.number or None, at=event.at))
        self._publish(call, "updated", event.at)

    def _drop_redirect(self, call: Call, at: float) -> None:
        """The event of a transfer may come after its effect."""
        pending = call.pending_transfer()
        if pending is None or pending.kind != "redirect" or pending.by is not None:
            return
        if at - pending.at < LATE_EVENT_S:
            call.transfers.pop()

    def _attended(self, event: TransferredAttended) -> None:
        call = self._transferred_call(event)
        if call is None:
            return
        if event.ok:
            self._absorb_consultations(call, event)
        by = self._transferer(call, event)
        target = self._channels.get(event.target or "")
        to = self._met(call, by) or (target.party if target else None) or self._rung_last(call)
        done = event.ok and any(s.operator == to for s in call.segments)
        self._drop_redirect(call, event.at)
        call.operator_ended = False
        call.transfers.append(Transfer("attended", by=by, to=to, at=event.at, completed=done))
        self._publish(call, "updated", event.at)

    def _absorb_consultations(self, call: Call, event: TransferredAttended) -> None:
        """The transferer's second call is the client's now, also while its target still rings."""
        for name in event.by:
            channel = self._channels.get(name)
            own = channel.call if channel is not None else None
            if own is not None and own is not call and own.provisional:
                self._absorb(own, call)

    def _transferred_call(self, event: TransferredAttended) -> Call | None:
        for name in (event.channel, *event.by, event.target):
            channel = self._channels.get(name or "")
            if channel is not None and channel.call is not None and not channel.call.provisional:
                return channel.call
        return None

    def _transferer(self, call: Call, event: TransferredAttended) -> str | None:
        parties = [c.party for name in event.by if (c := self._channels.get(name))]
        talked = {segment.operator for segment in call.segments}
        return next((p for p in parties if p in talked), parties[0] if parties else None)

    def _met(self, call: Call, by: str | None) -> str | None:
        """Who has the client now, when it is not the transferer."""
        return next((s.operator for s in call.open_segments() if s.operator != by), None)

    def _rung_last(self, call: Call) -> str | None:
        return next((leg.operator for leg in reversed(call.legs.values())), None)

    def _parked(self, event: Parked) -> None:
        channel = self._channel(event)
        call = None if channel is None else channel.call
        if channel is None or call is None:
            return
        call.close_talks(event.at)
        call.operator_ended = False
        pending = call.pending_transfer()
        if pending is not None and pending.kind in ("blind", "redirect"):
            call.transfers.pop()
        by = event.by or (pending.by if pending is not None else None)
        call.transfers.append(Transfer("park", by=by, to=None, at=event.at))
        self._publish(call, "updated", event.at)

    def _unparked(self, event: Unparked) -> None:
        if event.by is not None:
            self._groups.join(event.channel, event.by)

    def _picked_up(self, event: PickedUp) -> None:
        picker = self._channels.get(event.channel)
        call = self._call_behind(event.target)
        if picker is None or call is None:
            self.unknown["PickedUp"] += 1
            return
        if picker.call is not None and picker.call is not call and picker.call.provisional:
            self._absorb(picker.call, call)
        picker.call = call
        rung = call.legs.get(event.target)
        if rung is not None:
            rung.disposition, rung.ended_at = "answered_elsewhere", event.at
        call.transfers.append(Transfer("pickup", by=picker.party, to=picker.party, at=event.at))
        if picker.id not in call.legs:
            call.legs[picker.id] = Leg(picker.party or picker.id, None, None, "answered")

    # -- recordings

    def _recording(self, event: RecordingStarted) -> None:
        call = self._call_behind(event.channel)
        if call is not None and all(r.path != event.path for r in call.recordings):
            call.recordings.append(Recording(event.path, event.side, event.at))

    def _recording_stopped(self, event: RecordingStopped) -> None:
        call = self._call_behind(event.channel)
        for recording in call.recordings if call is not None else ():
            if recording.duration_s is None and call is not None:
                begin = max(recording.started_at, call.up_at or event.at)
                recording.duration_s = max(0.0, event.at - begin)

    # -- the end

    def _hangup_asked(self, event: HangupAsked) -> None:
        """Only the client's own leg and the operator that talks now say who hung up."""
        channel = self._channel(event)
        call = None if channel is None else channel.call
        if channel is None or call is None:
            return
        channel.asked_to_end = True
        if channel.id in call.clients:
            if call.anchor == channel.id:
                call.operator_ended = channel.up
            elif call.direction != "outbound" or call.answered_at is not None:
                call.client_gave_up = call.client_gave_up or call.place()
        elif channel.id == call.anchor or self._hung_up_in_talk(call, channel, event.at):
            call.operator_ended = True

    def _hung_up_in_talk(self, call: Call, channel: Channel, at: float) -> bool:
        """The talk of an operator ends with its BYE, not with its channel.

        Measured: after a BYE amid a `*2` consultation the channel stays until the target answers.
        """
        mine = [s for s in call.open_segments() if s.channel == channel.id]
        for segment in mine:
            segment.close(at if call.left_at is None else min(at, call.left_at))
        return bool(mine)

    def _ended(self, event: ChannelEnded) -> None:
        channel = self._channels.pop(event.channel, None)
        if channel is None:
            self.unknown["ChannelEnded"] += 1
            return
        bridge = self._rooms.bridge_of(channel.id)
        self._rooms.forget(channel.id)
        self._groups.discard(channel.id)
        call = channel.call
        if call is not None and id(call) in self._calls:
            self._end_in_call(call, channel, event)
        if bridge is not None:
            self._look_around(bridge, event.at)

    def _end_in_call(self, call: Call, channel: Channel, event: ChannelEnded) -> None:
        self._end_leg(call, channel, event)
        self._end_talk(call, channel, event.at)
        if channel.id in call.clients:
            call.clients.discard(channel.id)
            if not call.clients:
                self._client_gone(call, event)
        elif channel.id == call.anchor:
            call.anchor = None
            if not call.clients:
                self._finish(call, call.ended_at or event.at)

    def _end_talk(self, call: Call, channel: Channel, at: float) -> None:
        for segment in call.open_segments():
            if segment.channel == channel.id:
                segment.close(at if call.left_at is None else min(at, call.left_at))
                call.moved_at = call.left_at if not channel.asked_to_end else None

    def _end_leg(self, call: Call, channel: Channel, event: ChannelEnded) -> None:
        leg = call.legs.get(channel.id)
        if leg is None:
            return
        if leg.ended_at is None:
            leg.ended_at = event.at
        if event.cause == 26 and leg.disposition in (None, "no_answer", "cancelled"):
            leg.disposition = "answered_elsewhere"
        elif leg.disposition is None:
            leg.disposition = "cancelled" if call.client_gave_up else "no_answer"

    def _client_gone(self, call: Call, event: ChannelEnded) -> None:
        """An unanswered attempt over one trunk may go on over the next: its dialler knows."""
        call.ended_at = event.at
        waits = call.direction == "outbound" and call.answered_at is None
        if waits and call.anchor in self._channels:
            return
        self._finish(call, event.at)

    def _finish(self, call: Call, at: float) -> None:
        """The call is over at `at`: close what is open, publish, forget."""
        self._calls.pop(id(call), None)
        call.ended_at = at
        call.close_talks(at)
        call.in_queue.stop(at)
        call.in_ivr.stop(at)
        for leg in call.legs.values():
            if leg.disposition is None:
                leg.disposition = "cancelled" if call.client_gave_up else "no_answer"
            leg.ended_at = leg.ended_at or at
        self._settle_callback(call)
        if self._worth_a_record(call):
            self._publish(call, "ended", at)

    def _worth_a_record(self, call: Call) -> bool:
        """A phone's own channel that rang nobody is no call."""
        return not call.provisional or bool(call.legs)

    def _settle_callback(self, call: Call) -> None:
        """An originate whose operator never got to the client is an attempt all the same (20)."""
        own = call.legs.get(call.first)
        if not call.provisional or own is None:
            return
        if self._numbers.e164(call.callback_to) is not None:
            call.direction = "outbound"
            call.caller_raw = call.callback_to
        else:
            call.caller_raw = own.operator
            del call.legs[call.first]

    # -- the link

    def _link_lost(self, event: LinkLost) -> None:
        if self._lost_at is not None:
            return
        self._lost_at = event.at
        for channel in self._channels.values():
            channel.stale = True

    def _link_up(self, event: LinkUp) -> None:
        if self._lost_at is None:
            return
        outage = max(0.0, event.at - self._lost_at)
        for call in self._calls.values():
            call.outage_s += outage
        if event.booted_at is not None and event.booted_at > self._lost_at + CLOCK_OF_PBX_S:
            self._gone([c for c in self._channels.values() if c.stale])

    def _snapshot(self, event: Snapshot) -> None:
        names = {seen.channel for seen in event.channels}
        self._gone([c for c in self._channels.values() if c.stale and c.id not in names])
        for seen in sorted(event.channels, key=_clients_first):
            self._seen(seen, event.at)
        for seen in event.channels:
            if seen.bridge:
                shared = seen.place == "conference"
                self._bridged(
                    Bridged(at=event.at, channel=seen.channel, bridge=seen.bridge, shared=shared)
                )
        self._lost_at = None

    def _seen(self, seen: SeenChannel, at: float) -> None:
        known = self._channels.get(seen.channel)
        if known is not None:
            if known.stale and known.call is not None:
                known.call.certainty = "recovered"
            known.stale = False
            known.dialed = seen.dialed or known.dialed
            return
        self._recover(seen, at)

    def _recover(self, seen: SeenChannel, at: float) -> None:
        """A channel that began before the attachment."""
        channel = Channel(
            seen.channel,
            seen.name,
            seen.role,
            seen.party,
            at - (seen.age or 0.0),
            incoming=seen.incoming,
            number=seen.number,
            number_name=seen.number_name,
            dialed=seen.dialed,
        )
        channel.up = seen.up
        self._appear(channel, seen.link)
        if channel.role == "helper":
            return
        if channel.incoming:
            self._open_incoming(channel, at)
            if channel.call is not None:
                channel.call.certainty = "recovered"
                channel.call.up_at = channel.started_at if seen.up else None
        else:
            self._recover_dialed(channel, seen, at)

    def _recover_dialed(self, channel: Channel, seen: SeenChannel, at: float) -> None:
        self._dialed(Dialed(at=at, source=None, channel=channel.id, number=seen.number))
        call = channel.call
        if call is None:
            return
        call.certainty = "recovered"
        if seen.ringing:
            self._rang(Rang(at=channel.started_at, channel=channel.id))
        if seen.up:
            self._answered(Answered(at=channel.started_at, channel=channel.id))

    def _gone(self, channels: list[Channel]) -> None:
        """Channels that ended while nobody looked: known alive until the link was lost."""
        lost_at = self._lost_at if self._lost_at is not None else 0.0
        for channel in channels:
            call = channel.call
            if call is not None and id(call) in self._calls and channel.id in call.clients:
                self._end_unseen(call, lost_at)
        for channel in channels:
            self._ended(ChannelEnded(at=lost_at, channel=channel.id))

    def _end_unseen(self, call: Call, at: float) -> None:
        if call.ended_at is None:
            call.certainty = "gap"
            call.hung_up_by = "unknown"
        call.client_gave_up = None
        call.clients.clear()
        self._finish(call, at if call.ended_at is None else call.ended_at)

    def _pbx_stopped(self, event: PbxStopped) -> None:
        """An orderly shutdown sent the hangups already; nothing is left to do."""


def _clients_first(seen: SeenChannel) -> tuple[bool, bool]:
    """Clients, then phones that dialled, then dialled ones: each finds its call."""
    return (not seen.incoming, seen.role != "client")
