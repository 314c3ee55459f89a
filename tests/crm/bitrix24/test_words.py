"""A call in the portal's words."""

import pytest

from calltrackd.crm.bitrix24 import words
from calltrackd.model.call import CallRecord, Recording, Source, Tag
from calltrackd.model.transcript import Transcript, Turn
from calltrackd.store.transcripts import Stored
from tests.crm.house import CLIENT, DID, a_call, answered, ended


@pytest.mark.parametrize(
    ("direction", "outcome", "hung_up_by", "code"),
    [
        ("inbound", "abandoned", "caller", "304"),
        ("inbound", "no_answer", "unknown", "304"),
        ("inbound", "voicemail", "caller", "304"),
        ("inbound", "busy", "unknown", "486"),
        ("inbound", "rejected", "operator", "603"),
        ("inbound", "failed", "pbx", "503"),
        ("outbound", "no_answer", "operator", "603-S"),
        ("outbound", "no_answer", "unknown", "480"),
        ("outbound", "abandoned", "operator", "603-S"),
        ("outbound", "busy", "caller", "486"),
        ("outbound", "in_progress", "unknown", "OTHER"),
    ],
)
def test_status_of_what_was_not_answered(
    direction: str, outcome: str, hung_up_by: str, code: str
) -> None:
    """As SIP would say it, for missed calls 304."""
    record = a_call(direction=direction, outcome=outcome, hung_up_by=hung_up_by)
    assert words.status(record) == code


def test_an_answered_call_ends_with_its_talk_in_seconds() -> None:
    """200, and a second at least: none would make it a missed one."""
    record = ended(answered(a_call()))
    assert words.ending(record, "x", "7") == {
        "CALL_ID": "x", "USER_ID": 7, "DURATION": 60, "STATUS_CODE": "200",
    }  # fmt: skip
    record.talk_s = 0.2
    assert words.ending(record, "x", "7")["DURATION"] == 1


def test_registration_names_call_line_and_client() -> None:
    """Without call and line, two calls of a pair at once would be one call to the portal."""
    told = words.registration(a_call(started_at=0.0), "7", ("contact", "9"))
    assert told == {
        "USER_ID": 7,
        "PHONE_NUMBER": CLIENT,
        "TYPE": 2,
        "CALL_START_DATE": "1970-01-01T00:00:00+00:00",
        "CRM_CREATE": 0,
        "SHOW": 0,
        "EXTERNAL_CALL_ID": "c1",
        "LINE_NUMBER": DID,
        "CRM_ENTITY_TYPE": "CONTACT",
        "CRM_ENTITY_ID": 9,
    }


def test_messages_are_whole_seconds_of_both_sides() -> None:
    """Floor and ceiling, the end one at least, later recordings behind the first one."""
    first = Transcript("e", "m", "ru", 5.0, [Turn("operator", 0.2, 0.4, "Hello")])
    turns = [Turn("caller", 1.5, 2.5, " I want it "), Turn("caller", 3.0, 4.0, " ")]
    second = Transcript("e", "m", "ru", 5.0, turns)
    stored = [
        Stored(call_id="c1", path="b", heard_from=110.0, made_at=0.0, transcript=second),
        Stored(call_id="c1", path="a", heard_from=100.0, made_at=0.0, transcript=first),
    ]
    assert words.messages(stored) == [
        {"SIDE": "User", "START_TIME": 0, "STOP_TIME": 1, "MESSAGE": "Hello"},
        {"SIDE": "Client", "START_TIME": 11, "STOP_TIME": 13, "MESSAGE": "I want it"},
    ]


def recorded(*recordings: Recording) -> CallRecord:
    """A call with these recordings."""
    return a_call(recordings=list(recordings))


def test_the_longest_recording_of_both_sides_is_brought() -> None:
    """The portal takes one, and mp3 or wav only."""
    record = recorded(
        Recording("a.ogg", "both", 0.0, 90.0),
        Recording("b.wav", "both", 0.0, 20.0),
        Recording("c.MP3", "both", 0.0, 30.0),
        Recording("d.wav", "caller", 0.0, 60.0),
    )
    found = words.recording(record)
    assert found is not None
    assert found.path == "c.MP3"
    assert words.recording(recorded(Recording("a.ogg", "both", 0.0, 90.0))) is None


def test_utm_and_tags_are_what_is_known() -> None:
    """No empty fields, no tag twice."""
    assert words.utm(Source(source="ya", campaign="c")) == {"utmSource": "ya", "utmCampaign": "c"}
    tags = [Tag(name=name, source="rule", at=0.0) for name in ("a", "b", "a")]
    assert words.tags(a_call(tags=tags)) == ["a", "b"]


def test_a_file_in_a_form() -> None:
    """As browsers send it."""
    assert words.multipart("file", "c1.mp3", b"\0x", "B") == (
        b'--B\r\nContent-Disposition: form-data; name="file"; filename="c1.mp3"\r\n'
        b"Content-Type: audio/mpeg\r\n\r\n\0x\r\n--B--\r\n"
    )
