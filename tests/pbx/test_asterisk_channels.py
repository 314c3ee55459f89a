"""Channels of Asterisk: who is behind them, what becomes of dials, masquerades, recordings."""

import pytest

from calltrackd.model.channel import (
    Answered,
    ChannelStarted,
    DialEnded,
    Disposition,
    Entered,
    Parked,
    QueueEntered,
    Rang,
    RecordingStarted,
    Replaced,
    Role,
    Snapshot,
    TransferredAttended,
    TransferredBlind,
    Unparked,
)
from calltrackd.pbx.channels import KEPT, ChannelRules
from tests.pbx.ami import CLIENT, PHONE, T0, Ami, rules, uniqueid


@pytest.mark.parametrize(
    ("name", "role", "party"),
    [
        ("PJSIP/101-0000002a", "operator", "101"),
        ("SIP/2001-0000002a", "operator", "2001"),
        ("PJSIP/trunk-0000002a", "client", None),
        ("PJSIP/my-provider-0000002a", "client", None),
        ("DAHDI/i1/74951234567-1", "client", None),
        ("AsyncGoto/PJSIP/101-0000002a", "operator", "101"),
        ("Local/101@from-internal-0000002a;1", "helper", None),
        ("Surrogate/PJSIP/101-0000002a", "helper", None),
        ("Snoop/1795423338.1-0000002a", "helper", None),
    ],
)
def test_name_of_a_channel_tells_who_is_behind(name: str, role: Role, party: str | None) -> None:
    """Phones by their pattern, nobody by technology, the unknown is a client."""
    assert rules().role(name) == (role, party)


def test_trunk_pattern_wins_over_an_extension_pattern() -> None:
    """A provider whose endpoint is a number."""
    both = ChannelRules([r"^PJSIP/777-"], [r"^PJSIP/(\d+)-"])
    assert both.role("PJSIP/777-0000002a") == ("client", None)
    assert both.role("PJSIP/101-0000002a") == ("operator", "101")


def test_roles_that_are_remembered_are_bounded() -> None:
    """Some technologies put the dialled number into every name."""
    own = rules()
    for n in range(KEPT + 10):
        own.role(f"DAHDI/i1/{n}-1")
    assert len(own._known) <= KEPT


@pytest.mark.parametrize(
    ("state", "incoming"), [("Ring", True), ("Rsrvd", True), ("Down", False), ("Up", False)]
)
def test_state_at_birth_tells_who_placed_the_call(state: str, incoming: bool) -> None:
    """`Ring`: the far end calls; `Down`: the PBX is about to dial."""
    (event,) = Ami().born(CLIENT, state).events
    assert isinstance(event, ChannelStarted)
    assert event.incoming is incoming


@pytest.mark.parametrize(
    ("status", "cause", "disposition"),
    [
        ("ANSWER", "", "answered"),
        ("BUSY", "17", "busy"),
        ("NOANSWER", "21", "rejected"),
        ("CONGESTION", "34", "failed"),
        ("CHANUNAVAIL", "", "failed"),
        ("NOANSWER", "", "no_answer"),
        ("CANCEL", "", "cancelled"),
    ],
)
def test_refusal_is_told_by_its_cause(status: str, cause: str, disposition: Disposition) -> None:
    """DialStatus says NOANSWER for 603 and CONGESTION for 503: the request's cause tells."""
    ami = Ami().client().dial()
    if cause:
        ami.request(PHONE, cause)
    ami.dial_end(status)
    assert ami.last == DialEnded(at=T0, channel=uniqueid(PHONE), disposition=disposition)


def test_forwarding_phone_tells_where_to() -> None:
    """302: the channel that DialEnd names was forwarded."""
    event = Ami().client().dial().dial_end("CANCEL", Forward="102@internal").last
    assert isinstance(event, DialEnded)
    assert event.forwarded_to == "102@internal"


@pytest.mark.parametrize(("status", "rings"), [("RINGING", True), ("PROGRESS", False)])
def test_early_media_is_no_ringing(status: str, rings: bool) -> None:
    """180 rings; 183 may be an announcement."""
    ami = Ami().tell("DialState", DestUniqueid="1", DialStatus=status)
    assert [type(event) for event in ami.events] == ([Rang] if rings else [])


def test_states_between_tell_nothing() -> None:
    """Only Ringing and Up matter."""
    ami = Ami().state(CLIENT, "Dialing").state(CLIENT, "Up")
    assert [type(event) for event in ami.events] == [Answered]


def test_masquerade_moves_the_endpoint() -> None:
    """Three renames: the clone gets `<MASQ>`, the original its name, the clone `<ZOMBIE>`."""
    goto = "AsyncGoto/PJSIP/101-00000009"
    ami = Ami().client().dial().born(goto, "Up")
    before = len(ami.events)
    ami.tell("Rename", Channel=PHONE, Newname=f"{PHONE}<MASQ>", Uniqueid=uniqueid(PHONE))
    ami.tell("Rename", Channel=goto, Newname=PHONE, Uniqueid=uniqueid(goto))
    zombie = f"{goto}<ZOMBIE>"
    ami.tell("Rename", Channel=f"{PHONE}<MASQ>", Newname=zombie, Uniqueid=uniqueid(PHONE))
    assert ami.events[before:] == [Replaced(at=T0, channel=uniqueid(PHONE), by=uniqueid(goto))]
    ami.tell("Hangup", Channel=zombie, Uniqueid=uniqueid(PHONE), Cause="16")
    ami.tell("Hangup", Channel=PHONE, Uniqueid=uniqueid(goto), Cause="16").hangup(CLIENT)
    assert ami.translator._names == {}


def test_lost_link_forgets_what_may_end_unseen() -> None:
    """Names, links and half collected lists are told anew by the next list."""
    ami = Ami().client().dial().listed(CLIENT).dtmf("Begin", "1").eof()
    translator = ami.translator
    assert (translator._names, translator._links) == ({}, {})
    assert ami.tell("CoreShowChannelsComplete").last == Snapshot(at=T0, channels=[])


def test_mixmonitor_tells_its_files_by_side() -> None:
    """r() is what the channel says, t() what it hears; the variable repeats the mix."""
    files = _recorded("/rec/a.wav,br(/rec/a-in.wav)t(/rec/a-out.wav)", "/rec/a.wav")
    assert files == [
        ("/rec/a.wav", "both"),
        ("/rec/a-in.wav", "caller"),
        ("/rec/a-out.wav", "operator"),
    ]


def test_relative_names_of_mixmonitor_are_told_whole_and_once() -> None:
    """FreePBX names `2026/11/23/X.wav`; the variable tells the folder it lies in."""
    files = _recorded("2026/a.wav,r(2026/a-in.wav)", "/var/spool/asterisk/monitor/2026/a.wav")
    assert files == [
        ("/var/spool/asterisk/monitor/2026/a.wav", "both"),
        ("/var/spool/asterisk/monitor/2026/a-in.wav", "caller"),
    ]


def _recorded(data: str, variable: str) -> list[tuple[str, str]]:
    ami = Ami().client()
    ami.tell("Newexten", Uniqueid=uniqueid(CLIENT), Application="MixMonitor", AppData=data)
    ami.tell("VarSet", Uniqueid=uniqueid(CLIENT), Variable="MIXMONITOR_FILENAME", Value=variable)
    return [(e.path, e.side) for e in ami.events if isinstance(e, RecordingStarted)]


@pytest.mark.parametrize("application", ["VoiceMail", "voicemail", "MinivmRecord"])
def test_mailbox_is_told_by_its_application(application: str) -> None:
    """Spelled as the dialplan spells it."""
    ami = Ami().tell("Newexten", Uniqueid="1", Application=application)
    assert ami.last == Entered(at=T0, channel="1", place="voicemail")


def test_mailbox_is_told_by_its_message_too() -> None:
    """A user without class dialplan sees that a message was left."""
    assert Ami().tell("MessageWaiting", Mailbox="105@default", Uniqueid="1").last == Entered(
        at=T0, channel="1", place="voicemail"
    )
    assert Ami().tell("MessageWaiting", Mailbox="105@default").events == []


def test_parker_is_a_phone_or_nobody() -> None:
    """The parker's dial string names a phone; a client parked by the dialplan has none."""
    ami = Ami().tell("ParkedCall", ParkeeUniqueid="1", ParkerDialString="PJSIP/101")
    assert ami.last == Parked(at=T0, channel="1", by="101")
    ami.tell("ParkedCall", ParkeeUniqueid="1", ParkerDialString="", ParkingSpace="701")
    assert ami.last == Parked(at=T0, channel="1", by=None, space="701")


def test_list_of_parked_calls_is_dated_back() -> None:
    """An item of a list bears an ActionID and how long it has been there."""
    ami = Ami().tell(
        "ParkedCall", ActionID="5", ParkeeUniqueid="1", ParkerDialString="PJSIP/101",
        ParkingDuration="12",
    )  # fmt: skip
    assert ami.last == Parked(at=T0 - 12, channel="1", by="101")


@pytest.mark.parametrize(
    ("event", "by"),
    [("UnParkedCall", "9"), ("ParkedCallTimeOut", None), ("ParkedCallGiveUp", None)],
)
def test_leaving_a_park_has_a_retriever_or_not(event: str, by: str | None) -> None:
    """Only who retrieved it is told."""
    ami = Ami().tell(event, ParkeeUniqueid="1", RetrieverUniqueid="9")
    assert ami.last == Unparked(at=T0, channel="1", by=by)


def test_failed_blind_transfer_is_none() -> None:
    """The PBX refused it; the talk goes on."""
    headers = {"TransfererUniqueid": "2", "TransfereeUniqueid": "1", "Extension": "102"}
    assert Ami().tell("BlindTransfer", Result="Fail", **headers).events == []
    assert Ami().tell("BlindTransfer", Result="Success", **headers).last == TransferredBlind(
        at=T0, by="2", channel="1", number="102"
    )


def test_attended_transfer_has_two_channels_of_the_transferer() -> None:
    """Ordered by time, not by role; the second may be the first."""
    ami = Ami().tell(
        "AttendedTransfer", Result="Success", OrigTransfererUniqueid="2",
        SecondTransfererUniqueid="3", TransfereeUniqueid="1", TransferTargetUniqueid="4",
        DestType="Bridge",
    )  # fmt: skip
    assert ami.last == TransferredAttended(at=T0, by=("2", "3"), channel="1", target="4", ok=True)


def test_queue_status_dates_the_wait_back() -> None:
    """`Wait` is in whole seconds."""
    ami = Ami().tell("QueueEntry", Queue="sales", Uniqueid="1", Wait="9")
    assert ami.last == QueueEntered(at=T0 - 9, channel="1", queue="sales")


@pytest.mark.parametrize(("text", "age"), [("00:01:05", 65.0), ("17", 17.0), ("", None)])
def test_list_tells_age_queue_and_room(text: str, age: float | None) -> None:
    """Duration of CoreShowChannels, the arguments of Queue, ConfBridge as a room."""
    ami = Ami().listed(CLIENT, Duration=text, Application="Queue", ApplicationData="sales,t")
    ami.listed(PHONE, Application="ConfBridge").tell("CoreShowChannelsComplete")
    assert isinstance(ami.last, Snapshot)
    client, phone = ami.last.channels
    assert (client.queue, client.incoming, phone.place) == ("sales", True, "conference")
    assert client.age == age
