"""Events of FreeSWITCH 1.10 and 1.11, translated into channel events.

Every peculiarity of FreeSWITCH is settled here. The rules come from streams of real ones
(tests/streams) and, where no stream shows a case, from its source; they are named where they apply.
An event without translation is no error; one that should have a translation and lacks a header is
counted in `unusable` by its name.

An event's moment is its own Event-Date-Timestamp (20 ms steps): it may arrive half a second later.
Order over channels is not kept (measured: 60 of 4,326), so nothing here needs one leg's event before
the other's, with one exception that is mended: a phone that is cancelled because its caller gave up
tells its end before the caller tells the reason, and waits for it here (`_cancelled`).
"""

from collections import Counter
from collections.abc import Callable, Iterable

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
    LinkLost,
    LinkUp,
    Moved,
    Paired,
    Parked,
    PbxStopped,
    PickedUp,
    QueueEntered,
    QueueLeft,
    Rang,
    RecordingStarted,
    RecordingStopped,
    Resumed,
    Snapshot,
    TransferredAttended,
    TransferredBlind,
    Unbridged,
    Unparked,
)
from calltrackd.pbx.channels import ChannelRules
from calltrackd.pbx.esl import EVENT, EslFrame, items
from calltrackd.pbx.fs_causes import disposition_of, q850
from calltrackd.pbx.fs_channel import FsChannel, Headers, identity, name, number
from calltrackd.pbx.fs_listing import Listing, bridge_of, dump_of, room_of, rows_of

Events = Iterable[ChannelEvent]

DTMF_RATE = 8000
"""DTMF-Duration counts samples of the telephone event clock."""
CANCEL_WAIT_S = 0.5
"""A cancelled phone's end and its caller's come within 20 ms (measured)."""
ASKED = frozenset({"recv_bye", "recv_cancel"})
"""sip_hangup_disposition of the leg whose far end hung up (right in 108 of 108 legs)."""


class Translator:
    """Frames of one attachment in, channel events out. One instance lives through reconnects."""

    def __init__(self, rules: ChannelRules) -> None:
        self._rules = rules
        self._channels: dict[str, FsChannel] = {}
        self._cancelled: list[tuple[float, Headers, str]] = []
        """Ends of cancelled phones that wait for their caller's: moment, event, caller."""
        self._listing = Listing(rules)
        self._core = ""
        """Core-UUID: another one is another run of FreeSWITCH."""
        self._fresh = True
        """The connection is new; nothing told which FreeSWITCH it is."""
        self._on = handlers(self)
        self.unusable: Counter[str] = Counter()

    def feed(self, at: float, frame: EslFrame) -> Events:
        """Events of one frame that arrived at `at` (unix seconds)."""
        headers = frame.headers
        try:
            if frame.kind != EVENT:
                self._reply(at, frame.body)
                return self._listed(at, headers)
            moment = int(headers.get("Event-Date-Timestamp") or at * 1e6) / 1e6
            before = (*self._heard(at, headers), *self._listed(at, headers), *self._overdue(moment))
            handler = self._on.get(frame.name)
            if handler is None:
                return before
            found = handler(moment, headers)
        except (KeyError, ValueError):
            self.unusable[frame.name or frame.kind] += 1
            return ()
        if frame.body:
            self._reply(at, frame.body)
            return (*before, *found, *self._listed(at, headers))
        return (*before, *found) if before else found

    def link_lost(self, at: float) -> Events:
        """The connection ended at `at`: what was half collected is void.

        Channels may end unseen now; the next list, or their next events, tell anew which there are.
        """
        overdue = tuple(self._overdue(float("inf")))
        self._listing = Listing(self._rules)
        self._channels.clear()
        self._fresh = True
        return (*overdue, LinkLost(at=at))

    def _heard(self, at: float, headers: Headers) -> Events:
        """The first event of a connection tells whether FreeSWITCH was restarted."""
        if not self._fresh or "Core-UUID" not in headers:
            return ()
        self._fresh = False
        before, self._core = self._core, headers["Core-UUID"]
        return (LinkUp(at=at, booted_at=at if before not in ("", self._core) else None),)

    # -- who is who

    def _of(self, headers: Headers) -> FsChannel:
        """The channel of an event, known or told by the event's own headers.

        An event of one that ended already, or is about to, is no reason to remember it.
        """
        channel = self._channels.get(headers["Unique-ID"])
        if channel is None:
            channel = self._told(headers)
            if headers.get("Answer-State") != "hangup":
                self._channels[channel.id] = channel
        return channel

    def _told(self, headers: Headers) -> FsChannel:
        role, party = identity(headers, self._rules)
        incoming = headers.get("Call-Direction") == "inbound"
        channel = FsChannel(headers["Unique-ID"], role, party, incoming=incoming)
        channel.up = headers.get("Answer-State") == "answered"
        return channel

    def _role(self, channel: str) -> str:
        known = self._channels.get(channel)
        return "" if known is None else known.role

    # -- birth

    def _created(self, at: float, headers: Headers) -> Events:
        channel = self._told(headers)
        channel.up = False
        self._channels[channel.id] = channel
        started = ChannelStarted(
            at=at,
            channel=channel.id,
            name=headers["Channel-Name"],
            link=headers.get("Channel-Call-UUID", channel.id),
            role=channel.role,
            party=channel.party,
            number=number(headers),
            number_name=name(headers),
            dialed=headers.get("Caller-Destination-Number", "") if channel.incoming else "",
            incoming=channel.incoming,
        )
        dialed = () if channel.incoming else self._dialed(at, channel, headers)
        return (started, *self._paired(at, channel, headers), *dialed)

    def _paired(self, at: float, channel: FsChannel, headers: Headers) -> Events:
        """The second half of a loopback channel names the first, which came before it."""
        other = self._channels.get(headers.get("variable_other_loopback_leg_uuid", ""))
        if other is None:
            return ()
        channel.other_half, other.other_half = other.id, channel.id
        return (Paired(at=at, one=other.id, two=channel.id),)

    def _dialed(self, at: float, channel: FsChannel, headers: Headers) -> Events:
        source = _source(headers)
        channel.root = self._root(source)
        dialed = Dialed(
            at=at,
            source=source or None,
            channel=channel.id,
            number=headers.get("Caller-Destination-Number", ""),
            shown=number(headers),
        )
        return (*self._consults(at, channel, source), dialed)

    def _root(self, channel: str) -> str:
        """Who began it all: back over loopback halves."""
        known = self._channels.get(channel)
        if known is None or known.role != "helper":
            return channel
        half = self._channels.get(known.other_half)
        return half.root if half is not None else known.root

    def _consults(self, at: float, channel: FsChannel, source: str) -> Events:
        """att_xfer: a phone amid a talk rings another; the client hears music from now on.

        FreeSWITCH tells neither hold nor unbridge then.
        """
        by = self._channels.get(source)
        if by is None or by.role != "operator" or not by.partner:
            return ()
        channel.consulted_by, channel.consulted_for = by.id, by.partner
        return (Held(at=at, channel=by.id),)

    def _progress(self, at: float, headers: Headers) -> Events:
        channel = self._of(headers)
        return () if channel.incoming else (Rang(at=at, channel=channel.id),)

    def _answered(self, at: float, headers: Headers) -> Events:
        channel = self._of(headers)
        channel.up = True
        return (Answered(at=at, channel=channel.id),)

    # -- bridges

    def _bridged(self, at: float, headers: Headers) -> Events:
        one = self._of(headers)
        other = self._channels.get(_other(headers, one.partner))
        one.history = headers.get("variable_transfer_history", "")
        if other is None:
            return ()
        picked_up = self._picked_up(at, one, other)
        for channel, partner in ((one, other), (other, one)):
            channel.partner = channel.last_partner = partner.id
            channel.parked = channel.waits = False
        bridge = bridge_of(one.id, other.id)
        return (
            *picked_up,
            Bridged(at=at, channel=one.id, bridge=bridge),
            Bridged(at=at, channel=other.id, bridge=bridge),
        )

    def _picked_up(self, at: float, one: FsChannel, other: FsChannel) -> Events:
        """A phone that dialled itself gets a client that waits in no place: intercept, Replaces.

        The bridge is all that tells; the phone that rang before ends with PICKED_OFF or LOSE_RACE.
        """
        phone, client = (one, other) if one.role == "operator" else (other, one)
        if phone.role != "operator" or client.role != "client":
            return ()
        if not phone.incoming or not client.incoming or client.parked or client.waits:
            return ()
        if client.last_partner == phone.id:
            return ()
        return (PickedUp(at=at, channel=phone.id, target=client.id),)

    def _unbridged(self, at: float, headers: Headers) -> Events:
        """`hanguphook` tells no ids of the bridge: then the last known partner is meant."""
        one = self._of(headers)
        other = _other(headers, one.partner)
        asked, handed = self._asked(at, one, headers), self._handed_over(at, one, headers)
        living = [c for name in (one.id, other) if (c := self._channels.get(name)) is not None]
        for channel in living:
            if channel.partner in (one.id, other):
                channel.partner = ""
        bridge = bridge_of(one.id, other)
        left = [Unbridged(at=at, channel=channel.id, bridge=bridge) for channel in living]
        return (*asked, *handed, *left, *self._moved(at, one, headers))

    def _moved(self, at: float, channel: FsChannel, headers: Headers) -> Events:
        """uuid_transfer and REFER leave `bl_xfer` in the history; REFER is told by its sender."""
        history = headers.get("variable_transfer_history", "")
        latest = items(history)[-1]
        if channel.role != "client" or history == channel.history or ":bl_xfer:" not in latest:
            return ()
        if headers.get("Answer-State") == "hangup":
            return ()
        channel.history = history
        channel.dialed = headers.get("Caller-Destination-Number", "")
        return (Moved(at=at, channel=channel.id),)

    # -- transfers by an operator

    def _handed_over(self, at: float, channel: FsChannel, headers: Headers) -> Events:
        """A leg leaves its talk for good: what was its purpose?"""
        if headers.get("variable_endpoint_disposition") == "ATTENDED_TRANSFER":
            return self._replaced(at, channel)
        if headers.get("Answer-State") != "hangup":
            return ()
        rung = [c for c in self._channels.values() if c.consulted_by == channel.id]
        return [event for target in rung for event in self._consulted(at, target, ok=True)]

    def _consulted(self, at: float, target: FsChannel, *, ok: bool) -> Events:
        """att_xfer ends: with the client for the phone that was rung, or back with the ringer."""
        by, client = target.consulted_by, target.consulted_for
        target.consulted_by = target.consulted_for = ""
        told = TransferredAttended(at=at, by=(by,), channel=client, target=target.id, ok=ok)
        return (told,) if ok else (Resumed(at=at, channel=by), told)

    def _replaced(self, at: float, channel: FsChannel) -> Events:
        """REFER with Replaces: of the two legs of one phone, one had the client, one the other."""
        mine = [
            c
            for c in self._channels.values()
            if c.party == channel.party and c.role == "operator" and c.last_partner
        ]
        first = next((c for c in mine if self._role(c.last_partner) == "client"), None)
        second = next((c for c in mine if c is not first), None)
        if first is None or second is None or channel not in (first, second):
            return ()
        told = TransferredAttended(
            at=at,
            by=(first.id, second.id),
            channel=first.last_partner,
            target=second.last_partner,
            ok=True,
        )
        first.last_partner = second.last_partner = ""
        return (told,)

    def _referred(self, at: float, channel: FsChannel, headers: Headers) -> Events:
        """A blind REFER is told by the end of the leg that sent it."""
        if headers.get("variable_endpoint_disposition") != "BLIND_TRANSFER":
            return ()
        partner = self._channels.get(channel.last_partner)
        if partner is None:
            return ()
        to = partner.dialed
        return (TransferredBlind(at=at, by=channel.id, channel=partner.id, number=to),)

    # -- hold, places, keys, recordings

    def _held(self, at: float, headers: Headers) -> Events:
        return (Held(at=at, channel=headers["Unique-ID"]),)

    def _resumed(self, at: float, headers: Headers) -> Events:
        return (Resumed(at=at, channel=headers["Unique-ID"]),)

    def _park(self, at: float, headers: Headers) -> Events:
        """Phones are parked for moments amid att_xfer and intercept: only a client's counts."""
        channel = self._of(headers)
        if channel.role != "client" or channel.parked:
            return ()
        channel.parked = True
        if not channel.last_partner:
            return (Entered(at=at, channel=channel.id, place="park"),)
        space = headers.get("Valet-Extension", "")
        return (Parked(at=at, channel=channel.id, by=None, space=space),)

    def _unpark(self, at: float, headers: Headers) -> Events:
        channel = self._of(headers)
        if not channel.parked:
            return ()
        channel.parked = False
        return (Unparked(at=at, channel=channel.id, by=None),)

    def _valet(self, at: float, headers: Headers) -> Events:
        match headers.get("Action"):
            case "hold":
                return self._park(at, headers)
            case "bridge":
                by = headers["Bridge-To-UUID"]
                return (Unparked(at=at, channel=headers["Unique-ID"], by=by),)
            case "exit":
                return self._unpark(at, headers)
            case _:
                return ()

    def _fifo(self, at: float, headers: Headers) -> Events:
        match headers.get("FIFO-Action"):
            case "push":
                return self._queued(at, headers["Unique-ID"], headers["FIFO-Name"])
            case "abort" | "timeout":
                return self._unqueued(at, headers, headers["Unique-ID"], headers["FIFO-Name"])
            case _:
                return ()

    def _callcenter(self, at: float, headers: Headers) -> Events:
        match headers.get("CC-Action"):
            case "member-queue-start" | "member-queue-resume":
                return self._queued(at, headers["CC-Member-Session-UUID"], headers["CC-Queue"])
            case "member-queue-end":
                member = headers["CC-Member-Session-UUID"]
                return self._unqueued(at, headers, member, headers["CC-Queue"])
            case _:
                return ()

    def _queued(self, at: float, channel: str, queue: str) -> Events:
        known = self._channels.get(channel)
        if known is not None:
            known.waits = True
        return (QueueEntered(at=at, channel=channel, queue=queue),)

    def _unqueued(self, at: float, headers: Headers, channel: str, queue: str) -> Events:
        """Whoever leaves by hanging up was in the queue as it did."""
        known = self._channels.get(channel)
        if known is None:
            return ()
        known.waits = False
        asked = self._asked(at, known, headers) if headers.get("Unique-ID") == channel else ()
        return (*asked, QueueLeft(at=at, channel=channel, queue=queue))

    def _conference(self, at: float, headers: Headers) -> Events:
        """A conference makes no bridge: members come and go."""
        channel = headers.get("Unique-ID")
        if channel is None:
            return ()
        room = room_of(headers["Conference-Name"])
        match headers.get("Action"):
            case "add-member":
                return (
                    Entered(at=at, channel=channel, place="conference"),
                    Bridged(at=at, channel=channel, bridge=room, shared=True),
                )
            case "del-member":
                asked = self._asked(at, self._of(headers), headers)
                return (*asked, Unbridged(at=at, channel=channel, bridge=room))
            case _:
                return ()

    def _voicemail(self, at: float, headers: Headers) -> Events:
        """A message was left."""
        if headers.get("VM-Action") != "leave-message" or "Unique-ID" not in headers:
            return ()
        return (Entered(at=at, channel=headers["Unique-ID"], place="voicemail"),)

    def _digit(self, at: float, headers: Headers) -> Events:
        """APP is typed by the PBX: uuid_recv_dtmf, or a bound action that gives a digit back."""
        if headers.get("DTMF-Source") == "APP" or self._of(headers).role == "helper":
            return ()
        lasted = int(headers.get("DTMF-Duration") or 0) / DTMF_RATE
        digit, channel = headers["DTMF-Digit"], headers["Unique-ID"]
        return (Digit(at=at - lasted, channel=channel, digit=digit, duration=lasted),)

    def _record_start(self, at: float, headers: Headers) -> Events:
        """The file holds both sides: mixed, or left what the leg says and right what it hears."""
        path, channel = headers["Record-File-Path"], headers["Unique-ID"]
        return (RecordingStarted(at=at, channel=channel, path=path, side="both"),)

    def _record_stop(self, at: float, headers: Headers) -> Events:
        return (RecordingStopped(at=at, channel=headers["Unique-ID"]),)

    # -- the end

    def _asked(self, at: float, channel: FsChannel, headers: Headers) -> Events:
        """Any event of a leg that is going tells who let it go."""
        if channel.asked or headers.get("variable_sip_hangup_disposition") not in ASKED:
            return ()
        channel.asked = True
        return (HangupAsked(at=at, channel=channel.id),)

    def _ended(self, at: float, headers: Headers) -> Events:
        channel = self._of(headers)
        root = self._channels.get(channel.root)
        cancelled = headers.get("Hangup-Cause") == "ORIGINATOR_CANCEL" and not channel.up
        if cancelled and channel.role != "helper" and root is not None and not root.asked:
            self._cancelled.append((at, headers, root.id))
            return ()
        asked = self._asked(at, channel, headers)
        return (*asked, *self._released(channel.id), *self._gone(at, channel, headers))

    def _released(self, caller: str) -> Events:
        """The ends that waited for this caller's."""
        mine = [held for held in self._cancelled if held[2] == caller]
        self._cancelled = [held for held in self._cancelled if held[2] != caller]
        return [e for at, headers, _ in mine for e in self._gone(at, self._of(headers), headers)]

    def _overdue(self, moment: float) -> Events:
        """The ends whose caller told nothing in time."""
        late = {caller for at, _, caller in self._cancelled if moment - at > CANCEL_WAIT_S}
        return [event for caller in sorted(late) for event in self._released(caller)]

    def _gone(self, at: float, channel: FsChannel, headers: Headers) -> Events:
        cause = headers.get("Hangup-Cause", "")
        handed = (*self._referred(at, channel, headers), *self._handed_over(at, channel, headers))
        failed = self._consulted(at, channel, ok=False) if channel.consulted_by else ()
        self._channels.pop(channel.id, None)
        ended = ChannelEnded(at=at, channel=channel.id, cause=q850(cause))
        if channel.up or channel.incoming:
            return (*handed, *failed, ended)
        settled = DialEnded(
            at=at,
            channel=channel.id,
            disposition=disposition_of(cause),
            forwarded_to=headers.get("variable_sip_redirect_contact_user_0", ""),
        )
        return (*handed, *failed, settled, ended)

    def _shutdown(self, at: float, _headers: Headers) -> Events:
        return (PbxStopped(at=at),)

    # -- what there is

    def _reply(self, at: float, body: str) -> None:
        """The answer to a question of the link; which one, its form tells."""
        if (dump := dump_of(body)) is not None:
            self._listing.dump(dump)
        elif (rows := rows_of(body)) is None:
            return
        elif any("b_uuid" in row for row in rows):
            self._listing.calls(rows)
        else:
            self._listing.channels(rows, at)

    def _listed(self, at: float, headers: Headers) -> Events:
        """A snapshot, once the list has what it needs, or before an event of a channel in it."""
        if self._listing.lists(headers.get("Unique-ID", "")):
            self._listing.dump(headers)
        elif not self._listing.ready(at):
            return ()
        seen, pairs = self._listing.take(at)
        for one in seen:
            channel = FsChannel(one.channel, one.role, one.party, incoming=one.incoming)
            channel.up, channel.waits = one.up, bool(one.queue)
            self._channels.setdefault(one.channel, channel)
        for one, other in pairs:
            for channel, partner in ((one, other), (other, one)):
                known = self._channels[channel]
                known.partner = known.last_partner = partner
        waiting = [QueueEntered(at=at, channel=s.channel, queue=s.queue) for s in seen if s.queue]
        return (Snapshot(at=at, channels=seen), *waiting)


def _source(headers: Headers) -> str:
    """Who dials. A callcenter agent's leg has no other leg until it is bridged (measured)."""
    return (
        headers.get("Other-Leg-Unique-ID")
        or headers.get("variable_originating_leg_uuid")
        or headers.get("variable_cc_member_session_uuid")
        or ""
    )


def _other(headers: Headers, known: str) -> str:
    """The other leg of a bridge's event."""
    legs = (headers.get("Bridge-B-Unique-ID", ""), headers.get("Bridge-A-Unique-ID", ""))
    return next((leg for leg in legs if leg and leg != headers["Unique-ID"]), known)


def handlers(t: Translator) -> dict[str, Callable[[float, Headers], Events]]:
    """Event name to translation."""
    # ruff: noqa: SLF001 - the table belongs to the class; it stands apart to be read at a glance
    return {
        "CHANNEL_CREATE": t._created,
        "CHANNEL_PROGRESS": t._progress,
        "CHANNEL_PROGRESS_MEDIA": t._progress,
        "CHANNEL_ANSWER": t._answered,
        "CHANNEL_BRIDGE": t._bridged,
        "CHANNEL_UNBRIDGE": t._unbridged,
        "CHANNEL_HOLD": t._held,
        "CHANNEL_UNHOLD": t._resumed,
        "CHANNEL_PARK": t._park,
        "CHANNEL_UNPARK": t._unpark,
        "CHANNEL_HANGUP_COMPLETE": t._ended,
        "DTMF": t._digit,
        "RECORD_START": t._record_start,
        "RECORD_STOP": t._record_stop,
        "SHUTDOWN": t._shutdown,
        "CUSTOM callcenter::info": t._callcenter,
        "CUSTOM conference::maintenance": t._conference,
        "CUSTOM fifo::info": t._fifo,
        "CUSTOM valet_parking::info": t._valet,
        "CUSTOM vm::maintenance": t._voicemail,
    }


WANTED = frozenset(handlers(Translator(ChannelRules((), ())))) | {"BACKGROUND_JOB", "HEARTBEAT"}
"""Events to subscribe to; of the last two the replies and the time are used."""

HEADERS = frozenset(
    {
        "Action",
        "Answer-State",
        "Bridge-A-Unique-ID",
        "Bridge-B-Unique-ID",
        "Bridge-To-UUID",
        "CC-Action",
        "CC-Member-Session-UUID",
        "CC-Queue",
        "Call-Direction",
        "Caller-Caller-ID-Name",
        "Caller-Caller-ID-Number",
        "Caller-Channel-Created-Time",
        "Caller-Destination-Number",
        "Caller-Privacy-Hide-Name",
        "Caller-Privacy-Hide-Number",
        "Channel-Call-UUID",
        "Channel-Name",
        "Channel-Presence-ID",
        "Conference-Name",
        "Core-UUID",
        "DTMF-Digit",
        "DTMF-Duration",
        "DTMF-Source",
        "Event-Date-Timestamp",
        "FIFO-Action",
        "FIFO-Name",
        "Hangup-Cause",
        "Job-UUID",
        "Other-Leg-Unique-ID",
        "Record-File-Path",
        "Unique-ID",
        "VM-Action",
        "Valet-Extension",
        "variable_cc_member_session_uuid",
        "variable_dialed_user",
        "variable_endpoint_disposition",
        "variable_originating_leg_uuid",
        "variable_other_loopback_leg_uuid",
        "variable_sip_hangup_disposition",
        "variable_sip_redirect_contact_user_0",
        "variable_transfer_history",
    }
)
"""Headers of events that are read."""
