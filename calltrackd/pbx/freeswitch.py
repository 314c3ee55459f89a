"""Events of FreeSWITCH 1.10 and 1.11, translated into channel events.

Every peculiarity of FreeSWITCH is settled here and in the parts beside (fs_handovers, fs_places,
fs_listing). The rules come from streams of real ones (tests/streams) and, where no stream shows a
case, from its source; they are named where they apply. An event without translation is no error;
one that should have a translation and lacks a header is counted in `unusable` by its name.

An event's moment is its own Event-Date-Timestamp (20 ms steps): it may arrive half a second later.
Order over channels is not kept (measured: 60 of 4,326), so nothing needs one leg's event before the
other's, with two exceptions that are mended by letting an end wait for another (`_waiting`): a
phone that is cancelled because its caller gave up tells its end before the caller tells the reason;
and a client whom FreeSWITCH hangs up may tell it before the phone tells that it had hung up.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from calltrackd.model.channel import (
    Answered,
    Bridged,
    ChannelEnded,
    ChannelEvent,
    ChannelStarted,
    Dialed,
    DialEnded,
    Digit,
    Held,
    LinkLost,
    LinkUp,
    Paired,
    PbxStopped,
    QueueEntered,
    Rang,
    RecordingStarted,
    RecordingStopped,
    Resumed,
    Snapshot,
    Unbridged,
)
from calltrackd.pbx.channels import ChannelRules
from calltrackd.pbx.esl import EVENT, EslFrame
from calltrackd.pbx.fs_causes import disposition_of, q850
from calltrackd.pbx.fs_channel import FsChannel, Headers, name, number, source_of
from calltrackd.pbx.fs_channels import FsChannels, asked
from calltrackd.pbx.fs_handovers import Handovers
from calltrackd.pbx.fs_listing import (
    CALLS,
    CHANNELS,
    DUMP,
    GONE,
    LATE_S,
    PATIENCE_S,
    Listing,
    bridge_of,
    dump_of,
    rows_of,
    seen_by_event,
)
from calltrackd.pbx.fs_places import FsPlaces

Events = Iterable[ChannelEvent]
Told = Callable[[float, EslFrame], Events]

REPLY, JOB = "api/response", "BACKGROUND_JOB"
"""What holds the answer to a question of ours; other bodies are written by anybody (MESSAGE)."""
DUMPED = "CHANNEL_DATA"
"""The name that a dump bears in place of an event's."""
DTMF_RATE = 8000
"""DTMF-Duration counts samples of the telephone event clock."""
APART_S = 0.001
"""Between two presses of one phone, at least: a record's times have milliseconds."""
CANCEL_WAITS_S = 0.5
"""A cancelled phone's end and its caller's come within 20 ms (measured); or the caller goes on."""
CLIENT_WAITS_S = 2.0
"""The ends of a bridge's two legs come within 40 ms; on a FreeSWITCH that stalls under load they
were 0.6 s apart (measured, 3 of 6,000 calls)."""
JUST_NOW_S = 0.5
"""A leg that left its bridge no longer ago is let go on account of its partner."""


class _Waiting(NamedTuple):
    """An end, at its moment, that waits for the end of another channel."""

    at: float
    headers: Headers
    other: str
    until: float


class Translator:
    """Frames of one attachment in, channel events out. One instance lives through reconnects."""

    def __init__(self, rules: ChannelRules) -> None:
        self._rules = rules
        self._channels = FsChannels(rules)
        self._handovers = Handovers(self._channels)
        self._places = FsPlaces(self._channels)
        self._listing = Listing(rules)
        self._waiting: list[_Waiting] = []
        self._later: list[tuple[float, EslFrame]] = []
        """Events that come after the list: it is asked for, or waits for what it needs."""
        self._core = ""
        """Core-UUID: another one is another run of FreeSWITCH."""
        self._fresh = True
        """The connection is new; nothing told which FreeSWITCH it is."""
        self._vanished: dict[str, float] = {}
        """Channels that are no more, by their dump, and when that was told."""
        self._complete = False
        """A list was taken on this connection: every channel it had is known."""
        self._strange_at: float | None = None
        """When an event spoke of a channel that nobody knew, on a connection without a list yet."""
        self._on = handlers(self)
        self.unusable: Counter[str] = Counter()

    def feed(self, at: float, frame: EslFrame) -> Events:
        """Events of one frame that arrived at `at` (unix seconds)."""
        heard = self._heard(at, frame.headers) if frame.kind == EVENT else ()
        replied = frame.kind == REPLY or frame.name == JOB
        if replied:
            self._tried(self._reply, at, frame)
        if frame.kind == EVENT and not replied:
            self._later.append((at, frame))
            self._listing.event(frame.headers)
            self._note_strange(at, frame)
        listed = self._listed() if self._listing.ready(at) else ()
        later = () if self._listing.waits or self._awaits_list(at) else self._caught_up()
        return (*heard, *listed, *later, *self._unseen_ends(at))

    def _note_strange(self, at: float, frame: EslFrame) -> None:
        """An event of a call that began before us: the list, which is on its way, goes first."""
        if self._complete or self._strange_at is not None or frame.name not in self._on:
            return
        keys = ("Unique-ID", "Other-Leg-Unique-ID", "Bridge-A-Unique-ID", "Bridge-B-Unique-ID")
        own = 1 if frame.name == "CHANNEL_CREATE" else 0
        told = {frame.headers[key] for key in keys[own:] if key in frame.headers}
        if any(not self._listing.has_ended(one) for one in told - self._channels.living.keys()):
            self._strange_at = at

    def _awaits_list(self, at: float) -> bool:
        """Not for long: who may not ask for lists has none."""
        since = self._strange_at
        return not self._complete and since is not None and at - since <= PATIENCE_S

    def link_lost(self, at: float) -> Events:
        """The connection ended at `at`: what was half collected is void.

        Channels may end unseen now; the next list, or their next events, tell which there are.
        """
        overdue = (*self._caught_up(), *self._overdue(float("inf")))
        self._listing = Listing(self._rules)
        self._vanished.clear()
        self._channels.unseen()
        self._fresh, self._complete, self._strange_at = True, False, None
        return (*overdue, LinkLost(at=at))

    def _caught_up(self) -> Events:
        """The events that are younger than the list, or those that came without one."""
        later, self._later = self._later, []
        return [told for at, frame in later for told in self._tried(self._event, at, frame)]

    def _tried(self, told: Told, at: float, frame: EslFrame) -> Events:
        """A frame that lacks something is counted."""
        try:
            return tuple(told(at, frame))
        except (KeyError, ValueError):
            self.unusable[frame.name or frame.kind] += 1
            return ()

    def _event(self, at: float, frame: EslFrame) -> Events:
        headers = frame.headers
        moment = int(headers.get("Event-Date-Timestamp") or at * 1e6) / 1e6
        before = tuple(self._overdue(moment))
        handler = self._on.get(frame.name, _nothing_more if frame.name == DUMPED else None)
        if handler is None or self._is_late(frame.name, headers):
            return before
        return (*before, *self._unlisted(moment, frame), *handler(moment, headers))

    def _unlisted(self, at: float, frame: EslFrame) -> Events:
        """A channel born just before we came: its birth is past, and the list did not have it yet.

        Lists come out of a database that lags behind, so its next event tells of it, or the dump
        that is asked for since a listed channel is bridged with it.
        """
        if not self._complete or not self._is_unlisted(frame):
            return ()
        seen = seen_by_event(at, frame.headers, self._rules)
        seen.up = seen.up and frame.name != "CHANNEL_ANSWER"
        one = self._channels.of(frame.headers)
        other = self._channels.get(frame.headers.get("variable_bridge_uuid", ""))
        return (Snapshot(at=at, channels=[seen]), *(self._meeting(at, one, other) if other else ()))

    def _is_unlisted(self, frame: EslFrame) -> bool:
        """Of a leg that ended, the end alone tells; a phone's only if its caller is known."""
        headers = frame.headers
        channel = headers.get("Unique-ID", "")
        told = {"Answer-State", "Call-Direction", "Channel-Name"} <= headers.keys()
        if not told or frame.name == "CHANNEL_CREATE":
            return False
        if self._channels.get(channel) is not None or self._listing.has_ended(channel):
            return False
        if headers["Answer-State"] != "hangup":
            return True
        has_caller = self._channels.get(source_of(headers)) is not None
        came_in = headers["Call-Direction"] == "inbound"
        return frame.name == "CHANNEL_HANGUP_COMPLETE" and (came_in or has_caller)

    def _heard(self, at: float, headers: Headers) -> Events:
        """The first event of a connection tells whether FreeSWITCH was restarted."""
        if not self._fresh or "Core-UUID" not in headers:
            return ()
        self._fresh = False
        before, self._core = self._core, headers["Core-UUID"]
        restarted = before not in ("", self._core)
        if restarted:
            self._channels.living.clear()
        return (LinkUp(at=at, booted_at=at if restarted else None),)

    def _is_late(self, event: str, headers: Headers) -> bool:
        """Modules go on telling of a leg after its end."""
        return (
            headers.get("Answer-State") == "hangup"
            and event not in ("CHANNEL_CREATE", "CHANNEL_HANGUP_COMPLETE")
            and self._channels.get(headers.get("Unique-ID", "")) is None
        )

    # -- birth

    def _created(self, at: float, headers: Headers) -> Events:
        channel = self._channels.born(headers)
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
        paired = self._paired(at, channel, headers)
        dialed = () if channel.incoming else self._dialed(at, channel, headers)
        return (started, *paired, *dialed, *self._for_both_halves(channel))

    def _paired(self, at: float, channel: FsChannel, headers: Headers) -> Events:
        """Each half of a loopback channel names the other.

        Each has a thread of its own, so 1.11.1 may tell the second first, and the phone that it
        dials before the first one, too (seen once; the first half came as the third).
        """
        half = headers.get("variable_other_loopback_leg_uuid", "")
        other = self._channels.get(half)
        if other is None:
            channel.behind = [] if half and channel.incoming else None
            return ()
        channel.other_half, other.other_half = other.id, channel.id
        return (Paired(at=at, one=other.id, two=channel.id),)

    def _for_both_halves(self, channel: FsChannel) -> Events:
        """Both halves are known, and so is on whose behalf the second one's phones ring."""
        other = self._channels.get(channel.other_half)
        if other is None or other.behind is None:
            return ()
        told, other.behind = other.behind, None
        self._channels.rooted(other)
        return tuple(told)

    def _for_its_source(self, headers: Headers, events: Events) -> Events:
        """What a phone does, unless nobody knows yet for whom it was dialled."""
        source = self._channels.get(source_of(headers))
        if source is None or source.behind is None:
            return events
        source.behind.extend(events)
        return ()

    def _dialed(self, at: float, channel: FsChannel, headers: Headers) -> Events:
        source = source_of(headers)
        dialed = Dialed(
            at=at,
            source=source or None,
            channel=channel.id,
            number=headers.get("Caller-Destination-Number", ""),
            shown=number(headers),
        )
        told = (*self._handovers.consults(at, channel, source), dialed)
        return self._for_its_source(headers, told)

    def _progress(self, at: float, headers: Headers) -> Events:
        channel = self._channels.of(headers)
        if channel.incoming:
            return ()
        return self._for_its_source(headers, (Rang(at=at, channel=channel.id),))

    def _answered(self, at: float, headers: Headers) -> Events:
        channel = self._channels.of(headers)
        channel.up = True
        answered = Answered(at=at, channel=channel.id)
        other = self._channels.get(channel.partner)
        met = self._met(at, channel, other) if other is not None and channel.early else ()
        return (answered, *met, *self._places.mailbox(at, channel, headers))

    # -- bridges

    def _bridged(self, at: float, headers: Headers) -> Events:
        one = self._channels.of(headers)
        one.history = headers.get("variable_transfer_history", "")
        other = self._channels.get(_other(headers, one.partner))
        if other is None:
            return ()
        picked_up = self._handovers.picked_up(at, one, other)
        return (*picked_up, *self._meeting(at, one, other))

    def _meeting(self, at: float, one: FsChannel, other: FsChannel) -> Events:
        one.meet(other)
        other.meet(one)
        return self._met(at, one, other)

    def _met(self, at: float, one: FsChannel, other: FsChannel) -> Events:
        """Early media is bridged as well: they talk when both have answered."""
        one.early = other.early = not (one.up and other.up)
        if one.early:
            return ()
        bridge = bridge_of(one.id, other.id)
        return [Bridged(at=at, channel=channel.id, bridge=bridge) for channel in (one, other)]

    def _unbridged(self, at: float, headers: Headers) -> Events:
        """`hanguphook` tells no ids of the bridge: then the last known partner is meant."""
        one = self._channels.of(headers)
        other = _other(headers, one.partner)
        before = (*asked(at, one, headers), *self._handovers.given(at, one, headers))
        living = [c for i in (one.id, other) if (c := self._channels.get(i)) is not None]
        for channel in living:
            channel.unbridged_at = at
            if channel.partner in (one.id, other):
                channel.partner = ""
        bridge = bridge_of(one.id, other)
        left = [Unbridged(at=at, channel=channel.id, bridge=bridge) for channel in living]
        return (*before, *left, *self._handovers.moved(at, one, headers))

    def _held(self, at: float, headers: Headers) -> Events:
        channel = self._channels.of(headers)
        channel.holds = True
        return (Held(at=at, channel=channel.id),)

    def _resumed(self, at: float, headers: Headers) -> Events:
        channel = self._channels.of(headers)
        channel.holds = False
        return (Resumed(at=at, channel=channel.id),)

    # -- keys and recordings

    def _digit(self, at: float, headers: Headers) -> Events:
        """APP is typed by the PBX: uuid_recv_dtmf, or a bound action that gives a digit back.

        Keys pressed while it rings are told at the bridge, all at one moment: they stay apart.
        """
        channel = self._channels.of(headers)
        if headers.get("DTMF-Source") == "APP" or channel.role == "helper":
            return ()
        digit, lasted = headers["DTMF-Digit"], int(headers.get("DTMF-Duration") or 0) / DTMF_RATE
        channel.pressed_at = max(at - lasted, channel.pressed_at + APART_S)
        return (Digit(at=channel.pressed_at, channel=channel.id, digit=digit, duration=lasted),)

    def _record_start(self, at: float, headers: Headers) -> Events:
        """The file holds both sides: mixed, or left what the leg says and right what it hears."""
        path, channel = headers["Record-File-Path"], headers["Unique-ID"]
        return (RecordingStarted(at=at, channel=channel, path=path, side="both"),)

    def _record_stop(self, at: float, headers: Headers) -> Events:
        channel = self._channels.of(headers)
        return (*asked(at, channel, headers), RecordingStopped(at=at, channel=channel.id))

    # -- the end

    def _ended(self, at: float, headers: Headers) -> Events:
        self._listing.ended(headers["Unique-ID"], at)
        channel = self._channels.of(headers)
        other = self._explaining(at, channel, headers)
        if other is not None and not other.asked:
            patience = CLIENT_WAITS_S if channel.role == "client" else CANCEL_WAITS_S
            self._waiting.append(_Waiting(at, headers, other.id, at + patience))
            return ()
        told = (*asked(at, channel, headers), *self._places.mailbox(at, channel, headers))
        return (*told, *self._released(channel.id), *self._gone(at, channel, headers))

    def _explaining(self, at: float, channel: FsChannel, headers: Headers) -> FsChannel | None:
        """The living channel whose end tells why this one ends."""
        if headers.get("Hangup-Cause") == "ORIGINATOR_CANCEL" and not channel.up:
            return None if channel.role == "helper" else self._channels.get(channel.root)
        let_go = headers.get("variable_sip_hangup_disposition") == "send_bye"
        in_talk = channel.partner or at - channel.unbridged_at < JUST_NOW_S
        if channel.role == "client" and let_go and in_talk:
            return self._channels.get(channel.last_partner)
        return None

    def _released(self, awaited: str) -> Events:
        """The ends that waited for this channel's; a client's is the last word of its call."""
        mine = [held for held in self._waiting if held.other == awaited]
        self._waiting = [held for held in self._waiting if held.other != awaited]
        ends = [(held.at, self._channels.of(held.headers), held.headers) for held in mine]
        ends.sort(key=lambda end: end[1].role == "client")
        return [event for end in ends for event in self._gone(*end)]

    def _overdue(self, moment: float) -> Events:
        """The ends that another one did not explain in time."""
        late = {held.other: None for held in self._waiting if moment > held.until}
        return [event for other in late for event in self._released(other)]

    def _gone(self, at: float, channel: FsChannel, headers: Headers) -> Events:
        handed = self._handovers.last_word(at, channel, headers)
        self._channels.living.pop(channel.id, None)
        cause = headers.get("Hangup-Cause", "")
        ended = ChannelEnded(at=at, channel=channel.id, cause=q850(cause))
        if channel.up or channel.incoming:
            return (*handed, ended)
        settled = DialEnded(
            at=at,
            channel=channel.id,
            disposition=disposition_of(cause, headers.get("variable_sip_hangup_disposition", "")),
            forwarded_to=headers.get("variable_sip_redirect_contact_user_0", ""),
        )
        return (*handed, settled, ended)

    # -- the PBX and what there is

    def _shutdown(self, at: float, _headers: Headers) -> Events:
        return (PbxStopped(at=at),)

    def _reply(self, at: float, frame: EslFrame) -> Events:
        """The answer to a question of the link; which one, its form tells.

        Jobs of others come here, too: a list that was asked for otherwise may be a part of it.
        """
        command, argument = (frame.headers.get(f"Job-Command{key}", "") for key in ("", "-Arg"))
        if command == DUMP and frame.body.startswith(GONE):
            self._refused(at, argument.removesuffix(" json"))
        elif (dump := dump_of(frame.body)) is not None:
            self._listing.dump(dump)
            self._later.append((at, EslFrame(EVENT, dump, "")))
        elif command == "" or f"{command} {argument}" in (CALLS, CHANNELS):
            self._rows(at, rows_of(frame.body), of_calls=argument.startswith("calls"))
        return ()

    def _refused(self, at: float, channel: str) -> None:
        """A listed channel ended before we looked, perhaps after its list was taken for true."""
        if not self._listing.gone(channel, at) and self._channels.get(channel) is not None:
            self._vanished[channel] = at

    def _unseen_ends(self, at: float) -> Events:
        """Of channels that are no more, and whose ends nobody told in time."""
        late = [channel for channel, since in self._vanished.items() if at - since > LATE_S]
        for channel in late:
            since = self._vanished.pop(channel)
            if self._channels.living.pop(channel, None) is not None:
                yield ChannelEnded(at=since, channel=channel, cause=0)

    def _rows(self, at: float, rows: list[dict[str, str]] | None, *, of_calls: bool) -> None:
        if rows is None:
            return
        if of_calls or any("b_uuid" in row for row in rows):
            self._listing.calls(rows)
        else:
            self._listing.channels(rows, at)
            for _, frame in self._later:
                self._listing.event(frame.headers)

    def _listed(self) -> Events:
        """A snapshot, once the list has what it needs."""
        at, seen, pairs = self._listing.take()
        self._channels.listed(seen, pairs)
        self._complete = True
        waiting = [QueueEntered(at=at, channel=s.channel, queue=s.queue) for s in seen if s.queue]
        return (Snapshot(at=at, channels=seen), *waiting)


def _nothing_more(_at: float, _headers: Headers) -> Events:
    """A dump tells that its channel is there."""
    return ()


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
        "CHANNEL_PARK": t._places.park,
        "CHANNEL_UNPARK": t._places.unpark,
        "CHANNEL_HANGUP_COMPLETE": t._ended,
        "DTMF": t._digit,
        "RECORD_START": t._record_start,
        "RECORD_STOP": t._record_stop,
        "SHUTDOWN": t._shutdown,
        "CUSTOM callcenter::info": t._places.callcenter,
        "CUSTOM conference::maintenance": t._places.conference,
        "CUSTOM fifo::info": t._places.fifo,
        "CUSTOM valet_parking::info": t._places.valet,
        "CUSTOM vm::maintenance": t._places.message,
    }


WANTED = frozenset(handlers(Translator(ChannelRules((), ())))) | {JOB, "HEARTBEAT"}
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
        "Job-Command",
        "Job-Command-Arg",
        "Other-Leg-Unique-ID",
        "Record-File-Path",
        "Unique-ID",
        "VM-Action",
        "Valet-Extension",
        "variable_cc_member_session_uuid",
        "variable_current_application",
        "variable_dialed_user",
        "variable_endpoint_disposition",
        "variable_fifo_bridge_uuid",
        "variable_originating_leg_uuid",
        "variable_other_loopback_leg_uuid",
        "variable_sip_hangup_disposition",
        "variable_sip_redirect_contact_user_0",
        "variable_transfer_history",
    }
)
"""Headers of events that are read."""
