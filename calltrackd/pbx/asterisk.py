"""AMI frames of Asterisk 16 to 22, translated into channel events.

Every peculiarity of Asterisk is settled here. The rules come from streams of real Asterisk 16.28
and 22.10 (tests/streams) and are named where they apply. A frame that has no translation is not an
error; a frame that should have one and lacks a header is counted in `unusable` by event name.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

from calltrackd.model.channel import (
    Answered,
    Bridged,
    CameIn,
    ChannelEnded,
    ChannelEvent,
    ChannelStarted,
    Dialed,
    DialEnded,
    Disposition,
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
    Place,
    QueueEntered,
    QueueLeft,
    Rang,
    RecordingStarted,
    RecordingStopped,
    Replaced,
    Resumed,
    Side,
    Snapshot,
    TransferredAttended,
    TransferredBlind,
    Unbridged,
    Unparked,
)
from calltrackd.pbx.channels import ChannelRules
from calltrackd.pbx.keys import KeyPresses
from calltrackd.pbx.mixmonitor import RecordedFiles
from calltrackd.pbx.status import Listing

Frame = dict[str, str]
Events = Iterable[ChannelEvent]

PLACES: dict[str, Place] = {
    "voicemail": "voicemail",
    "minivmrecord": "voicemail",
    "confbridge": "conference",
    "meetme": "conference",
}
"""Dialplan applications (lower case) that take a channel away from people."""

_REFUSALS: dict[str, Disposition] = {
    "17": "busy",
    "21": "rejected",
    **dict.fromkeys(("1", "2", "3", "20", "27", "28", "34", "38", "41", "42", "44"), "failed"),
}
"""Q.850 causes with which a phone refuses: 486, 603, unreachable and 5xx."""

_INCOMING = ("Ring", "Rsrvd", "OffHook")
"""States of a channel whose far end placed the call. PJSIP's begin in them; chan_sip's begin Down,
as those that are dialled, and come to Ring a moment later (measured on 16)."""

_GIVEN_UP = frozenset({"0", "127"})
"""Causes of a client's hangup while it waited: 127 (CANCEL) in ringing, 0 in a queue; all other
ends have 16 or a refusal (measured on 16 and 22)."""

_STATUSES: dict[str, Disposition] = {
    "ANSWER": "answered",
    "BUSY": "busy",
    "NOANSWER": "no_answer",
    "CANCEL": "cancelled",
    "ABORT": "cancelled",
    "CONTINUE": "answered_elsewhere",
    "GOTO": "answered_elsewhere",
    "DONTCALL": "rejected",
    "TORTURE": "rejected",
}


class Translator:
    """Frames of one attachment in, channel events out. One instance lives through reconnects."""

    def __init__(self, rules: ChannelRules) -> None:
        self._rules = rules
        self._keys = KeyPresses()
        self._listing = Listing(rules)
        self._refusals: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._links: dict[str, str] = {}
        self._recorded = RecordedFiles()
        self._on = handlers(self)
        self.unusable: Counter[str] = Counter()

    def feed(self, at: float, frame: Frame) -> Events:
        """Events of one frame that arrived at `at` (unix seconds; AMI events bear no time)."""
        name = frame.get("Event")
        handler = self._on.get(name) if name else None
        if handler is None:
            return ()
        try:
            relinked = self._relinked(at, frame)
            return (*relinked, *handler(at, frame)) if relinked else handler(at, frame)
        except (KeyError, ValueError):
            self.unusable[name or ""] += 1
            return ()

    def link_lost(self, at: float) -> Events:
        """The connection ended at `at`: what was half collected is void.

        Channels may end unseen now; the next list tells anew which there are.
        """
        self._listing = Listing(self._rules)
        self._keys = KeyPresses()
        for known in (self._names, self._links, self._refusals, self._recorded):
            known.clear()
        return (LinkLost(at=at),)

    def _relinked(self, at: float, frame: Frame) -> Events:
        """Linkedid changes without an event of its own: REFER+Replaces, pick-up, park retrieve."""
        channel, link = frame.get("Uniqueid"), frame.get("Linkedid")
        if channel is None or not link or self._links.get(channel, link) == link:
            return ()
        self._links[channel] = link
        return (Linked(at=at, channel=channel, link=link),)

    # -- birth, naming and death of channels

    def _newchannel(self, at: float, frame: Frame) -> Events:
        channel, name = frame["Uniqueid"], frame["Channel"]
        role, party = self._rules.role(name)
        self._links[channel] = frame["Linkedid"]
        self._names[name] = channel
        started = ChannelStarted(
            at=at,
            channel=channel,
            name=name,
            link=frame["Linkedid"],
            role=role,
            party=party,
            number=frame.get("CallerIDNum", ""),
            number_name=frame.get("CallerIDName", ""),
            dialed=frame.get("Exten", ""),
            incoming=frame.get("ChannelStateDesc") in _INCOMING,
        )
        return (started,)

    def _rename(self, at: float, frame: Frame) -> Events:
        """A masquerade ends with the endpoint's name on another channel id."""
        channel, new = frame["Uniqueid"], frame["Newname"]
        if new.endswith(("<ZOMBIE>", "<MASQ>")):
            return ()
        old = self._names.get(new)
        self._forget_name(frame["Channel"], channel)
        self._names[new] = channel
        if old is None or old == channel:
            return ()
        return (Replaced(at=at, channel=old, by=channel),)

    def _numbered(self, at: float, frame: Frame) -> Events:
        number = frame["CallerIDNum"]
        return (
            Numbered(
                at=at,
                channel=frame["Uniqueid"],
                number=number,
                number_name=frame.get("CallerIDName", ""),
            ),
        )

    def _newstate(self, at: float, frame: Frame) -> Events:
        state = frame["ChannelStateDesc"]
        if state == "Ringing":
            return (Rang(at=at, channel=frame["Uniqueid"]),)
        if state == "Up":
            return (Answered(at=at, channel=frame["Uniqueid"]),)
        if state in _INCOMING:
            return (CameIn(at=at, channel=frame["Uniqueid"], dialed=frame.get("Exten", "")),)
        return ()

    def _hangup(self, at: float, frame: Frame) -> Events:
        channel = frame["Uniqueid"]
        self._forget_name(frame["Channel"], channel)
        self._links.pop(channel, None)
        self._refusals.pop(channel, None)
        self._recorded.forget(channel)
        self._keys.forget(channel)
        cause = frame.get("Cause", "")
        given_up = cause in _GIVEN_UP
        return (ChannelEnded(at=at, channel=channel, cause=int(cause or 0), given_up=given_up),)

    def _forget_name(self, name: str, channel: str) -> None:
        if self._names.get(name) == channel:
            del self._names[name]

    def _hangup_request(self, at: float, frame: Frame) -> Events:
        self._refusals[frame["Uniqueid"]] = frame.get("Cause", "")
        return (HangupAsked(at=at, channel=frame["Uniqueid"]),)

    # -- dialling

    def _dial_begin(self, at: float, frame: Frame) -> Events:
        return (
            Dialed(
                at=at,
                source=frame.get("Uniqueid"),
                channel=frame["DestUniqueid"],
                number=_dialed_number(frame),
                shown=frame.get("DestConnectedLineNum", ""),
            ),
        )

    def _dial_state(self, at: float, frame: Frame) -> Events:
        if frame["DialStatus"] != "RINGING":
            return ()
        return (Rang(at=at, channel=frame["DestUniqueid"]),)

    def _dial_end(self, at: float, frame: Frame) -> Events:
        """DialStatus says NOANSWER for 603 and CONGESTION for 503: the refusal's cause tells."""
        channel = frame["DestUniqueid"]
        status = frame["DialStatus"]
        disposition = _STATUSES.get(status, "failed")
        if disposition != "answered":
            disposition = _REFUSALS.get(self._refusals.get(channel, ""), disposition)
        forwarded = frame.get("Forward", "")
        return (DialEnded(at=at, channel=channel, disposition=disposition, forwarded_to=forwarded),)

    # -- bridges and Local channels

    def _bridge_enter(self, at: float, frame: Frame) -> Events:
        shared = frame.get("BridgeCreator") in ("ConfBridge", "MeetMe")
        return (
            Bridged(
                at=at, channel=frame["Uniqueid"], bridge=frame["BridgeUniqueid"], shared=shared
            ),
        )

    def _bridge_leave(self, at: float, frame: Frame) -> Events:
        return (Unbridged(at=at, channel=frame["Uniqueid"], bridge=frame["BridgeUniqueid"]),)

    def _local_bridge(self, at: float, frame: Frame) -> Events:
        return (Paired(at=at, one=frame["LocalOneUniqueid"], two=frame["LocalTwoUniqueid"]),)

    # -- what happens in a call

    def _held(self, at: float, frame: Frame) -> Events:
        return (Held(at=at, channel=frame["Uniqueid"]),)

    def _resumed(self, at: float, frame: Frame) -> Events:
        return (Resumed(at=at, channel=frame["Uniqueid"]),)

    def _queue_entered(self, at: float, frame: Frame) -> Events:
        return (QueueEntered(at=at, channel=frame["Uniqueid"], queue=frame["Queue"]),)

    def _queue_left(self, at: float, frame: Frame) -> Events:
        return (QueueLeft(at=at, channel=frame["Uniqueid"], queue=frame["Queue"]),)

    def _queue_waits(self, at: float, frame: Frame) -> Events:
        """One entry of QueueStatus: who waits already, for `Wait` seconds."""
        since = at - float(frame.get("Wait") or 0)
        return (QueueEntered(at=since, channel=frame["Uniqueid"], queue=frame["Queue"]),)

    def _blind(self, at: float, frame: Frame) -> Events:
        if frame.get("Result") != "Success":
            return ()
        return (
            TransferredBlind(
                at=at,
                by=frame["TransfererUniqueid"],
                channel=frame["TransfereeUniqueid"],
                number=frame.get("Extension", ""),
            ),
        )

    def _attended(self, at: float, frame: Frame) -> Events:
        """The two transferer legs are ordered by time, not by role (docs.asterisk.org)."""
        by = (frame["OrigTransfererUniqueid"], frame["SecondTransfererUniqueid"])
        return (
            TransferredAttended(
                at=at,
                by=by,
                channel=frame.get("TransfereeUniqueid"),
                target=frame.get("TransferTargetUniqueid"),
                ok=frame.get("Result") == "Success" and frame.get("DestType") != "Fail",
            ),
        )

    def _parked(self, at: float, frame: Frame) -> Events:
        parker, _ = self._parker(frame)
        since = at - float(frame.get("ParkingDuration") or 0) if "ActionID" in frame else at
        return (
            Parked(
                at=since,
                channel=frame["ParkeeUniqueid"],
                by=parker,
                space=frame.get("ParkingSpace", ""),
            ),
        )

    def _parker(self, frame: Frame) -> tuple[str | None, str]:
        dial = frame.get("ParkerDialString", "")
        role, party = self._rules.role(f"{dial}-00000000") if dial else ("helper", None)
        return party, role

    def _unparked(self, at: float, frame: Frame, *, taken: bool) -> Events:
        by = frame.get("RetrieverUniqueid") if taken else None
        return (Unparked(at=at, channel=frame["ParkeeUniqueid"], by=by),)

    def _pickup(self, at: float, frame: Frame) -> Events:
        return (PickedUp(at=at, channel=frame["Uniqueid"], target=frame["TargetUniqueid"]),)

    def _key_down(self, at: float, frame: Frame) -> Events:
        if frame["Direction"] == "Received":
            self._keys.down(frame["Uniqueid"], frame["Digit"], at)
        return ()

    def _key_up(self, at: float, frame: Frame) -> Events:
        """Local channels only relay; `Sent` is the relay on the other leg."""
        if frame["Direction"] != "Received" or frame["Channel"].startswith("Local/"):
            return ()
        press = self._keys.up(
            frame["Uniqueid"], frame["Digit"], at, int(frame.get("DurationMs") or 0) / 1000
        )
        return () if press is None else (press,)

    # -- what the PBX itself does with a channel

    def _application(self, at: float, frame: Frame) -> Events:
        application = frame["Application"].lower()
        if application == "mixmonitor":
            channel = frame["Uniqueid"]
            named = self._recorded.application(channel, frame.get("AppData", ""))
            return _recordings(at, channel, named)
        place = PLACES.get(application)
        return () if place is None else (Entered(at=at, channel=frame["Uniqueid"], place=place),)

    def _logged_application(self, at: float, frame: Frame) -> Events:
        """CEL is of class call: it tells the mailbox also to a user without class dialplan."""
        place = PLACES.get(frame["Application"].lower())
        if place is None or frame["EventName"] in ("HANGUP", "CHAN_END", "LINKEDID_END"):
            return ()
        return (Entered(at=at, channel=frame["UniqueID"], place=place),)

    def _conference(self, at: float, frame: Frame) -> Events:
        return (Entered(at=at, channel=frame["Uniqueid"], place="conference"),)

    def _message(self, at: float, frame: Frame) -> Events:
        """A message was left: tells the mailbox also to a user without class dialplan."""
        if "Uniqueid" not in frame:
            return ()
        return (Entered(at=at, channel=frame["Uniqueid"], place="voicemail"),)

    def _variable(self, at: float, frame: Frame) -> Events:
        """MIXMONITOR_FILENAME also tells of recordings that AMI or features began."""
        if frame["Variable"] != "MIXMONITOR_FILENAME":
            return ()
        channel = frame["Uniqueid"]
        return _recordings(at, channel, self._recorded.variable(channel, frame["Value"]))

    def _record_stop(self, at: float, frame: Frame) -> Events:
        return (RecordingStopped(at=at, channel=frame["Uniqueid"]),)

    # -- the PBX and the link

    def _booted(self, at: float, frame: Frame) -> Events:
        uptime = frame.get("Uptime", "")
        return (LinkUp(at=at, booted_at=at - int(uptime) if uptime.isdigit() else None),)

    def _shutdown(self, at: float, _frame: Frame) -> Events:
        return (PbxStopped(at=at),)

    def _listed(self, _at: float, frame: Frame) -> Events:
        self._listing.add(frame)
        return ()

    def _listed_all(self, at: float, _frame: Frame) -> Events:
        channels = self._listing.take()
        for seen in channels:
            self._links[seen.channel] = seen.link
            self._names[seen.name] = seen.channel
        return (Snapshot(at=at, channels=channels),)


def _recordings(at: float, channel: str, named: list[tuple[str, Side]]) -> Events:
    return [RecordingStarted(at=at, channel=channel, path=path, side=side) for path, side in named]


_DIALED_NUMBER = re.compile(r"(?:^|[/:])(\+?\d{5,15})(?:@|$)")


def _dialed_number(frame: Frame) -> str:
    """What went out to the trunk (`79161112233@trunk`), not what the phone dialled (`9` before)."""
    found = _DIALED_NUMBER.search(frame.get("DialString", ""))
    return found.group(1) if found else frame.get("DestCallerIDNum", "")


def handlers(t: Translator) -> dict[str, Callable[[float, Frame], Events]]:
    """Event name to translation."""
    # ruff: noqa: SLF001 - the table belongs to the class; it stands apart to be read at a glance
    return {
        "Newchannel": t._newchannel,
        "Rename": t._rename,
        "NewCallerid": t._numbered,
        "Newstate": t._newstate,
        "Hangup": t._hangup,
        "HangupRequest": t._hangup_request,
        "DialBegin": t._dial_begin,
        "DialState": t._dial_state,
        "DialEnd": t._dial_end,
        "BridgeEnter": t._bridge_enter,
        "BridgeLeave": t._bridge_leave,
        "LocalBridge": t._local_bridge,
        "Hold": t._held,
        "Unhold": t._resumed,
        "QueueCallerJoin": t._queue_entered,
        "QueueCallerLeave": t._queue_left,
        "QueueEntry": t._queue_waits,
        "BlindTransfer": t._blind,
        "AttendedTransfer": t._attended,
        "ParkedCall": t._parked,
        "UnParkedCall": partial(t._unparked, taken=True),
        "ParkedCallGiveUp": partial(t._unparked, taken=False),
        "ParkedCallTimeOut": partial(t._unparked, taken=False),
        "Pickup": t._pickup,
        "DTMFBegin": t._key_down,
        "DTMFEnd": t._key_up,
        "Newexten": t._application,
        "CEL": t._logged_application,
        "ConfbridgeJoin": t._conference,
        "MeetmeJoin": t._conference,
        "MessageWaiting": t._message,
        "VarSet": t._variable,
        "MixMonitorStop": t._record_stop,
        "FullyBooted": t._booted,
        "Shutdown": t._shutdown,
        "CoreShowChannel": t._listed,
        "Status": t._listed,
        "CoreShowChannelsComplete": t._listed_all,
        "StatusComplete": t._listed_all,
    }


HOLDING = (
    "Application: MixMonitor",
    "Application: VoiceMail",
    "Application: MinivmRecord",
    "Application: ConfBridge",
    "Application: MeetMe",
    "Variable: MIXMONITOR_FILENAME",
)
"""Header lines that let an event of the flood pass: the few of Newexten and VarSet of use."""

_FLOOD = frozenset({"Newexten", "VarSet", "CEL"})

WANTED = frozenset(handlers(Translator(ChannelRules((), ())))) - _FLOOD
"""Names of the events that have a translation; the codec drops others before decoding them."""
