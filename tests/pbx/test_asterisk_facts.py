"""What a consumer of AMI must know, measured on Asterisk 16 and 22: a test a fact."""

import pytest

from calltrackd.model.channel import (
    Bridged,
    ChannelEnded,
    Linked,
    LinkUp,
    PbxStopped,
    Snapshot,
)
from calltrackd.pbx.asterisk import WANTED
from tests.pbx.ami import CLIENT, PHONE, T0, Ami, uniqueid

PICKER = "PJSIP/103-00000003"
SECOND = "PJSIP/101-00000004"
TARGET = "PJSIP/102-00000005"


def _answered() -> Ami:
    return Ami().client().dial().after(2).talk()


@pytest.mark.parametrize(("asked", "by"), [(CLIENT, "caller"), (PHONE, "operator"), (None, "pbx")])
def test_hangup_request_tells_who_hung_up(asked: str | None, by: str) -> None:
    """Fact 1: the channel whose far end sent BYE; none means the PBX. The cause does not tell."""
    ami = _answered().after(5)
    if asked is not None:
        ami.request(asked)
    assert ami.hangup(PHONE, CLIENT, cause="16").record.hung_up_by == by


def test_hangup_request_of_a_busy_phone_hung_nothing_up() -> None:
    """Fact 1: 486, 603 and 503 of a dialled phone fire it too."""
    ami = Ami().client().dial().request(PHONE, cause="17").dial_end("BUSY").hangup(PHONE, CLIENT)
    assert (ami.record.hung_up_by, ami.record.outcome) == ("pbx", "busy")


def test_chan_sip_tells_a_moment_later_who_placed_the_call() -> None:
    """Its channels begin Down, the client's as the phone's; then the client's is in Ring."""
    ami = Ami().born(CLIENT, CallerIDNum="79161234567", Exten="74950000001")
    ami.tell("Newstate", Uniqueid=uniqueid(CLIENT), ChannelStateDesc="Ring", Exten="74950000001")
    record = ami.dial().after(2).talk().after(5).request(CLIENT).hangup(PHONE, CLIENT).record
    assert (record.direction, record.did, record.caller) == (
        "inbound", "+74950000001", "+79161234567",
    )  # fmt: skip
    assert (record.operators, record.hung_up_by) == (["101"], "caller")


def test_channel_in_ring_that_is_dialled_placed_no_call() -> None:
    """Some drivers let a phone that they dial pass through Ring."""
    ami = Ami().client().dial().state(PHONE, "Ring").after(2).talk().hangup(PHONE, CLIENT)
    assert (ami.record.direction, ami.record.operators) == ("inbound", ["101"])


def test_603_is_told_by_the_end_of_a_chan_sip_channel() -> None:
    """The dial ends as busy and no HangupRequest comes; the channel ends with cause 21."""
    ami = Ami().client().dial().dial_end("BUSY").hangup(PHONE, cause="21").hangup(CLIENT)
    assert (ami.record.outcome, ami.record.legs[0].disposition) == ("rejected", "rejected")


def test_channel_that_is_up_is_no_answer() -> None:
    """Fact 2: a queue, menu or mailbox answers at once; a bridge with an operator does."""
    ami = Ami().client().state(CLIENT, "Up")
    assert ami.record.answered_at is None
    assert ami.dial().talk().record.outcome == "answered"


def test_caller_that_abandons_is_told_by_its_request() -> None:
    """Fact 3: the hangup's cause is 127 in ringing, 0 in a queue."""
    ami = Ami().client().dial().after(3).request(CLIENT, cause="127")
    ami.dial_end("CANCEL").hangup(PHONE, cause="0").hangup(CLIENT, cause="127")
    record = ami.record
    assert (record.outcome, record.abandoned_in) == ("abandoned", "ringing")
    assert record.legs[0].disposition == "cancelled"


@pytest.mark.parametrize(("cause", "given_up"), [("127", True), ("0", True), ("16", False)])
def test_caller_that_abandoned_unseen_is_told_by_the_cause(cause: str, *, given_up: bool) -> None:
    """Fact 3 again, for a client whose request fell into an outage."""
    ami = Ami().client().hangup(CLIENT, cause=cause)
    (end,) = [event for event in ami.events if isinstance(event, ChannelEnded)]
    assert end.given_up is given_up


def test_linkedid_that_changes_is_told_once() -> None:
    """Fact 4: no event tells it; it is just another one in the next frame."""
    ami = _answered().tell("Hold", Uniqueid=uniqueid(PHONE), Linkedid="older.1")
    assert [e for e in ami.events if isinstance(e, Linked)] == [
        Linked(at=T0 + 2, channel=uniqueid(PHONE), link="older.1")
    ]
    ami.tell("Unhold", Uniqueid=uniqueid(PHONE), Linkedid="older.1")
    assert len([e for e in ami.events if isinstance(e, Linked)]) == 1


def test_picker_is_the_answerer() -> None:
    """Fact 5: no DialBegin for it, and the caller's hangup comes before its BridgeLeave."""
    ami = Ami().client().dial().after(1).born(PICKER, "Ring", link=uniqueid(PICKER), Exten="*8")
    ami.tell("Pickup", Uniqueid=uniqueid(PICKER), TargetUniqueid=uniqueid(PHONE))
    ami.dial_end("ANSWER", PICKER).bridge(PICKER, CLIENT).hangup(PHONE, cause="26").after(3)
    ami.request(CLIENT).hangup(CLIENT)
    ami.tell("BridgeLeave", Uniqueid=uniqueid(PICKER), BridgeUniqueid="b1").hangup(PICKER)
    record = ami.record
    assert (record.operators, record.outcome) == (["103"], "answered")
    assert {leg.operator: leg.disposition for leg in record.legs} == {
        "101": "answered_elsewhere",
        "103": "answered",
    }


def test_ring_timeout_of_a_queue_ends_a_dial_twice() -> None:
    """Fact 6: NOANSWER, then CANCEL; the first counts."""
    ami = Ami().client().dial().after(4).dial_end("NOANSWER").dial_end("CANCEL").hangup(PHONE)
    assert ami.request(CLIENT).hangup(CLIENT).record.legs[0].disposition == "no_answer"


def test_loser_of_a_ring_group_has_cause_26() -> None:
    """Fact 6: its channel ends as answered elsewhere."""
    ami = Ami().client().dial().dial(TARGET).talk(TARGET).hangup(PHONE, cause="26")
    legs = {leg.operator: leg.disposition for leg in ami.record_of_end().legs}
    assert legs == {"101": "answered_elsewhere", "102": "answered"}


def test_callback_knows_its_operator_by_the_channel() -> None:
    """Fact 7: Originate shows the client's number as CallerIDNum of the operator's leg."""
    ami = Ami().born(PHONE, CallerIDNum="79169998877")
    ami.tell("DialBegin", DestUniqueid=uniqueid(PHONE)).state(PHONE, "Ringing").after(20)
    record = ami.hangup(PHONE, cause="19").record
    assert (record.direction, record.caller) == ("outbound", "+79169998877")
    assert (record.legs[0].operator, record.outcome) == ("101", "no_answer")


def test_atxfer_without_the_option_only_types() -> None:
    """Fact 8: ends of 0 ms without a begin: no key press, and no transfer."""
    ami = _answered()
    for digit in "*2102":
        ami.dtmf("End", digit, DurationMs="0")
    record = ami.request(CLIENT).hangup(CLIENT, PHONE).record
    assert (record.digits, record.transfers) == ([], [])


def test_unhold_without_hold_is_nothing() -> None:
    """Fact 9: REFER brings one."""
    ami = _answered().after(3).tell("Unhold", Uniqueid=uniqueid(PHONE)).after(1)
    assert ami.request(CLIENT).hangup(CLIENT, PHONE).record.hold_s == 0


def test_local_is_optimised_away_within_one_talk() -> None:
    """Fact 10: the real legs move to another bridge; Local legs are nobody."""
    one, two = "Local/101@int-00000006;1", "Local/101@int-00000006;2"
    ami = Ami().client().born(one).born(two, "Ring")
    ami.tell("LocalBridge", LocalOneUniqueid=uniqueid(one), LocalTwoUniqueid=uniqueid(two))
    ami.dial(source=two).after(1).state(PHONE, "Up").dial_end("ANSWER")
    ami.bridge(PHONE, two, bridge="far").bridge(one, CLIENT, bridge="near").after(0.4)
    ami.tell("BridgeLeave", Uniqueid=uniqueid(CLIENT), BridgeUniqueid="near")
    ami.tell("BridgeLeave", Uniqueid=uniqueid(two), BridgeUniqueid="far")
    ami.bridge(CLIENT, bridge="far").request(one).hangup(one, two).after(5)
    record = ami.request(CLIENT).hangup(CLIENT, PHONE).record
    assert [(talk.operator, talk.hold_s) for talk in record.talks] == [("101", 0)]
    assert ([leg.operator for leg in record.legs], record.hung_up_by) == (["101"], "caller")


def test_cdr_rows_are_not_calls() -> None:
    """Fact 11: one to seven rows a call; they are not even decoded."""
    assert "Cdr" not in WANTED
    assert Ami().tell("Cdr", UniqueID="1", Disposition="ANSWERED").records == []


def test_orderly_shutdown_is_seen_live() -> None:
    """Fact 12: a Hangup without request for each channel, then Shutdown and the end."""
    ami = _answered().after(3).hangup(PHONE, CLIENT).tell("Shutdown", Shutdown="Cleanly").eof()
    assert (ami.record.certainty, ami.record.hung_up_by) == ("live", "pbx")
    assert any(isinstance(event, PbxStopped) for event in ami.events)


def test_killed_pbx_leaves_a_gap() -> None:
    """Fact 12: bare EOF; what the next list has not, is gone since."""
    ami = _answered().after(3).eof().after(9).tell("FullyBooted", Uptime="4", LastReload="4")
    assert (ami.record.certainty, ami.record.hung_up_by) == ("gap", "unknown")
    assert (ami.record.ended_at, ami.record.outage_s) == (T0 + 5, 9)


def test_pbx_that_lived_on_is_recovered() -> None:
    """Fact 12: CoreShowChannels is the truth after a reconnect."""
    ami = _answered().after(3).eof().after(9).tell("FullyBooted", Uptime="4000")
    for name in (CLIENT, PHONE):
        ami.listed(name)
    ami.tell("CoreShowChannelsComplete", ListItems="2").after(1).request(PHONE)
    record = ami.hangup(PHONE, CLIENT).record
    assert (record.certainty, record.hung_up_by, record.outage_s) == ("recovered", "operator", 9)


def test_status_tells_the_did_after_a_move() -> None:
    """Fact 13: DNID stays what was dialled; Exten is the DID only until the call is moved."""
    ami = Ami().tell(
        "Status", Channel=CLIENT, Uniqueid=uniqueid(CLIENT), Linkedid=uniqueid(CLIENT),
        ChannelStateDesc="Up", CallerIDNum="79161234567", Exten="102", DNID="74950000001",
        Seconds="30", Application="Dial", BridgeID="",
    )  # fmt: skip
    ami.tell("StatusComplete", Items="1")
    assert (ami.record.did, ami.record.caller) == ("+74950000001", "+79161234567")
    assert (ami.record.started_at, ami.record.certainty) == (T0 - 30, "recovered")


def test_late_connect_finds_who_talks() -> None:
    """Fact 13: BridgeId, Duration and Linkedid of CoreShowChannels make the call."""
    ami = Ami().listed(CLIENT, BridgeId="b9", Exten="74950000001", CallerIDNum="79161234567")
    ami.listed(PHONE, BridgeId="b9", Application="AppDial")
    record = ami.tell("CoreShowChannelsComplete").record
    assert (record.operators, record.certainty) == (["101"], "recovered")
    assert isinstance(ami.events[0], Snapshot)


def test_late_connect_finds_who_waits() -> None:
    """Fact 13: QueueStatus tells since when, ParkedCalls who parked."""
    ami = Ami().listed(CLIENT, Application="Queue", ApplicationData="sales,,,,60")
    ami.tell("CoreShowChannelsComplete")
    ami.tell("QueueEntry", ActionID="3", Queue="sales", Uniqueid=uniqueid(CLIENT), Wait="7")
    assert ami.after(1).request(CLIENT).hangup(CLIENT).record.queue_s == 8


@pytest.mark.parametrize("name", ["Reload", "FullyBooted", "Registry", "ContactStatus"])
def test_reload_changes_nothing(name: str) -> None:
    """Fact 14: reloads don't drop the session, registrations are no calls."""
    ami = _answered().tell(name)
    assert (ami.record.outcome, ami.record.certainty, ami.record.outage_s) == (
        "answered",
        "live",
        0,
    )


def test_caller_name_is_utf8_and_anonymous_has_no_number() -> None:
    """Fact 15: both as the PBX gave them."""
    assert Ami().client(CallerIDName="Иван Петров").record.caller_name == "Иван Петров"
    ami = Ami().born(CLIENT, "Ring", Exten="74950000001", CallerIDNum="anonymous")
    assert (ami.record.caller, ami.record.caller_raw) == (None, "anonymous")


def test_flood_is_not_wanted() -> None:
    """Fact 16: test, CEL and RTCP events are dropped by name, before they cost anything."""
    assert not {"TestEvent", "CEL", "RTCPSent", "RTCPReceived", "DeviceStateChange"} & WANTED


def test_frames_without_a_header_are_counted() -> None:
    """Nothing is swallowed: a frame that lacks what it must have counts by its event."""
    ami = Ami().tell("Newchannel", Channel=CLIENT).tell("Hangup", Uniqueid="1", Cause="x")
    assert ami.translator.unusable == {"Newchannel": 1, "Hangup": 1}


def test_responses_are_no_events() -> None:
    """Answers to actions have no translation and are no error."""
    ami = Ami().frame({"Response": "Success"}).frame({"Banner": "Asterisk Call Manager/11.0.0"})
    assert (ami.events, ami.translator.unusable) == ([], {})


def test_conference_bridge_is_shared() -> None:
    """A room of ConfBridge joins nobody's calls."""
    ami = Ami().client().bridge(CLIENT, BridgeCreator="ConfBridge")
    assert ami.last == Bridged(at=T0, channel=uniqueid(CLIENT), bridge="b1", shared=True)


def test_boot_time_comes_from_the_uptime() -> None:
    """Whole seconds; without it nothing is known of a restart."""
    assert Ami().tell("FullyBooted", Uptime="100").last == LinkUp(at=T0, booted_at=T0 - 100)
    assert Ami().tell("FullyBooted").last == LinkUp(at=T0)


def test_hangup_without_cause_has_cause_0() -> None:
    """An empty header is no number, and no error."""
    ami = Ami().client().hangup(CLIENT, cause="")
    assert ami.last == ChannelEnded(at=T0, channel=uniqueid(CLIENT), cause=0)
