"""The codec of the event socket against any cut of the bytes and whatever a network can send."""

from itertools import pairwise
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calltrackd.pbx.esl import EVENT, EslCodec, EslFrame, items
from calltrackd.pbx.esl_framer import MAX_HEAD, EslFramer

AUTH = b"Content-Type: auth/request\n\n"
ACCEPTED = b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n"
GOODBYE = (
    b"Content-Type: text/disconnect-notice\nContent-Length: 31\n\nThe system is being shut down.\n"
)
MAX = 4000


def reply(body: bytes) -> bytes:
    """The answer to an api command."""
    return b"Content-Type: api/response\nContent-Length: %d\n\n%b" % (len(body), body)


def event(name: str, *lines: str, body: bytes = b"") -> bytes:
    """An event as mod_event_socket writes it; values are percent-encoded here."""
    pairs = [line.partition(": ") for line in (f"Event-Name: {name}", *lines)]
    block = "".join(f"{key}: {quote(value)}\n" for key, _, value in pairs).encode()
    if body:
        block += b"Content-Length: %d\n" % len(body)
    block += b"\n" + body
    return b"Content-Length: %d\nContent-Type: text/event-plain\n\n%b" % (len(block), block)


HANGUP = event("CHANNEL_HANGUP_COMPLETE", "Hangup-Cause: USER_BUSY", "Unique-ID: a")
OFFERED = event("CUSTOM", "Core-UUID: c", "Event-Subclass: callcenter::info", "CC-Action: x")
JOB = event("BACKGROUND_JOB", "Job-UUID: 7", body=b'{"row_count": 0}\n\nEvent-Name: X\n')
PIECES = (
    AUTH,
    ACCEPTED,
    GOODBYE,
    HANGUP,
    OFFERED,
    JOB,
    reply("+OK сделка\n".encode()),
    reply(b'{"a": "\xff\x00"}'),
    reply(b""),
    event("DTMF", "Caller-Caller-ID-Name: Иван 100%", "Twice: 1", "Twice: 2"),
    event("X", "Big: " + "x" * (2 * MAX)),
    reply(b"y" * (2 * MAX)),
    b"Content-Length: many\nContent-Type: text/event-plain\n\n",
    b"Content-Length: 99999999999999999999\n\n",
    b"Content-Length: 5\nContent-Type: text/event-plain\n\n\n\nno\n",
    b"nonsense\n\n",
    b"\n",
    b"\r\n",
    b"Content-Length: 40\nContent-Type: text/event-plain\n\nEvent-Na",
)


def fed(codec: EslCodec, data: bytes, *cuts: int) -> list[EslFrame]:
    """Frames that this codec finds in the bytes, cut at these places."""
    places = [0, *sorted(cuts), len(data)]
    return [frame for a, b in pairwise(places) for frame in codec.feed(data[a:b])]


def frames(data: bytes, *cuts: int) -> list[EslFrame]:
    """The same with a codec that passes everything."""
    return fed(EslCodec(max_frame=MAX), data, *cuts)


streams = st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join)


@given(st.data())
def test_any_cut_gives_the_same_frames(data: st.DataObject) -> None:
    """Where TCP cuts the bytes changes neither frames nor counters."""
    stream = data.draw(streams)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    whole, cut = EslCodec(max_frame=MAX), EslCodec(max_frame=MAX)
    assert fed(cut, stream, *cuts) == fed(whole, stream)
    assert cut.counters == whole.counters


@settings(deadline=None)  # 80,000 feeds: a busy machine is no fault of the codec's
@given(streams)
def test_byte_by_byte_with_filters(stream: bytes) -> None:
    """The same holds byte by byte, with wanted names and headers."""
    wanted = frozenset({"DTMF", "CUSTOM callcenter::info"}), frozenset({"Twice"})
    whole, cut = EslCodec(*wanted, MAX), EslCodec(*wanted, MAX)
    assert fed(cut, stream, *range(len(stream))) == fed(whole, stream)
    assert cut.counters == whole.counters


@given(st.binary(max_size=300), st.integers(0, 300))
def test_arbitrary_bytes(noise: bytes, cut: int) -> None:
    """Any bytes at all give valid text without NUL, the same for every cut, and no error."""
    for stream in (noise, reply(noise), b"Content-Length: %d\n" % len(noise) + noise):
        found = frames(stream, min(cut, len(stream)))
        assert found == frames(stream)
        for frame in found:
            text = "".join((frame.kind, frame.body, *frame.headers, *frame.headers.values()))
            assert "\0" not in text
            text.encode()


def test_each_kind_of_message() -> None:
    """The handshake, answers, events and the notice of the end."""
    assert frames(AUTH + ACCEPTED + reply(b"+OK\n") + HANGUP + GOODBYE) == [
        EslFrame("auth/request", {}),
        EslFrame("command/reply", {"Reply-Text": "+OK accepted"}),
        EslFrame("api/response", {"Content-Length": "4"}, "+OK\n"),
        EslFrame(
            EVENT,
            {
                "Event-Name": "CHANNEL_HANGUP_COMPLETE",
                "Hangup-Cause": "USER_BUSY",
                "Unique-ID": "a",
            },
        ),
        EslFrame(
            "text/disconnect-notice",
            {"Content-Length": "31"},
            "The system is being shut down.\n",
        ),
    ]


def test_a_callers_name_forges_no_event() -> None:
    """Lines are cut before values are decoded: `%0aEvent-Name` stays inside the name."""
    name = "x\nEvent-Name: CHANNEL_HANGUP_COMPLETE\nUnique-ID: other\n\n"
    (frame,) = frames(event("CHANNEL_CREATE", f"Caller-Caller-ID-Name: {name}", "Unique-ID: a"))
    assert frame.name == "CHANNEL_CREATE"
    assert frame.headers["Unique-ID"] == "a"
    assert frame.headers["Caller-Caller-ID-Name"] == name


def test_a_dumps_text_is_no_event() -> None:
    """The answer to `uuid_dump` looks like one."""
    (frame,) = frames(reply(b"Event-Name: CHANNEL_DATA\nUnique-ID: a\n\n"))
    assert (frame.kind, frame.name) == ("api/response", "")


def test_the_first_of_repeated_headers_wins() -> None:
    """Hangup-Cause stands twice in every CHANNEL_HANGUP_COMPLETE."""
    (frame,) = frames(event("X", "Hangup-Cause: USER_BUSY", "Hangup-Cause: NONE"))
    assert frame.headers["Hangup-Cause"] == "USER_BUSY"


def test_the_body_of_an_event() -> None:
    """A second Content-Length announces it; empty lines in it end nothing."""
    (frame,) = frames(JOB)
    assert frame.body == '{"row_count": 0}\n\nEvent-Name: X\n'
    assert frame.headers["Job-UUID"] == "7"


def test_bad_bytes_stay_readable() -> None:
    """A name that is no UTF-8 is shown byte by byte, and counted; a NUL is shown."""
    codec = EslCodec()
    raw = event("X").replace(b"Content-Length: 15", b"Content-Length: 35")
    (frame,) = codec.feed(raw[:-1] + b"Name: %FF%FE%00Ivan\n\n")
    assert frame.headers["Name"] == "\\xff\\xfe\\x00Ivan"
    assert codec.counters["undecodable"] == 1


def test_bad_bytes_in_a_body_do_not_break_json() -> None:
    """A backslash would mean something there: they become U+FFFD."""
    (frame,) = frames(reply(b'{"name": "\xff\xfe"}'))
    assert frame.body == '{"name": "\ufffd\ufffd"}'


def test_empty_values_are_left_out() -> None:
    """FreeSWITCH writes `_undef_` for them."""
    (frame,) = frames(event("X", "variable_a: _undef_", "variable_b: 1"))
    assert frame.headers == {"Event-Name": "X", "variable_b": "1"}


def test_custom_events_are_told_by_their_subclass() -> None:
    """Wherever it stands among the headers."""
    codec = EslCodec(frozenset({"CUSTOM callcenter::info"}))
    (frame,) = codec.feed(OFFERED + event("CUSTOM", "Event-Subclass: sofia::register"))
    assert frame.name == "CUSTOM callcenter::info"
    assert codec.counters == {"frames": 1, "unwanted": 1}


def test_a_name_that_does_not_come_first() -> None:
    """An event that bears headers before its name is found all the same."""
    block = b"Core-UUID: c\nEvent-Name: DTMF\nUnique-ID: a\n\n"
    data = b"Content-Type: text/event-plain\nContent-Length: %d\n\n%b" % (len(block), block)
    (frame,) = EslCodec(frozenset({"DTMF"})).feed(data)
    assert (frame.name, frame.headers["Core-UUID"]) == ("DTMF", "c")


def test_an_event_without_a_name_is_counted() -> None:
    """It is no frame."""
    codec = EslCodec()
    assert codec.feed(b"Content-Type: text/event-plain\nContent-Length: 3\n\na\n\n") == []
    assert codec.counters == {"malformed": 1}


def test_only_wanted_headers_are_kept() -> None:
    """An event has 150 of them."""
    codec = EslCodec(headers=frozenset({"Unique-ID"}))
    (frame,) = codec.feed(HANGUP)
    assert frame.headers == {"Event-Name": "CHANNEL_HANGUP_COMPLETE", "Unique-ID": "a"}


def test_a_giant_is_left_out_by_its_length() -> None:
    """Its end is known: what follows is read, and memory stays small meanwhile."""
    codec = EslCodec(max_frame=MAX)
    giant = event("X", "Big: " + "x" * 100_000)
    assert [f for at in range(0, len(giant), 1000) for f in codec.feed(giant[at : at + 1000])] == []
    assert codec.held < 1000
    assert [frame.name for frame in codec.feed(HANGUP)] == ["CHANNEL_HANGUP_COMPLETE"]
    assert codec.counters["oversized"] == 1


@pytest.mark.parametrize("cut", [MAX_HEAD, MAX_HEAD + 2, MAX_HEAD + 40])
def test_a_head_without_end_is_thrown_away(cut: int) -> None:
    """It is counted once, wherever the bytes are cut; the next message is read."""
    framer = EslFramer()
    data = b"Content-Type: " + b"x" * (MAX_HEAD + 20) + b"\n\n" + AUTH
    found = framer.cut(data[:cut]) + framer.cut(data[cut:])
    assert found == [(AUTH[:-2], b"")]
    assert framer.counters == {"oversized": 1}
    assert framer.held == 0


def test_after_a_broken_head_the_next_message_is_read() -> None:
    """Whatever its body was: no line of it begins a message."""
    broken = HANGUP.replace(b"Content-Length: ", b"Content-Length: -")
    codec = EslCodec()
    assert [frame.kind for frame in codec.feed(broken + AUTH)] == ["auth/request"]
    assert codec.counters["malformed"] == 2


def test_reset_forgets_what_was_cut() -> None:
    """The end of a connection amid a body; the next one begins afresh."""
    codec = EslCodec()
    codec.feed(HANGUP[:-3])
    codec.reset()
    assert codec.feed(AUTH) == [EslFrame("auth/request", {})]
    assert codec.counters["torn"] == 1


def test_reset_between_messages_tears_nothing() -> None:
    """A connection may end in order."""
    codec = EslCodec()
    codec.feed(AUTH + b"\n")
    codec.reset()
    assert "torn" not in codec.counters


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ARRAY::1:a:bl_xfer:1002|:2:b:uuid_br:x", ["1:a:bl_xfer:1002", "2:b:uuid_br:x"]),
        ("plain|:text", ["plain|:text"]),
        ("ARRAY::one", ["one"]),
        ("", [""]),
    ],
)
def test_arrays(value: str, expected: list[str]) -> None:
    """A variable that holds several values is told as `ARRAY::a|:b`."""
    assert items(value) == expected
