"""Where FreeSWITCH keeps a client: queue, fifo, park, conference, mailbox."""

import pytest

from tests.pbx.fs import Fs, phone

QUEUE = {"CC_Queue": "support@default", "CC_Member_Session_UUID": "a"}
VALET = {"Valet_Lot_Name": "lot", "Valet_Extension": "6001"}


def queued() -> Fs:
    """A client is answered and waits in a queue; an agent's phone rings."""
    fs = Fs().comes("a").picks_up("a")
    fs.tell("CUSTOM callcenter::info", "a", CC_Action="member-queue-start", **QUEUE)
    fs.tell("CUSTOM callcenter::info", CC_Action="agent-offering", **QUEUE)
    fs.dials("", "b", "1001", variable_cc_member_session_uuid="a")
    return fs.after(2.0)


def test_a_queue() -> None:
    """The agent's leg knows its member by a variable alone."""
    fs = queued().picks_up("b")
    fs.tell("CUSTOM callcenter::info", "b", CC_Action="bridge-agent-start", **QUEUE)
    fs.bridges("a", "b").after(3.0).client_hangs()
    fs.tell("CUSTOM callcenter::info", "b", CC_Action="bridge-agent-end", **QUEUE)
    fs.tell("CUSTOM callcenter::info", "a", CC_Action="member-queue-end", **QUEUE)
    record = fs.record
    assert (record.queue, record.operators) == ("support@default", ["1001"])
    assert (record.queue_s, record.wait_s, record.talk_s) == pytest.approx((2, 2, 3), abs=1e-2)
    assert record.transfers == []


def test_a_queue_left_by_hanging_up() -> None:
    """The module tells it before the leg ends: the client was in the queue as it hung up."""
    fs = queued()
    fs.tell(
        "CUSTOM callcenter::info",
        "a",
        CC_Action="member-queue-end",
        CC_Cause="Cancel",
        Answer_State="hangup",
        variable_sip_hangup_disposition="recv_bye",
        **QUEUE,
    )
    fs.ends("b", "ORIGINATOR_CANCEL", "send_cancel").ends("a", by="recv_bye")
    record = fs.record
    assert (record.outcome, record.abandoned_in, record.hung_up_by) == (
        "abandoned",
        "queue",
        "caller",
    )
    assert [(leg.operator, leg.disposition) for leg in record.legs] == [("1001", "cancelled")]


def test_a_fifo() -> None:
    """A phone that dials into it takes who waits: no pick-up."""
    fs = Fs().comes("a").picks_up("a")
    fs.tell("CUSTOM fifo::info", "a", FIFO_Action="push", FIFO_Name="sales").after(3.0)
    fs.comes("p", phone("1001"), Caller_Destination_Number="7001").picks_up("p")
    fs.tell("CUSTOM fifo::info", "a", FIFO_Action="caller_pop", FIFO_Name="sales")
    fs.bridges("p", "a").after(2.0)
    record = fs.ends("a", by="recv_bye").parts("p", "a").ends("p", by="send_bye").record
    assert (record.queue, record.operators, record.transfers) == ("sales", ["1001"], [])
    assert record.queue_s == pytest.approx(3.0, abs=1e-2)
    assert [(leg.operator, leg.disposition) for leg in record.legs] == [("1001", "answered")]


def test_a_fifo_that_the_client_leaves() -> None:
    """It gave up waiting."""
    fs = Fs().comes("a").picks_up("a")
    fs.tell("CUSTOM fifo::info", "a", FIFO_Action="push", FIFO_Name="sales").after(3.0)
    gone = {"Answer_State": "hangup", "variable_sip_hangup_disposition": "recv_bye"}
    fs.tell("CUSTOM fifo::info", "a", FIFO_Action="abort", FIFO_Name="sales", **gone)
    record = fs.ends("a", by="recv_bye").record
    assert (record.abandoned_in, record.queue_s) == ("queue", pytest.approx(3.0, abs=1e-2))


def test_a_phone_that_a_fifo_rings() -> None:
    """It is dialled for who waits, not for a client of its own."""
    fs = Fs().comes("a").picks_up("a")
    fs.tell("CUSTOM fifo::info", "a", FIFO_Action="push", FIFO_Name="sales")
    fs.dials("", "b", "1001", variable_fifo_bridge_uuid="a").after(3.0)
    fs.ends("b", "NO_ANSWER", "send_cancel")
    record = fs.ends("a", by="recv_bye").record
    assert [(leg.operator, leg.disposition) for leg in record.legs] == [("1001", "no_answer")]


def test_uuid_park_and_uuid_transfer() -> None:
    """One transfer: the park, to whom it led."""
    fs = Fs().talk().after(1.0).parts("a", "b").tell("CHANNEL_PARK", "a").ends("b", by="send_bye")
    fs.after(3.0).tell("CHANNEL_UNPARK", "a").dials("a", "c", "1002").after(1.0)
    record = fs.picks_up("c").bridges("a", "c").after(1.0).client_hangs("a", "c").record
    assert [(t.kind, t.by, t.to, t.completed) for t in record.transfers] == [
        ("park", None, "1002", True)
    ]
    assert record.talk_s == pytest.approx(2.0, abs=1e-2)


@pytest.mark.parametrize("sender_first", [True, False])
def test_valet_park(sender_first: bool) -> None:
    """No CHANNEL_PARK: the module tells. Who sent the client there parked it."""
    fs = Fs().talk().after(1.0)
    history = {"variable_transfer_history": "1:u:bl_xfer:6001/default/XML"}
    fs.parts("a", "b", Caller_Destination_Number="6001", **history)
    hold = ("CUSTOM valet_parking::info", "a")
    sent = {"by": "send_bye", "variable_endpoint_disposition": "BLIND_TRANSFER"}
    if sender_first:
        fs.ends("b", **sent).tell(*hold, Action="hold", **VALET)
    else:
        fs.tell(*hold, Action="hold", **VALET).ends("b", **sent)
    fs.after(3.0).comes("p", phone("1002"), Caller_Destination_Number="6001").picks_up("p")
    fs.tell(*hold, Action="bridge", Bridge_To_UUID="p", **VALET)
    fs.tell(*hold, Action="exit", **VALET).bridges("a", "p").after(2.0)
    record = fs.client_hangs("a", "p").record
    assert [(t.kind, t.by, t.to, t.completed) for t in record.transfers] == [
        ("park", "1001", "1002", True)
    ]
    assert {leg.operator: leg.disposition for leg in record.legs} == {
        "1001": "answered",
        "1002": "answered",
    }
    assert record.talk_s == pytest.approx(3.0, abs=1e-2)


def test_parked_by_the_dialplan() -> None:
    """Nobody parked it, and who takes it picks nothing up."""
    fs = Fs().comes("a").picks_up("a").tell("CUSTOM valet_parking::info", "a", Action="hold")
    fs.after(2.0).comes("p", phone("1001"), Caller_Destination_Number="6001").picks_up("p")
    fs.bridges("a", "p").after(1.0)
    record = fs.client_hangs("a", "p").record
    assert (record.operators, record.transfers) == (["1001"], [])
    assert record.ivr_s == pytest.approx(0.0, abs=1e-2)


def test_two_clients_in_a_conference() -> None:
    """Two records; each talks with the operator while both are in."""
    fs = Fs()
    room = {"Conference_Name": "3000"}
    subclass = "CUSTOM conference::maintenance"
    fs.comes("a").picks_up("a").tell(subclass, "a", Action="add-member", **room).after(1.0)
    fs.comes("c", Caller_Caller_ID_Number="79995550001").picks_up("c")
    fs.tell(subclass, "c", Action="add-member", **room).after(1.0)
    fs.comes("p", phone("1001"), Caller_Destination_Number="3000").picks_up("p")
    fs.tell(subclass, "p", Action="add-member", **room)
    fs.tell(subclass, Action="floor-change", **room).after(2.0)
    gone = {"Answer_State": "hangup", "variable_sip_hangup_disposition": "recv_bye"}
    fs.tell(subclass, "a", Action="del-member", **room, **gone).ends("a", by="recv_bye").after(1.0)
    fs.tell(subclass, "p", Action="del-member", **room, **gone).ends("p", by="recv_bye")
    fs.tell(subclass, "c", Action="del-member", **room).ends("c", by="send_bye")
    first, second = fs.records
    assert (first.operators, second.operators) == (["1001"], ["1001"])
    assert (first.talk_s, second.talk_s) == pytest.approx((2.0, 3.0), abs=1e-2)
    assert (first.hung_up_by, second.hung_up_by) == ("caller", "operator")


def test_the_mailbox_takes_the_call() -> None:
    """Told by what runs on the channel, also when no message is left."""
    fs = Fs().comes("a").dials("a", "b", "1001").after(5.0).ends("b", "NO_ANSWER", "send_cancel")
    fs.picks_up("a").after(3.0)
    fs.ends("a", by="recv_bye", variable_current_application="voicemail")
    assert (fs.record.outcome, fs.record.hung_up_by) == ("voicemail", "caller")


def test_a_message_is_left() -> None:
    """The module tells it on the client's channel."""
    fs = Fs().comes("a").picks_up("a").after(3.0)
    fs.tell("CUSTOM vm::maintenance", "a", VM_Action="leave-message").ends("a", by="recv_bye")
    assert fs.record.outcome == "voicemail"
