"""What a FreeSWITCH says of its living channels, and calls that began before we looked."""

import json

import pytest

from calltrackd.model.channel import ChannelStarted, LinkUp, Snapshot
from calltrackd.pbx.esl import EVENT, EslFrame
from tests.pbx.fs import CLIENT, DID, T0, TRUNK, Fs, phone

Row = dict[str, str]


def row(uuid: str, name: str = TRUNK, **columns: str) -> Row:
    """A line of `show channels as json`: a client in a talk, unless told otherwise."""
    return {
        "uuid": uuid,
        "direction": "inbound",
        "created_epoch": str(int(T0) - 10),
        "name": name,
        "cid_num": "1002",
        "dest": "1002",
        "callstate": "ACTIVE",
        "call_uuid": "a",
        "initial_cid_num": CLIENT,
        "initial_dest": DID,
        "application": "bridge",
        **columns,
    }


def leg(uuid: str, extension: str = "1001", **columns: str) -> Row:
    """The same of a phone that was dialled for `a`."""
    columns = {"direction": "outbound", "initial_dest": extension, **columns}
    return row(uuid, phone(extension), **columns)


def rows(*found: Row) -> dict[str, object]:
    """The whole answer."""
    return {"row_count": len(found), "rows": list(found)} if found else {"row_count": 0}


def dump(uuid: str, *, hidden: bool = False, age: float = 9.5) -> Row:
    """The answer to `uuid_dump`."""
    return {
        "Event-Name": "CHANNEL_DATA",
        "Unique-ID": uuid,
        "Channel-Name": TRUNK,
        "Caller-Privacy-Hide-Number": "true" if hidden else "false",
        "Caller-Channel-Created-Time": str(round((T0 - age) * 1e6)),
    }


def known(fs: Fs) -> Fs:
    """The legs `a` and `b`, as events to come will bear them."""
    for name, channel, direction in (("a", TRUNK, "inbound"), ("b", phone("1001"), "outbound")):
        fs.knows(name, channel, direction)
    return fs


@pytest.fixture
def fs() -> Fs:
    """Attached amid a talk of `a` with `b`."""
    return known(Fs())


def test_a_talk_that_began_before(fs: Fs) -> None:
    """Caller and DID are the first ones, start and bridge those of the PBX."""
    fs.answer(rows({"uuid": "a", "b_uuid": "b"})).answer(rows(row("a"), leg("b")))
    record = fs.answer(dump("a")).after(5.0).client_hangs().record
    assert (record.did, record.caller, record.certainty) == (f"+{DID}", f"+{CLIENT}", "recovered")
    assert (record.operators, record.hung_up_by) == (["1001"], "caller")
    assert record.started_at == pytest.approx(T0 - 9.5, abs=1e-3)
    assert record.talk_s == pytest.approx(5.0, abs=1e-2)


def test_without_the_list_of_calls(fs: Fs) -> None:
    """A leg bears the id of its caller."""
    fs.answer(rows(row("a"), leg("b"))).answer(dump("a")).after(1.0)
    assert fs.client_hangs().record.operators == ["1001"]


def test_who_hides_its_number_in_a_list(fs: Fs) -> None:
    """Only the dump tells it, so the list waits for it."""
    fs.answer(rows(row("a"), leg("b")))
    assert fs.of_type(Snapshot) == []
    record = fs.answer(dump("a", hidden=True)).client_hangs().record
    assert (record.caller, record.caller_raw) == (None, "anonymous")


def test_an_event_stands_for_a_dump(fs: Fs) -> None:
    """It bears the same headers; the list comes before it."""
    fs.answer(rows(row("a"), leg("b"))).after(0.5)
    fs.tell("CHANNEL_HOLD", "a", Caller_Privacy_Hide_Number="true")
    assert fs.client_hangs().record.caller is None


def test_a_list_waits_no_longer_than_two_seconds(fs: Fs) -> None:
    """A dump may be refused: the channel ended meanwhile."""
    fs.answer(rows(row("a"), leg("b"))).after(2.1).tell("HEARTBEAT")
    assert len(fs.of_type(Snapshot)) == 1


def test_a_call_that_the_list_does_not_have_yet() -> None:
    """Its birth was before us, and the list lags behind: its next event tells of it, once."""
    fs = Fs().answer(rows()).came("a").dials("a", "b", "1001").after(2.0)
    fs.picks_up("b").picks_up("a").bridges("a", "b").after(5.0)
    record = fs.client_hangs().record
    assert (record.did, record.caller, record.certainty) == (f"+{DID}", f"+{CLIENT}", "recovered")
    assert (record.operators, record.talk_s) == (["1001"], pytest.approx(5.0, abs=1e-2))
    assert [len(told.channels) for told in fs.of_type(Snapshot)] == [0, 1]


def test_a_recording_tells_of_such_a_call() -> None:
    """Any event of the channel does, and the file is its call's."""
    fs = Fs().answer(rows()).came("a", Answer_State="answered").after(1.0)
    fs.tell("RECORD_START", "a", Record_File_Path="/var/rec/a.wav").after(1.0)
    record = fs.tell("CHANNEL_HOLD", "a").ends("a").record
    assert [file.path for file in record.recordings] == ["/var/rec/a.wav"]


def test_a_word_of_a_leg_that_ended_is_no_call() -> None:
    """Modules go on telling of it: it is not taken for one that nobody knew."""
    fs = Fs().answer(rows()).talk().after(3.0).client_hangs()
    fs.came("a", Answer_State="answered").tell("RECORD_STOP", "a")
    assert len(fs.of_type(Snapshot)) == 1


def test_without_a_list_nothing_is_taken_for_gone() -> None:
    """Nobody may ask for lists: events of unknown channels end none of those known before."""
    fs = Fs().talk().after(1.0).eof().after(1.0)
    fs.came("c", Answer_State="answered").tell("CHANNEL_HOLD", "c")
    assert fs.of_type(Snapshot) == []


def test_an_answer_by_background_job(fs: Fs) -> None:
    """Its text is the body of an event."""
    for found in (rows(row("a"), leg("b")), dump("a")):
        fs.frame(EslFrame(EVENT, {"Event-Name": "BACKGROUND_JOB"}, json.dumps(found)))
    assert fs.client_hangs().record.certainty == "recovered"


def test_other_answers_are_left_alone(fs: Fs) -> None:
    """Texts, errors, lists of other things, broken JSON."""
    for text in ("+OK\n", "-ERR no such channel!\n", "[1]", "{", '{"rows": 1}', ""):
        fs.frame(EslFrame("api/response", {}, text))
    assert fs.events == []
    assert fs.records == []


def test_a_message_is_no_answer(fs: Fs) -> None:
    """Anybody can send one that reads like a list."""
    fs.frame(EslFrame(EVENT, {"Event-Name": "MESSAGE"}, json.dumps(rows())))
    assert fs.of_type(Snapshot) == []


def test_nobody_is_there(fs: Fs) -> None:
    """No channel: a list without rows."""
    fs.answer(rows())
    assert [event.channels for event in fs.of_type(Snapshot)] == [[]]


def test_a_phone_that_rings_at_the_attachment(fs: Fs) -> None:
    """A call is a call though nobody answered yet."""
    fs.answer(rows(row("a", callstate="EARLY"), leg("b", callstate="RINGING"))).answer(dump("a"))
    fs.after(2.0).ends("b", "ORIGINATOR_CANCEL", "send_cancel").ends("a", by="recv_cancel")
    record = fs.record
    assert (record.outcome, record.abandoned_in) == ("abandoned", "ringing")
    assert [(leg.operator, leg.disposition) for leg in record.legs] == [("1001", "cancelled")]


def test_a_client_in_a_queue_at_the_attachment(fs: Fs) -> None:
    """The application that runs on its channel tells."""
    waiting = row("a", application="callcenter", application_data="support@default")
    fs.answer(rows(waiting)).answer(dump("a")).after(3.0)
    record = fs.ends("a", by="recv_bye").record
    assert (record.queue, record.abandoned_in) == ("support@default", "queue")


def test_members_of_a_conference_at_the_attachment(fs: Fs) -> None:
    """They share a room; leaving it is told by its name."""
    room = {"application": "conference", "application_data": "3000@default"}
    fs.answer(rows(row("a", **room), leg("b", direction="inbound", call_uuid="b", **room)))
    fs.answer(dump("a")).answer(dump("b") | {"Channel-Name": phone("1001")}).after(2.0)
    fs.tell("CUSTOM conference::maintenance", "b", Action="del-member", Conference_Name="3000")
    fs.after(1.0).ends("b", by="recv_bye").ends("a", by="send_bye")
    record = fs.record
    assert (record.operators, record.hung_up_by) == (["1001"], "operator")


def test_the_link_is_back_and_the_talk_goes_on(fs: Fs) -> None:
    """The call is the same; the outage is in it."""
    fs.talk().after(1.0).eof().after(4.0)
    fs.answer(rows(row("a"), leg("b"))).answer(dump("a")).after(1.0)
    record = fs.client_hangs().record
    assert (record.certainty, record.outage_s) == ("recovered", pytest.approx(4.0, abs=1e-2))
    assert record.talk_s == pytest.approx(6.0, abs=1e-2)


def test_what_is_gone_when_the_link_is_back(fs: Fs) -> None:
    """It was alive until the link was lost."""
    fs.talk().after(1.0).eof().after(4.0).answer(rows())
    record = fs.record
    assert (record.certainty, record.hung_up_by) == ("gap", "unknown")
    assert record.ended_at == pytest.approx(T0 + 3.0, abs=1e-3)


def test_another_run_of_freeswitch(fs: Fs) -> None:
    """Another Core-UUID: what lived before is gone, whatever is asked."""
    fs.talk().after(1.0).eof().after(4.0)
    fs.core = "core-2"
    fs.tell("HEARTBEAT")
    assert fs.record.certainty == "gap"
    assert [event.booted_at is None for event in fs.of_type(LinkUp)] == [True, False]


def test_the_link_is_back_without_a_list(fs: Fs) -> None:
    """The same run: the legs go on, known by what was known."""
    fs.talk().after(1.0).eof().after(4.0).tell("HEARTBEAT").after(1.0)
    record = fs.client_hangs().record
    assert (record.certainty, record.hung_up_by) == ("recovered", "caller")


def test_a_channel_that_begins_while_a_list_waits(fs: Fs) -> None:
    """It is younger than the list, and not gone."""
    fs.answer(rows(row("a"), leg("b"))).comes("c", Caller_Caller_ID_Number="79995550001")
    fs.dials("c", "d", "1002").answer(dump("a")).after(1.0)
    fs.ends("d", "ORIGINATOR_CANCEL", "send_cancel").ends("c", by="recv_cancel")
    late = next(record for record in fs.records if record.caller == "+79995550001")
    assert late.legs[0].disposition == "cancelled"
    fs.client_hangs()


def job(command: str, found: object) -> EslFrame:
    """The answer to a question that somebody asked by bgapi."""
    word, _, argument = command.partition(" ")
    body = found if isinstance(found, str) else json.dumps(found)
    headers = {"Event-Name": "BACKGROUND_JOB", "Core-UUID": "core-1", "Job-Command": word}
    return EslFrame(EVENT, headers | {"Job-Command-Arg": argument}, body)


def test_list_of_another_client_is_not_the_whole() -> None:
    """Jobs are told to every listener; a filtered list must close no call."""
    fs = Fs().talk()
    fs.frame(job("show channels like 1002 as json", rows()))
    assert not fs.of_type(Snapshot)
    fs.frame(job("show channels as json", rows(row("a"), leg("b"))))
    fs.frame(job("uuid_dump a json", dump("a")))
    assert [len(one.channels) for one in fs.of_type(Snapshot)] == [2]
    assert fs.record.ended_at is None


def test_no_calls_are_no_empty_list_of_channels() -> None:
    """Both answers have the same form when they are empty: the question tells them apart."""
    fs = Fs().talk()
    fs.frame(job("show calls as json", rows()))
    assert not fs.of_type(Snapshot)


def test_end_that_overtook_the_list_stays_an_end() -> None:
    """The list was made a moment before: what ended meanwhile does not live again."""
    fs = Fs().talk().client_hangs()
    fs.frame(job("show channels as json", rows(row("a"), leg("b"))))
    (snapshot,) = fs.of_type(Snapshot)
    assert snapshot.channels == []
    assert fs.record.certainty == "live"


def test_channel_without_a_dump_is_gone() -> None:
    """The list lags behind: a channel that ended before we looked may still be in it."""
    fs = Fs()
    fs.frame(job("show channels as json", rows(row("a"), leg("b"))))
    fs.frame(job("uuid_dump b json", "-ERR No such channel!\n"))
    fs.frame(job("uuid_dump a json", "-ERR No such channel!\n"))
    (snapshot,) = fs.after(0.6).tell("HEARTBEAT").of_type(Snapshot)
    assert snapshot.channels == []


def test_queues_agent_that_rings_when_the_link_is_back(fs: Fs) -> None:
    """Its call_uuid is its own (measured): only its dump names the caller."""
    fs.answer(
        rows(row("a", application="callcenter"), leg("b", call_uuid="b", callstate="RINGING"))
    )
    agent = {**dump("b"), "Channel-Name": phone("1001"), "variable_cc_member_session_uuid": "a"}
    fs.answer(agent).answer(dump("a")).after(1.0)
    fs.ends("b", "ORIGINATOR_CANCEL", "send_cancel").ends("a", by="recv_bye")
    assert [offered.operator for offered in fs.record.legs] == ["1001"]


def two_talks(fs: Fs) -> Fs:
    """The list has `a` with `b`, and `c` with `d`, which are no more."""
    client, phone_of_it = row("c", initial_cid_num="79160000002"), leg("d", "1002", call_uuid="c")
    fs.frame(job("show channels as json", rows(row("a"), leg("b"), client, phone_of_it)))
    return known(fs)


def refused(fs: Fs) -> Fs:
    """... as the answers for their dumps tell."""
    for channel in ("c", "d"):
        fs.frame(job(f"uuid_dump {channel} json", "-ERR No such channel!\n"))
    return fs


def test_events_wait_for_the_list() -> None:
    """Under load they come between it and its dumps; what is listed and gone is no call."""
    fs = two_talks(Fs()).tell("DTMF", "b", DTMF_Digit="1", DTMF_Duration="800")
    assert not fs.of_type(Snapshot)
    record = refused(fs).answer(dump("a")).after(1.0).client_hangs().record
    assert [digit.digit for digit in record.digits] == ["1"]


def test_channel_that_turns_out_to_be_gone_after_its_list_was_taken() -> None:
    """The dumps came too late: the call that was believed ends."""
    fs = two_talks(Fs()).after(2.1).tell("HEARTBEAT")
    assert len(fs.records) == 2
    refused(fs).after(0.6).client_hangs()
    assert all(record.ended_at is not None for record in fs.records)


def test_link_lost_while_events_wait(fs: Fs) -> None:
    """They are not lost with the list that they waited for."""
    fs.talk().after(1.0).eof().after(1.0)
    fs.answer(rows(row("a"), leg("b"))).client_hangs().eof()
    assert fs.record.ended_at is not None


def test_talk_that_began_after_its_list_was_made() -> None:
    """Measured: the list tells it as ringing still; the dumps are of this moment."""
    fs = known(Fs()).answer(rows())
    fs.answer(rows(row("a", callstate="RINGING"), leg("b", callstate="RINGING")))
    phone_of_it = {"Channel-Name": phone("1001"), "variable_originating_leg_uuid": "a"}
    up = {"Answer-State": "answered"}
    fs.answer({**dump("b"), **phone_of_it, **up, "variable_bridge_uuid": "a"})
    fs.answer({**dump("a"), **up, "variable_bridge_uuid": "b"}).after(2.0)
    record = fs.client_hangs().record
    assert (record.outcome, record.operators) == ("answered", ["1001"])


def test_client_that_ends_between_list_and_dump(fs: Fs) -> None:
    """Measured: the end is told before the dump is refused; it lived when it was listed."""
    fs.frame(job("show channels as json", rows(row("a", callstate="EARLY"), leg("b"))))
    fs.ends("b", "ORIGINATOR_CANCEL", "send_cancel").ends("a", by="recv_cancel")
    fs.frame(job("uuid_dump a json", "-ERR No such channel!\n"))
    record = fs.record
    assert (record.caller, record.outcome, record.hung_up_by) == (
        f"+{CLIENT}",
        "abandoned",
        "caller",
    )


def test_talk_that_ends_between_list_and_dump(fs: Fs) -> None:
    """Its legs are one call, though the phone's dump came in time and the client's did not."""
    fs.answer(rows({"uuid": "a", "b_uuid": "b"}))
    fs.frame(job("show channels as json", rows(row("a"), leg("b"))))
    fs.ends("b", by="recv_bye").tell("CHANNEL_UNBRIDGE", "a", Bridge_B_Unique_ID="b")
    fs.ends("a", by="send_bye")
    fs.frame(job("uuid_dump a json", "-ERR No such channel!\n"))
    assert (fs.record.outcome, fs.record.operators) == ("answered", ["1001"])


def test_end_told_after_its_dump_is_refused(fs: Fs) -> None:
    """Events are late by half a second: the end is the PBX's own, no guess."""
    fs.frame(job("show channels as json", rows(row("a", callstate="EARLY"))))
    fs.frame(job("uuid_dump a json", "-ERR No such channel!\n")).after(0.4)
    assert fs.ends("a", by="recv_cancel").record.hung_up_by == "caller"


def test_events_that_come_before_the_list(fs: Fs) -> None:
    """They wait for it when they speak of a call that began before: the list lacks one leg."""
    fs.tell("HEARTBEAT").picks_up("b").picks_up("a").bridges("a", "b")
    fs.frame(job("show channels as json", rows(row("a", callstate="RINGING"))))
    record = fs.answer(dump("a")).after(4.0).client_hangs().record
    assert (record.outcome, record.operators) == ("answered", ["1001"])
    assert record.talk_s == pytest.approx(4.0, abs=0.05)


def test_events_do_not_wait_for_a_list_that_never_comes(fs: Fs) -> None:
    """Who may not ask has none: two seconds, once."""
    fs.tell("CHANNEL_HOLD", "a").after(1.9).comes("c")
    assert fs.of_type(ChannelStarted) == []
    fs.after(0.2).tell("HEARTBEAT")
    assert [started.channel for started in fs.of_type(ChannelStarted)] == ["c"]


def test_call_of_which_only_the_end_is_told() -> None:
    """Born before us, not in the list, and nothing happened in it since: it is no lost call."""
    fs = Fs().answer(rows()).came("a")
    fs.frame(EslFrame(EVENT, {"Event-Name": "HEARTBEAT"})).after(3.0)
    record = fs.ends("a", by="recv_cancel").record
    assert (record.caller, record.outcome, record.certainty) == (
        f"+{CLIENT}",
        "abandoned",
        "recovered",
    )


def test_phone_of_which_only_the_end_is_told_is_no_call() -> None:
    """Its caller is not known either; the caller's end will tell of the call."""
    fs = known(Fs()).answer(rows()).after(1.0).ends("b", "ORIGINATOR_CANCEL", "send_cancel")
    assert [told.channels for told in fs.of_type(Snapshot)] == [[]]


def test_partner_that_the_list_does_not_have(fs: Fs) -> None:
    """A listed channel's dump names it; its own dump, asked for then, tells who it is."""
    fs.frame(job("show channels as json", rows(row("a"))))
    up = {"Answer-State": "answered", "Call-Direction": "inbound"}
    fs.answer({**dump("a"), **up, "variable_bridge_uuid": "b"})
    phone_of_it = {"Channel-Name": phone("1001"), "Other-Leg-Unique-ID": "a"}
    out = {"Answer-State": "answered", "Call-Direction": "outbound", "variable_bridge_uuid": "a"}
    record = fs.answer({**dump("b"), **phone_of_it, **out}).after(3.0).client_hangs().record
    assert (record.operators, record.certainty) == (["1001"], "recovered")
