"""Who called whom, as E.164, and ids (hard cases 3, 16, 17, 20)."""

import pytest

from calltrackd.model.channel import Linked, Numbered
from tests.calls.story import Story, answered_call


@pytest.mark.parametrize("raw", ["79161234567", "+79161234567", "8 (916) 123-45-67", "9161234567"])
def test_caller_is_e164_however_it_is_written(raw: str) -> None:
    """National and international forms of one number are one caller."""
    record = Story().calls(number=raw).hangs_up("client").record
    assert (record.caller, record.caller_raw) == ("+79161234567", raw)


@pytest.mark.parametrize("raw", ["anonymous", "", "<unknown>", "Restricted"])
def test_withheld_number_is_null(raw: str) -> None:
    """A hidden caller has no number."""
    assert Story().calls(number=raw).hangs_up("client").record.caller is None


def test_anonymous_callers_are_never_joined() -> None:
    """Two at a time are two calls with ids of their own."""
    story = Story().calls(number="anonymous").calls("client/2", number="anonymous")
    story.hangs_up("client").hangs_up("client/2")
    assert len({record.id for record in story.records}) == 2


def test_two_calls_of_one_caller_are_two_calls() -> None:
    """The same number on the same DID at the same moment."""
    story = Story().calls().calls("client/2").rings("101").rings("102", of="client/2")
    story.hangs_up("client", "101").hangs_up("client/2", "102")
    assert [len(record.legs) for record in story.records] == [1, 1]


@pytest.mark.parametrize("raw", ["\r\nAction: Originate", "sip:x@y", "7" * 60, "١٢٣", "\\xff"])
def test_caller_id_that_is_no_number_breaks_nothing(raw: str) -> None:
    """It is kept as it came, and is nobody's E.164."""
    record = Story().calls(number=raw).hangs_up("client").record
    assert (record.caller, record.caller_raw) == (None, raw)


@pytest.mark.parametrize("name", ["", "<unknown>", "79161234567"])
def test_name_that_says_nothing_is_null(name: str) -> None:
    """A PBX's `<unknown>` and a name equal to the number are no names."""
    assert Story().calls(name=name).hangs_up("client").record.caller_name is None


def test_identity_is_what_the_channel_first_showed() -> None:
    """A caller id changed later by the dialplan or a park slot does not stick."""
    story = Story().calls(name="Ivan").tell(Numbered, channel="client", number="701")
    record = story.hangs_up("client").record
    assert (record.caller, record.caller_name) == ("+79161234567", "Ivan")


def test_did_without_digits_is_none() -> None:
    """An analogue trunk arrives at extension `s`: nobody dialled that."""
    record = Story().calls(did="s").hangs_up("client").record
    assert (record.did, record.tracked) == (None, False)


def test_extension_as_did_stays_as_it_is() -> None:
    """What is no E.164 number but was dialled is kept."""
    assert Story().calls(did="8000").hangs_up("client").record.did == "8000"


def test_unlisted_number_is_recorded_as_not_tracked() -> None:
    """Calls on other numbers are calls too."""
    record = Story().calls(did="74959999999").hangs_up("client").record
    assert (record.did, record.tracked) == ("+74959999999", False)


def test_link_id_that_changes_does_not_split_the_call() -> None:
    """The operator's channel takes another Linkedid: an attribute, not a key."""
    story = answered_call().tell(Linked, channel="101", link="other").after(1)
    story.presses("101", "1").hangs_up("101", "client")
    assert (story.record.hung_up_by, len(story.record.digits)) == ("operator", 1)


def test_link_id_that_joins_does_not_merge_two_clients() -> None:
    """Two clients' channels under one Linkedid are two calls."""
    story = Story().calls().calls("client/2").tell(Linked, channel="client/2", link="client")
    story.rings("101", of="client/2").picks_up("101", of="client/2").after(1)
    story.hangs_up("client/2", "101").hangs_up("client")
    assert sorted(record.outcome for record in story.records) == ["abandoned", "answered"]


def test_two_attachments_never_mix() -> None:
    """The same channel ids on two PBXs are two calls with two ids."""
    one, other = answered_call(Story("moscow")), Story("kazan").calls()
    assert one.record.id != other.record.id
    assert (one.record.pbx, other.record.pbx) == ("moscow", "kazan")
    assert other.record.operators == []


def test_same_stream_gives_the_same_id() -> None:
    """Ids come from the stream, not from chance."""
    assert answered_call().record.id == answered_call().record.id


def test_calls_of_one_moment_differ() -> None:
    """Two clients in the same millisecond have different ids."""
    story = Story().calls().calls("client/2")
    assert len({record.id for record in story.records}) == 2
