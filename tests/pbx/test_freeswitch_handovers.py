"""The client changes hands on a FreeSWITCH; no event is called a transfer there."""

import pytest

from calltrackd.model.call import CallRecord
from tests.pbx.fs import TRUNK, Fs, phone

MOVED = {"variable_transfer_history": "1:u:bl_xfer:1002/default/XML"}


@pytest.fixture
def fs() -> Fs:
    """A client talks with 1001 for a second."""
    return Fs().talk().after(1.0)


def transfers(record: CallRecord) -> list[tuple[str, str | None, str | None, bool]]:
    """Kind, by, to, completed."""
    return [(t.kind, t.by, t.to, t.completed) for t in record.transfers]


def rings_and_takes(fs: Fs, source: str, leg: str, extension: str) -> Fs:
    """A phone rings for a second and answers."""
    return fs.dials(source, leg, extension).after(1.0).picks_up(leg)


@pytest.mark.parametrize("sender_first", [True, False])
def test_a_blind_refer(fs: Fs, sender_first: bool) -> None:
    """Told by the end of the leg that sent it, before or after the next phone is dialled."""
    fs.parts("a", "b", Caller_Destination_Number="1002", **MOVED)
    sent = {"by": "send_bye", "variable_endpoint_disposition": "BLIND_TRANSFER"}
    if sender_first:
        fs.ends("b", **sent).dials("a", "c", "1002")
    else:
        fs.dials("a", "c", "1002").ends("b", **sent)
    fs.after(1.0).picks_up("c").bridges("a", "c", **MOVED).after(2.0)
    record = fs.client_hangs("a", "c").record
    assert transfers(record) == [("blind", "1001", "1002", True)]
    assert [(t.operator, (t.to or 0) - t.start) for t in record.talks] == [
        ("1001", pytest.approx(1.0, abs=1e-3)),
        ("1002", pytest.approx(2.0, abs=1e-3)),
    ]


@pytest.mark.parametrize("sender_first", [True, False])
def test_a_blind_refer_that_nobody_takes(fs: Fs, sender_first: bool) -> None:
    """The call was answered, whatever comes later; the sender's end is told first at times."""
    if sender_first:
        fs.ends("b", by="send_bye", variable_endpoint_disposition="BLIND_TRANSFER")
    fs.parts("a", "b", Caller_Destination_Number="1002", **MOVED)
    if not sender_first:
        fs.ends("b", by="send_bye", variable_endpoint_disposition="BLIND_TRANSFER")
    fs.dials("a", "c", "1002").after(9.0).ends("c", "NO_ANSWER", "send_cancel")
    record = fs.ends("a", by="send_bye").record
    assert (record.outcome, record.hung_up_by, record.lost) == ("answered", "pbx", False)
    assert transfers(record) == [("blind", "1001", "1002", False)]


def test_a_second_blind_refer_goes_where_it_says(fs: Fs) -> None:
    """Not where the first one went, although its sender's end is told before its unbridge."""
    fs.parts("a", "b", Caller_Destination_Number="1002", **MOVED)
    fs.ends("b", by="send_bye", variable_endpoint_disposition="BLIND_TRANSFER")
    rings_and_takes(fs, "a", "c", "1002").bridges("a", "c", **MOVED).after(1.0)
    fs.ends("c", by="send_bye", variable_endpoint_disposition="BLIND_TRANSFER")
    again = {"variable_transfer_history": "2:u:bl_xfer:1003/default/XML"}
    fs.parts("a", "c", Caller_Destination_Number="1003", **again).dials("a", "d", "1003")
    fs.after(9.0).ends("d", "NO_ANSWER", "send_cancel")
    record = fs.ends("a", by="send_bye").record
    assert transfers(record) == [("blind", "1001", "1002", True), ("blind", "1002", "1003", False)]


def test_uuid_transfer(fs: Fs) -> None:
    """Moved from outside: nobody sent a REFER."""
    fs.parts("a", "b", Caller_Destination_Number="1002", **MOVED).ends("b", by="send_bye")
    rings_and_takes(fs, "a", "c", "1002").bridges("a", "c", **MOVED).after(1.0)
    assert transfers(fs.client_hangs("a", "c").record) == [("redirect", None, "1002", True)]


def test_uuid_transfer_into_an_announcement(fs: Fs) -> None:
    """Nobody is dialled; the talk is over all the same."""
    fs.parts("a", "b", **MOVED).ends("b", by="send_bye").after(5.0)
    record = fs.ends("a", by="recv_bye").record
    assert transfers(record) == [("redirect", None, None, False)]
    assert record.talk_s == pytest.approx(1.0, abs=1e-3)


def test_an_old_transfer_is_not_told_again(fs: Fs) -> None:
    """Its history stays on the channel."""
    fs.parts("a", "b", Caller_Destination_Number="1002", **MOVED).ends("b", by="send_bye")
    rings_and_takes(fs, "a", "c", "1002").bridges("a", "c", **MOVED).after(1.0)
    fs.ends("c", by="recv_bye").parts("a", "c", **MOVED)
    assert len(fs.ends("a", by="send_bye").record.transfers) == 1


def consults(fs: Fs) -> Fs:
    """1001 rings 1002 by att_xfer, which takes a second to answer."""
    return rings_and_takes(fs, "b", "c", "1002").bridges("b", "c").after(2.0)


def test_att_xfer(fs: Fs) -> None:
    """Nothing tells hold; the client hears music from the moment the other phone is dialled."""
    consults(fs).tell("CHANNEL_PARK", "c")
    fs.parts("b", "c", Answer_State="hangup", variable_sip_hangup_disposition="recv_bye")
    fs.parts("a", "b").bridges("c", "a").ends("b", by="recv_bye").after(1.0)
    record = fs.ends("a", by="recv_bye").parts("c", "a").ends("c", by="send_bye").record
    assert transfers(record) == [("attended", "1001", "1002", True)]
    assert (record.hung_up_by, record.operators) == ("caller", ["1001", "1002"])
    assert record.hold_s == pytest.approx(3.0, abs=1e-2)
    assert record.talk_s == pytest.approx(5.0, abs=1e-2)


def test_att_xfer_handed_over_while_it_rings(fs: Fs) -> None:
    """The transferer hangs up first; FreeSWITCH bridges when the other answers."""
    fs.dials("b", "c", "1002").after(1.0).parts("a", "b").ends("b", by="recv_bye")
    fs.after(1.0).picks_up("c").bridges("c", "a").after(1.0)
    record = fs.ends("a", by="recv_bye").parts("c", "a").ends("c", by="send_bye").record
    assert transfers(record) == [("attended", "1001", "1002", True)]


def test_att_xfer_that_nobody_answers(fs: Fs) -> None:
    """The operator is back with the client; the talk was one, with a hold in it."""
    fs.dials("b", "c", "1002").after(4.0).ends("c", "NO_ANSWER", "send_cancel").after(2.0)
    record = fs.client_hangs().record
    assert transfers(record) == [("attended", "1001", "1002", False)]
    assert [(t.operator, t.hold_s) for t in record.talks] == [
        ("1001", pytest.approx(4.0, abs=1e-3))
    ]
    assert {leg.operator: leg.disposition for leg in record.legs} == {
        "1001": "answered",
        "1002": "no_answer",
    }


def test_att_xfer_and_back(fs: Fs) -> None:
    """The consulted phone hangs up: client and operator are bridged anew, the talk is the same."""
    consults(fs).ends("c", by="recv_bye").parts("b", "c")
    fs.parts("a", "b").bridges("b", "a").after(2.0)
    record = fs.ends("a", by="recv_bye").parts("b", "a").ends("b", by="send_bye").record
    assert transfers(record) == [("attended", "1001", "1002", False)]
    assert record.operators == ["1001"]
    assert [(t.operator, t.hold_s) for t in record.talks] == [
        ("1001", pytest.approx(3.0, abs=1e-2))
    ]


def own_call(fs: Fs) -> Fs:
    """1001 puts the client on hold and calls 1002 on a line of its own."""
    fs.tell("CHANNEL_HOLD", "b").comes("c", phone("1001"))
    return fs.dials("c", "d", "1002").after(1.0)


ATTENDED = {"variable_endpoint_disposition": "ATTENDED_TRANSFER"}


def test_refer_with_replaces(fs: Fs) -> None:
    """The own call becomes a part of the client's: one record."""
    own_call(fs).picks_up("d").picks_up("c").bridges("c", "d").after(2.0)
    fs.parts("c", "d", **ATTENDED).ends("c", by="send_bye", **ATTENDED)
    fs.tell("CHANNEL_UNHOLD", "b").parts("a", "b").ends("b", by="send_bye").bridges("a", "d")
    record = fs.after(3.0).client_hangs("a", "d").record
    assert transfers(record) == [("attended", "1001", "1002", True)]
    assert (record.hold_s, record.talk_s) == pytest.approx((3.0, 7.0), abs=1e-2)
    assert {leg.operator: leg.disposition for leg in record.legs} == {
        "1001": "answered",
        "1002": "answered",
    }


def test_refer_with_replaces_while_it_rings(fs: Fs) -> None:
    """The own call was never bridged."""
    own_call(fs).ends("c", by="send_refuse", **ATTENDED).parts("a", "b").ends("b", by="send_bye")
    fs.after(1.0).picks_up("d").bridges("a", "d").after(1.0)
    assert transfers(fs.client_hangs("a", "d").record) == [("attended", "1001", "1002", True)]


def test_a_consultation_that_comes_to_nothing(fs: Fs) -> None:
    """It stays an internal call of its own."""
    own_call(fs).picks_up("d").picks_up("c").bridges("c", "d").after(1.0)
    fs.ends("d", by="recv_bye").parts("c", "d").ends("c", by="send_bye")
    fs.tell("CHANNEL_UNHOLD", "b").after(1.0).client_hangs()
    inbound, internal = fs.records
    assert (inbound.direction, internal.direction) == ("inbound", "internal")
    assert inbound.transfers == []


def test_intercept_of_a_ringing_call() -> None:
    """The bridge tells; the phone that rang ends PICKED_OFF, soon after."""
    fs = Fs().comes("a").dials("a", "b", "1001").after(2.0)
    fs.comes("p", phone("1002"), Caller_Destination_Number="*8").picks_up("p").picks_up("a")
    fs.bridges("p", "a").ends("b", "PICKED_OFF", "send_cancel").after(2.0)
    record = fs.ends("a", by="recv_bye").parts("p", "a").ends("p", by="send_bye").record
    assert transfers(record) == [("pickup", "1002", "1002", True)]
    assert {leg.operator: leg.disposition for leg in record.legs} == {
        "1001": "answered_elsewhere",
        "1002": "answered",
    }


def test_intercept_by_a_phone_that_is_rung_for_it() -> None:
    """`originate user/1002 &intercept(...)`: nobody dialled from it, and it is a pick-up too."""
    fs = Fs().comes("a").dials("a", "b", "1001").after(2.0)
    fs.dials("", "p", "1002").after(1.0).picks_up("p").picks_up("a")
    fs.ends("b", "PICKED_OFF", "send_cancel").bridges("p", "a").after(2.0)
    record = fs.ends("a", by="recv_bye").parts("p", "a").ends("p", by="send_bye").record
    assert transfers(record) == [("pickup", "1002", "1002", True)]


def test_a_phone_for_a_client_that_had_none() -> None:
    """`uuid_bridge` out of a menu: there was nothing to pick up."""
    fs = Fs().comes("a").picks_up("a").after(2.0)
    fs.dials("", "p", "1002").after(1.0).picks_up("p").bridges("p", "a").after(2.0)
    record = fs.ends("a", by="recv_bye").parts("p", "a").ends("p", by="send_bye").record
    assert (record.operators, record.transfers) == (["1002"], [])


def test_intercept_of_a_talk(fs: Fs) -> None:
    """The client goes on with who took it."""
    fs.comes("p", phone("1002"), Caller_Destination_Number="*8").picks_up("p")
    fs.parts("a", "b").ends("b", "PICKED_OFF", "send_bye").bridges("p", "a").after(2.0)
    record = fs.ends("a", by="recv_bye").parts("p", "a").ends("p", by="send_bye").record
    assert transfers(record) == [("pickup", "1002", "1002", True)]
    assert record.operators == ["1001", "1002"]


def test_a_loopback_channel_is_nobody() -> None:
    """After two seconds it bows out: the two are bridged directly, and the talk is one."""
    fs = Fs().comes("a").dials("a", "la", "loopback/1001-a")
    fs.comes("lb", "loopback/1001-b", variable_other_loopback_leg_uuid="la")
    rings_and_takes(fs, "lb", "b", "1001").picks_up("lb").bridges("lb", "b")
    fs.picks_up("la").picks_up("a").bridges("a", "la").after(2.0)
    fs.parts("a", "la").parts("lb", "b").bridges("a", "b")
    fs.ends("la", "NORMAL_UNSPECIFIED").ends("lb", "NORMAL_UNSPECIFIED").after(2.0)
    record = fs.client_hangs().record
    assert (record.operators, len(record.talks)) == (["1001"], 1)
    assert record.talk_s == pytest.approx(4.0, abs=1e-2)
    assert record.hold_s == 0


def test_a_loopback_channel_whose_second_half_is_told_first() -> None:
    """Its phone rings for the client, though it was dialled before the first half was told."""
    fs = Fs().comes("a").comes("lb", "loopback/1001-b", variable_other_loopback_leg_uuid="la")
    fs.dials("lb", "b", "1001").after(0.01)
    fs.dials("a", "la", "loopback/1001-a", variable_other_loopback_leg_uuid="lb").after(1.0)
    fs.picks_up("b").picks_up("la").picks_up("lb").bridges("lb", "b").parts("lb", "b")
    fs.ends("lb", "NORMAL_UNSPECIFIED").ends("la", "NORMAL_UNSPECIFIED")
    record = fs.picks_up("a").bridges("a", "b").after(2.0).client_hangs().record
    assert [(leg.operator, leg.rang_at is not None) for leg in record.legs] == [("1001", True)]
    assert record.rang_at == record.legs[0].rang_at


def test_the_client_gives_up_behind_a_loopback_channel() -> None:
    """Its phone was cancelled, though the halves end first."""
    fs = Fs().comes("a").dials("a", "la", "loopback/1001-a")
    fs.comes("lb", "loopback/1001-b", variable_other_loopback_leg_uuid="la")
    fs.dials("lb", "b", "1001").after(2.0)
    fs.ends("la", "ORIGINATOR_CANCEL").ends("lb", "ORIGINATOR_CANCEL")
    fs.ends("b", "ORIGINATOR_CANCEL", "send_cancel")
    record = fs.ends("a", "ORIGINATOR_CANCEL", "recv_cancel").record
    assert (record.abandoned_in, record.legs[0].disposition) == ("ringing", "cancelled")


def test_a_call_that_goes_on_to_a_mobile() -> None:
    """An outside number that is dialled for a client is one more phone."""
    fs = Fs().comes("a").dials("a", "b", TRUNK.replace("79161234567", "79995550001")).after(2.0)
    record = fs.picks_up("b").picks_up("a").bridges("a", "b").after(1.0).client_hangs().record
    assert (record.direction, record.operators) == ("inbound", ["+79995550001"])


def test_uuid_transfer_told_after_the_phones_end(fs: Fs) -> None:
    """Measured: the end of the operator's leg may come before the client's unbridge."""
    fs.ends("b", by="send_bye").parts("a", "b", Caller_Destination_Number="1002", **MOVED)
    rings_and_takes(fs, "a", "c", "1002").bridges("a", "c", **MOVED).after(1.0)
    assert transfers(fs.client_hangs("a", "c").record) == [("redirect", None, "1002", True)]


WAITS = {"variable_transfer_history": "1:u:bl_xfer:park/company/inline"}


def given_while_it_rings(fs: Fs) -> Fs:
    """1001 calls 1002 on its second line and joins the client to it while that rings."""
    fs.tell("CHANNEL_HOLD", "b").comes("c", phone("1001")).dials("c", "d", "1002").after(1.0)
    fs.tell("CHANNEL_UNHOLD", "b").parts("a", "b", **WAITS).tell("CHANNEL_PARK", "a")
    return fs.ends("b", by="send_bye").after(1.0)


def test_refer_with_replaces_to_a_phone_that_rings(fs: Fs) -> None:
    """The client is sent to an inline park for so long: that is neither a park nor a redirect."""
    given_while_it_rings(fs).picks_up("d")
    fs.ends("c", variable_endpoint_disposition="ATTENDED_TRANSFER")
    fs.tell("CHANNEL_UNPARK", "a").bridges("a", "d").after(2.0)
    record = fs.client_hangs("a", "d").record
    assert transfers(record) == [("attended", "1001", "1002", True)]
    assert [t.operator for t in record.talks] == ["1001", "1002"]
    assert record.talk_s == pytest.approx(4.0, abs=1e-2)
    assert len(fs.records) == 1


def test_refer_with_replaces_whose_client_gives_up_meanwhile(fs: Fs) -> None:
    """The phone rings in vain."""
    given_while_it_rings(fs).ends("a", by="recv_bye").ends("d", "ORIGINATOR_CANCEL")
    record = fs.ends("c", "ORIGINATOR_CANCEL").record
    assert transfers(record) == [("attended", "1001", "1002", False)]
    assert (record.outcome, record.hung_up_by) == ("answered", "caller")


def test_client_lost_by_a_transferer_that_hangs_up(fs: Fs) -> None:
    """The phone rings for the consultation, 1001 hangs up, FreeSWITCH ends all; 1001 is last."""
    fs.dials("b", "c", "1002").after(1.0).parts("a", "b").ends("a", by="send_bye")
    fs.ends("c", "ORIGINATOR_CANCEL", "send_cancel").ends("b", by="recv_bye")
    record = fs.record
    assert transfers(record) == [("attended", "1001", "1002", False)]
    assert record.hung_up_by == "operator"
