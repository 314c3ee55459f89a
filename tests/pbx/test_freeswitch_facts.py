"""Facts of FreeSWITCH as records: outcomes, identity, keys, hold. Measured on 1.10 and 1.11."""

from itertools import permutations

import pytest

from calltrackd.calls.record import NumberRules
from calltrackd.calls.tracker import Tracker
from calltrackd.model.channel import HangupAsked
from calltrackd.pbx.esl import EVENT, EslFrame
from tests.pbx.fs import CLIENT, DID, T0, TRUNK, Fs, phone


@pytest.fixture
def fs() -> Fs:
    """A quiet FreeSWITCH."""
    return Fs()


def test_an_answered_call(fs: Fs) -> None:
    """The bridge is the answer; the leg that got a BYE hung up."""
    fs.talk().after(4.0).client_hangs()
    record = fs.record
    assert (record.outcome, record.hung_up_by, record.operators) == ("answered", "caller", ["1001"])
    assert (record.did, record.caller) == (f"+{DID}", f"+{CLIENT}")
    assert (record.wait_s, record.talk_s, record.ivr_s) == pytest.approx((2.0, 4.0, 0.0), abs=1e-3)


@pytest.mark.parametrize("order", list(permutations(["parts", "client", "phone"])))
def test_the_operator_hangs_up(fs: Fs, order: tuple[str, ...]) -> None:
    """The ends of both legs and the client's unbridge come in any order."""
    fs.talk().after(1.0)
    tell = {
        "parts": lambda: fs.parts("a", "b"),
        "client": lambda: fs.ends("a", by="send_bye"),
        "phone": lambda: fs.ends("b", by="recv_bye"),
    }
    for event in order:
        tell[event]()
    assert (fs.record.hung_up_by, fs.record.talk_s) == ("operator", pytest.approx(1.0, abs=1e-3))


@pytest.mark.parametrize(
    ("cause", "said", "disposition", "outcome"),
    [
        ("NO_ANSWER", "send_cancel", "no_answer", "no_answer"),
        ("ALLOTTED_TIMEOUT", "send_cancel", "no_answer", "no_answer"),
        ("USER_BUSY", "recv_refuse", "busy", "busy"),
        ("CALL_REJECTED", "recv_refuse", "rejected", "rejected"),
        ("NORMAL_TEMPORARY_FAILURE", "recv_refuse", "failed", "failed"),
        ("DESTINATION_OUT_OF_ORDER", "", "failed", "failed"),
        ("DESTINATION_OUT_OF_ORDER", "send_cancel", "no_answer", "no_answer"),
    ],
)
def test_nobody_answers(fs: Fs, cause: str, said: str, disposition: str, outcome: str) -> None:
    """The phone's Hangup-Cause tells why; the caller's (NORMAL_CLEARING) does not."""
    fs.comes("a").dials("a", "b", "1001").after(5.0)
    fs.ends("b", cause, said).ends("a", by="send_refuse")
    record = fs.record
    assert (record.outcome, record.hung_up_by) == (outcome, "pbx")
    assert [leg.disposition for leg in record.legs] == [disposition]


def test_the_client_gives_up_while_it_rings(fs: Fs) -> None:
    """The phone's end is told before the reason of it: CANCEL of the client."""
    fs.comes("a").dials("a", "b", "1001").after(3.0)
    fs.ends("b", "ORIGINATOR_CANCEL", "send_cancel").ends("a", "ORIGINATOR_CANCEL", "recv_cancel")
    record = fs.record
    assert (record.outcome, record.abandoned_in, record.hung_up_by) == (
        "abandoned",
        "ringing",
        "caller",
    )
    assert [leg.disposition for leg in record.legs] == ["cancelled"]


def test_a_cancelled_phone_whose_caller_goes_on(fs: Fs) -> None:
    """Its end is told all the same, half a second later, by whatever event comes next."""
    fs.comes("a").dials("a", "b", "1001").after(3.0).ends("b", "ORIGINATOR_CANCEL", "send_cancel")
    fs.after(0.6).dials("a", "c", "1002").after(1.0).picks_up("c").bridges("a", "c")
    legs = fs.after(1.0).client_hangs("a", "c").record.legs
    assert [(leg.operator, leg.disposition) for leg in legs] == [
        ("1001", "no_answer"),
        ("1002", "answered"),
    ]
    assert legs[0].ended_at == pytest.approx(T0 + 3.0, abs=1e-3)


def test_a_cancelled_phone_when_the_link_is_lost(fs: Fs) -> None:
    """What waits is told before the loss."""
    fs.comes("a").dials("a", "b", "1001").after(3.0)
    fs.ends("b", "ORIGINATOR_CANCEL", "send_cancel").eof()
    assert [type(event).__name__ for event in fs.events[-3:]] == [
        "DialEnded",
        "ChannelEnded",
        "LinkLost",
    ]


def test_the_loser_of_a_race(fs: Fs) -> None:
    """LOSE_RACE: another phone took it."""
    fs.comes("a").dials("a", "b", "1001").dials("a", "c", "1002").after(2.0)
    fs.picks_up("c").picks_up("a").ends("b", "LOSE_RACE", "send_cancel").bridges("a", "c")
    record = fs.after(1.0).client_hangs("a", "c").record
    assert {leg.operator: leg.disposition for leg in record.legs} == {
        "1001": "answered_elsewhere",
        "1002": "answered",
    }


def test_no_route(fs: Fs) -> None:
    """A transfer to nowhere: the client is dropped by the PBX after its talk."""
    fs.talk().after(1.0)
    fs.parts("a", "b", variable_transfer_history="1:x:bl_xfer:77/default/XML")
    fs.ends("b", by="send_bye", variable_endpoint_disposition="BLIND_TRANSFER")
    record = fs.ends("a", "NO_ROUTE_DESTINATION").record
    assert (record.outcome, record.hung_up_by) == ("answered", "pbx")
    assert [(t.kind, t.by, t.completed) for t in record.transfers] == [("blind", "1001", False)]


def test_the_client_is_who_it_was_at_first(fs: Fs) -> None:
    """att_xfer, fifo and intercept write the operator's number over the client's, later."""
    fs.talk()
    fs.tell(
        "CHANNEL_HOLD", "b", Caller_Caller_ID_Number="1002", Caller_Destination_Number="1002"
    ).after(1.0)
    record = fs.client_hangs().record
    assert (record.caller, record.did) == (f"+{CLIENT}", f"+{DID}")


@pytest.mark.parametrize("number", ["anonymous", CLIENT])
def test_who_hides_its_number_is_nobody(fs: Fs, number: str) -> None:
    """Also when the line shows it by P-Asserted-Identity: the flag counts."""
    fs.comes(
        "a",
        Caller_Caller_ID_Number=number,
        Caller_Caller_ID_Name="Ivan",
        Caller_Privacy_Hide_Number="true",
        Caller_Privacy_Hide_Name="true",
    )
    record = fs.ends("a", by="recv_cancel").record
    assert (record.caller, record.caller_raw, record.caller_name) == (None, "anonymous", None)


def test_the_name_of_a_caller(fs: Fs) -> None:
    """As the far end sent it; one that only repeats the number is none."""
    fs.comes("a", Caller_Caller_ID_Name="Иван").ends("a", by="recv_cancel")
    fs.comes("b", Caller_Caller_ID_Name=CLIENT).ends("b", by="recv_cancel")
    assert [record.caller_name for record in fs.records] == ["Иван", None]


@pytest.mark.parametrize(
    ("name", "headers", "extension"),
    [
        ("sofia/internal/1001@127.0.8.1:6001", {}, "1001"),
        ("sofia/internal/sip:1001@127.0.8.1:6001", {}, "1001"),
        ("verto.rtc/1001@lab.local", {}, "1001"),
        ("sofia/internal/s8df2k@10.0.0.1:5060", {"variable_dialed_user": "1001"}, "1001"),
        ("sofia/internal/s8df2k@10.0.0.1", {"Channel-Presence-ID": "1001@lab.local"}, "1001"),
        ("sofia/internal/1009@10.0.0.1:5060", {"variable_dialed_user": "1001"}, "1001"),
    ],
)
def test_whose_phone_it_is(fs: Fs, name: str, headers: dict[str, str], extension: str) -> None:
    """The directory's user before the channel's name, the presence id last."""
    fs.comes("a").dials("a", "b", name, **headers)
    assert [leg.operator for leg in fs.ends("a", by="recv_cancel").record.legs] == [extension]


def test_a_line_is_a_line_whoever_it_says_it_is(fs: Fs) -> None:
    """A caller from outside may call itself 1001."""
    fs.comes("a", "sofia/external/1001@198.51.100.7", Channel_Presence_ID="1001@198.51.100.7")
    assert fs.ends("a", by="recv_cancel").record.direction == "inbound"


def test_keys_of_both_sides(fs: Fs) -> None:
    """The leg whose phone pressed; the event comes as the key is let go."""
    fs.talk().after(1.0)
    fs.tell("DTMF", "b", DTMF_Digit="*", DTMF_Duration="1120", DTMF_Source="RTP")
    fs.tell("DTMF", "a", DTMF_Digit="5", DTMF_Duration="1120", DTMF_Source="RTP")
    digits = fs.after(1.0).client_hangs().record.digits
    assert [(d.by, d.party, d.digit) for d in digits] == [
        ("operator", "1001", "*"),
        ("caller", None, "5"),
    ]
    assert digits[0].at == pytest.approx(T0 + 3.0 - 0.14, abs=1e-3)


def test_what_the_pbx_types_is_no_key(fs: Fs) -> None:
    """An unmatched bound digit comes twice: RTP, and APP 1.5 s later."""
    fs.talk().tell("DTMF", "b", DTMF_Digit="6", DTMF_Duration="1120", DTMF_Source="RTP")
    fs.after(1.5).tell("DTMF", "b", DTMF_Digit="6", DTMF_Duration="1120", DTMF_Source="APP")
    assert [digit.digit for digit in fs.client_hangs().record.digits] == ["6"]


def test_keys_pressed_while_it_rings(fs: Fs) -> None:
    """They come at the bridge, all at one moment, and each counts."""
    fs.talk()
    for _ in range(2):
        fs.tell("DTMF", "a", DTMF_Digit="3", DTMF_Duration="1120", DTMF_Source="RTP")
    assert [digit.digit for digit in fs.after(1.0).client_hangs().record.digits] == ["3", "3"]


def test_hold(fs: Fs) -> None:
    """HOLD and UNHOLD are told on the leg that holds."""
    fs.talk().after(1.0).tell("CHANNEL_HOLD", "b").after(3.0).tell("CHANNEL_UNHOLD", "b")
    record = fs.after(1.0).client_hangs().record
    assert (record.talk_s, record.hold_s) == pytest.approx((5.0, 3.0), abs=1e-3)


def test_early_media_is_no_talk(fs: Fs) -> None:
    """FreeSWITCH bridges as soon as the phone sounds (183); they talk from the answer on."""
    fs.comes("a").dials("a", "b", "1001").bridges("a", "b").after(2.0)
    fs.picks_up("b").picks_up("a").after(1.5)
    record = fs.client_hangs().record
    assert record.total_wait_s == pytest.approx(2.0, abs=1e-3)
    assert record.talk_s == pytest.approx(1.5, abs=1e-3)


def test_early_media_that_nobody_answers(fs: Fs) -> None:
    """A voice of the far network is no person."""
    fs.comes("a").dials("a", "b", "1001").bridges("a", "b").after(2.0)
    fs.parts("a", "b").ends("a", by="recv_cancel").ends("b", "ORIGINATOR_CANCEL")
    assert (fs.record.outcome, fs.record.talks) == ("abandoned", [])


def test_a_recording(fs: Fs) -> None:
    """It stops before the leg ends; its stop may be the first to tell who hung up."""
    path = "/rec/a.wav"
    fs.comes("a").tell("RECORD_START", "a", Record_File_Path=path).dials("a", "b", "1001")
    fs.after(2.0).picks_up("b").picks_up("a").bridges("a", "b").after(3.0)
    fs.parts("a", "b")
    fs.tell("RECORD_STOP", "a", Record_File_Path=path, variable_sip_hangup_disposition="recv_bye")
    recordings = fs.ends("b", by="send_bye").ends("a", by="recv_bye").record.recordings
    assert [(r.path, r.side) for r in recordings] == [(path, "both")]
    assert recordings[0].duration_s == pytest.approx(3.0, abs=1e-3)
    assert len(fs.of_type(HangupAsked)) == 1


def test_shutdown(fs: Fs) -> None:
    """Both legs get a BYE from the PBX."""
    fs.talk().after(1.0).tell("SHUTDOWN")
    fs.ends("b", "SYSTEM_SHUTDOWN", "send_bye").parts("a", "b")
    record = fs.ends("a", "SYSTEM_SHUTDOWN", "send_bye").record
    assert (record.hung_up_by, record.certainty) == ("pbx", "live")


def test_an_operator_dials_out(fs: Fs) -> None:
    """The first leg comes in from a phone; the client is the second one."""
    fs.comes(
        "a", phone("1001"), Caller_Destination_Number="9161234567", Caller_Caller_ID_Number=DID
    )
    fs.dials("a", "b", TRUNK).after(2.0).picks_up("b").picks_up("a").bridges("a", "b").after(3.0)
    fs.ends("b", by="recv_bye").parts("a", "b").ends("a", by="send_bye")
    record = fs.record
    assert (record.direction, record.caller, record.did) == ("outbound", f"+{CLIENT}", f"+{DID}")
    assert (record.outcome, record.hung_up_by, record.operators) == ("answered", "caller", ["1001"])


def test_the_client_that_is_called_is_busy(fs: Fs) -> None:
    """Its own 486."""
    fs.comes("a", phone("1001"), Caller_Destination_Number=CLIENT)
    fs.dials("a", "b", TRUNK, rings=False).ends("b", "USER_BUSY", "recv_refuse")
    record = fs.ends("a", "USER_BUSY", "send_refuse").record
    assert (record.direction, record.outcome) == ("outbound", "busy")


def test_click_to_call_rings_the_operator_first(fs: Fs) -> None:
    """The leg that answers first is the operator, though it is shown our number."""
    fs.dials("", "a", "1001").after(1.0).picks_up("a")
    fs.dials("a", "b", TRUNK).after(2.0).picks_up("b").bridges("a", "b").after(4.0)
    fs.ends("b", by="recv_bye").parts("a", "b").ends("a", by="send_bye")
    record = fs.record
    assert (record.direction, record.caller, record.did) == ("outbound", f"+{CLIENT}", f"+{DID}")
    assert (record.operators, record.talk_s) == (["1001"], pytest.approx(4.0, abs=1e-3))


def test_click_to_call_that_the_operator_does_not_answer(fs: Fs) -> None:
    """An attempt; the phone is shown our number, so whom it was for nobody knows."""
    fs.tracker = Tracker("fs", NumberRules("RU", {f"+{DID}"}))
    record = fs.dials("", "a", "1001").after(5.0).ends("a", "NO_ANSWER", "send_cancel").record
    assert (record.direction, record.outcome, record.hung_up_by) == ("outbound", "no_answer", "pbx")
    assert (record.caller, record.did) == (None, f"+{DID}")
    assert [(leg.operator, leg.disposition) for leg in record.legs] == [("1001", "no_answer")]


def test_a_leg_for_nobody_is_no_call(fs: Fs) -> None:
    """`originate user/1003 &eavesdrop(...)`: FreeSWITCH shows 0000000000."""
    fs.talk()
    fs.dials("", "s", "1003", Caller_Caller_ID_Number="0000000000").picks_up("s")
    fs.after(1.0).client_hangs().ends("s", by="recv_bye")
    assert fs.record.operators == ["1001"]


def test_what_is_told_after_the_end_is_late(fs: Fs) -> None:
    """Callcenter tells of both legs once more; nothing comes of it, nothing is remembered."""
    fs.talk().after(1.0).client_hangs()
    told = len(fs.events)
    fs.tell("CUSTOM callcenter::info", "b", CC_Action="bridge-agent-end")
    fs.tell("CHANNEL_UNHOLD", "a")
    assert len(fs.events) == told
    assert fs.record.outcome == "answered"


def test_an_event_without_its_headers_is_counted(fs: Fs) -> None:
    """It hurts nobody else."""
    fs.talk()
    fs.frame(EslFrame(EVENT, {"Event-Name": "DTMF", "Unique-ID": "b"}))
    fs.frame(EslFrame(EVENT, {"Event-Name": "DTMF", "Event-Date-Timestamp": "soon"}))
    assert fs.translator.unusable == {"DTMF": 2}


def test_ends_of_a_talk_on_a_pbx_that_stalls(fs: Fs) -> None:
    """Measured under load: the phone that hung up tells its end 0.6 s after the client's."""
    fs.talk().after(3.0).ends("a", by="send_bye").after(0.6)
    assert fs.ends("b", by="recv_bye").record.hung_up_by == "operator"
