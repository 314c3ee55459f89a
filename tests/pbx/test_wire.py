"""The codec against any cut of the bytes and against whatever a network can send."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltrackd.pbx.wire import _MOST_HEADS, AmiCodec, BadFieldError, Frame, encode_action

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
LOGIN = b"Response: Success\r\nActionID: 1\r\nMessage: Authentication accepted\r\n\r\n"
HANGUP = b"Event: Hangup\r\nPrivilege: call,all\r\nChannel: PJSIP/101-00000001\r\nCause: 16\r\n\r\n"
VARSET = b"Event: VarSet\r\nPrivilege: dialplan,all\r\nVariable: A\r\nValue: \r\n\r\n"
OLD_COMMAND = (
    b"Response: Follows\r\nPrivilege: Command\r\nActionID: 7\r\none\n\r\n\r\ntwo\n"
    b"--END COMMAND--\r\n\r\n"
)
PIECES = (
    BANNER,
    LOGIN,
    HANGUP,
    VARSET,
    OLD_COMMAND,
    b"\r\n",
    b"\n",
    HANGUP[:-2] + b"\n",  # asterisk#761
    "Event: NewCallerid\r\nCallerIDName: сделка\r\n\r\n".encode(),
    b"Event: NewCallerid\r\nCallerIDName: \xd0\x00\xff\r\n\r\n",
    b"Event: NewCallerid\r\nCallerIDName: one\r\nCallerIDName: two\r\n\r\n",
    b"Event: X\r\nno colon\r\nKey:value\r\n: \r\n\r\n",
    b"event: hangup\r\n\r\n",
    b"Event: Hangup\r\n\r\n",
    b"Event: Big\r\nText: " + b"x" * 400 + b"\r\n\r\n",
    b"nonsense\r\n\r\n",
    b"Event: Status\r\nPrivilege: Call\r\nActionID: 1\r\n\r\n",
    b"\r",
    b"Event: Hang",
)
MAX = 300


def frames(data: bytes, *cuts: int, wanted: frozenset[str] | None = None) -> list[Frame]:
    """Frames of the bytes, cut at these places."""
    return fed(AmiCodec(wanted, MAX), data, *cuts)


def fed(codec: AmiCodec, data: bytes, *cuts: int) -> list[Frame]:
    """Frames that this codec finds in the bytes, cut at these places."""
    places = [0, *sorted(cuts), len(data)]
    parts = [data[a:b] for a, b in pairwise(places)]
    return [frame for part in parts for frame in codec.feed(part)]


streams = st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join)


@given(st.data())
def test_any_cut_gives_the_same_frames(data: st.DataObject) -> None:
    """Where TCP cuts the bytes changes neither frames nor counters."""
    stream = data.draw(streams)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    whole, cut = AmiCodec(None, MAX), AmiCodec(None, MAX)
    assert fed(cut, stream, *cuts) == fed(whole, stream)
    assert cut.counters == whole.counters


@given(streams)
def test_byte_by_byte_with_a_filter(stream: bytes) -> None:
    """The same holds byte by byte, with a filter and a held line."""
    whole = AmiCodec(frozenset({"Hangup"}), MAX, holding=("CallerIDName: one",))
    cut = AmiCodec(frozenset({"Hangup"}), MAX, holding=("CallerIDName: one",))
    assert fed(cut, stream, *range(len(stream))) == fed(whole, stream)
    assert cut.counters == whole.counters


@given(st.binary(max_size=300), st.integers(0, 300))
def test_arbitrary_bytes(noise: bytes, cut: int) -> None:
    """Any bytes at all give valid UTF-8 text without NUL, the same for every cut, no error."""
    found = frames(noise, min(cut, len(noise)))
    assert found == frames(noise)
    for frame in found:
        text = "".join([*frame, *frame.values()])
        assert "\0" not in text
        text.encode()


def test_a_filter_finds_what_it_would_find_without() -> None:
    """A wanted name passes exactly as often as it occurs."""
    stream = b"".join(PIECES[:-2])
    alone = [f for f in frames(stream) if f.get("Event") == "Hangup" or "Response" in f]
    kept = frames(stream, wanted=frozenset({"Hangup"}))
    assert [f for f in kept if "Banner" not in f and f.get("Event") != "Status"] == alone


def test_banner_is_told_before_anything_follows() -> None:
    """The banner has no empty line behind it, but login waits for it."""
    assert frames(BANNER) == [{"Banner": "Asterisk Call Manager/11.0.0"}]


def test_login_behind_the_banner() -> None:
    """Banner and response in one read are two frames."""
    assert frames(BANNER + LOGIN)[1]["Message"] == "Authentication accepted"


def test_empty_values_stay() -> None:
    """`Value: ` is an empty value, also as a message's last header."""
    assert frames(VARSET)[0]["Value"] == ""


def test_key_without_space() -> None:
    """RTCP's `ReportBlock:` and `Key:value` are headers too."""
    assert frames(b"Event: RTCPSent\r\nReportBlock:\r\nKey:va: lue\r\n\r\n") == [
        {"Event": "RTCPSent", "ReportBlock": "", "Key": "va: lue"}
    ]


def test_first_of_repeated_headers_wins() -> None:
    """What Asterisk said first can't be overwritten by a later header."""
    assert frames(b"Event: X\r\nUniqueid: 1\r\nUniqueid: 2\r\n\r\n")[0]["Uniqueid"] == "1"


@pytest.mark.parametrize("key", ["ChanVariable", "Variable", "Output"])
def test_headers_repeated_by_design_are_joined(key: str) -> None:
    """Variables and lines of output are all kept, one a line."""
    block = f"Response: Success\r\n{key}: a=1\r\n{key}: b=2\r\n\r\n".encode()
    assert frames(block)[0][key] == "a=1\nb=2"


def test_bad_utf8_and_nul_become_readable() -> None:
    """Bytes that are no UTF-8 are shown, not dropped; the frame is counted."""
    codec = AmiCodec()
    (frame,) = codec.feed(b"Event: X\r\nName: a\xd0z\0\r\n\r\n")
    assert frame["Name"] == "a\\xd0z\\x00"
    assert codec.counters["undecodable"] == 1


def test_utf8_letter_cut_by_tcp() -> None:
    """A letter whose bytes come in two reads is whole."""
    block = "Event: X\r\nName: сделка\r\n\r\n".encode()
    assert frames(block, 17)[0]["Name"] == "сделка"


def test_giant_without_end_is_bounded() -> None:
    """20 MB of one header are skipped to their end, in bounded memory, and counted once."""
    codec = AmiCodec()
    assert codec.feed(b"Event: X\r\nName: ") == []
    for _ in range(320):
        assert codec.feed(b"x" * 65536) == []
        assert codec.held <= (1 << 20) + 65536
    assert [f["Event"] for f in codec.feed(b"\r\n\r\n" + HANGUP)] == ["Hangup"]
    assert codec.counters["oversized"] == 1


def test_giant_in_one_read() -> None:
    """A message over the bound is skipped also when it comes whole."""
    codec = AmiCodec(max_frame=100)
    assert len(codec.feed(HANGUP + b"Event: X\r\nName: " + b"x" * 100 + b"\r\n\r\n" + HANGUP)) == 2
    assert codec.counters["oversized"] == 1


def test_old_command_output_keeps_its_empty_lines() -> None:
    """Command's output before Asterisk 14 ends with --END COMMAND--, not with an empty line."""
    found = frames(OLD_COMMAND + HANGUP)
    assert found[0] == {
        "Response": "Follows",
        "Privilege": "Command",
        "ActionID": "7",
        "Output": "one\n\n\ntwo",
    }
    assert found[1]["Event"] == "Hangup"


def test_old_command_output_without_end_is_bounded() -> None:
    """Output that never ends gives the stream back once it is over the bound."""
    codec = AmiCodec(max_frame=200)
    codec.feed(b"Response: Follows\r\nPrivilege: Command\r\n\r\n" + HANGUP * 4)
    assert codec.counters["oversized"] == 1
    assert [f["Event"] for f in codec.feed(HANGUP)] == ["Hangup"]


def test_unwanted_events_with_an_action_id_pass() -> None:
    """Items of lists are replies, whatever their name."""
    item = b"Event: CoreShowChannel\r\nActionID: 1\r\nChannel: X\r\n\r\n"
    assert len(frames(item + VARSET, wanted=frozenset())) == 1


def test_a_held_line_lets_an_unwanted_event_pass() -> None:
    """One variable is taken out of the flood of VarSet."""
    codec = AmiCodec(frozenset({"Hangup"}), holding=("Variable: A",))
    assert [f["Event"] for f in codec.feed(VARSET + VARSET.replace(b": A", b": B"))] == ["VarSet"]
    assert codec.counters["unwanted"] == 1


def test_a_name_longer_than_what_is_remembered_is_read_whole() -> None:
    """Two names that begin alike for as long as it matters are two events."""
    wanted, other = "A" * 40 + "Wanted", "A" * 40 + "Other"
    events = [f"Event: {name}\r\nCause: 16\r\n\r\n".encode() for name in (other, wanted, other)]
    codec = AmiCodec(frozenset({wanted}), MAX)
    found = [frame["Event"] for data in events * 2 for frame in codec.feed(data)]
    assert found == [wanted, wanted]


def test_what_is_remembered_of_events_is_bounded() -> None:
    """However many names come, and what comes after that many is judged as before."""
    codec = AmiCodec(frozenset({"Hangup"}), MAX)
    for n in range(_MOST_HEADS + 10):
        assert codec.feed(b"Event: E%d\r\nCause: 16\r\n\r\n" % n) == []
    assert len(codec._fates) == _MOST_HEADS
    assert [frame["Event"] for frame in codec.feed(VARSET + HANGUP)] == ["Hangup"]


def test_neither_event_nor_response_is_counted() -> None:
    """What is no message is counted, and the next one is read."""
    codec = AmiCodec()
    assert len(codec.feed(b"GET / HTTP/1.1\r\n\r\n" + HANGUP)) == 1
    assert codec.counters["malformed"] == 1


def test_reset_forgets_the_unfinished_message() -> None:
    """A message cut by the end of a connection never joins the next connection's banner."""
    codec = AmiCodec()
    codec.feed(HANGUP + HANGUP[:30])
    codec.reset()
    assert codec.feed(BANNER + LOGIN)[0] == {"Banner": "Asterisk Call Manager/11.0.0"}
    assert codec.counters["torn"] == 1


def test_reset_between_messages_counts_nothing() -> None:
    """An orderly end is not torn."""
    codec = AmiCodec()
    codec.feed(HANGUP)
    codec.reset()
    assert codec.counters.get("torn", 0) == 0


def test_action_round_trip() -> None:
    """An encoded action is a message again, lists as repeated headers."""
    data = encode_action({"Action": "Originate", "Priority": 1, "Variable": ["a=1", "b=ж"]})
    assert (
        data
        == "Action: Originate\r\nPriority: 1\r\nVariable: a=1\r\nVariable: b=ж\r\n\r\n".encode()
    )


@pytest.mark.parametrize("text", ["a\r\nAction: Originate", "a\nb", "a\rb", "a\0b", "a\udcff"])
def test_action_refuses_what_breaks_the_framing(text: str) -> None:
    """CR, LF, NUL and broken text in a value are refused."""
    with pytest.raises(BadFieldError, match=r"Setvar|Value"):
        encode_action({"Action": "Setvar", "Value": text})


@pytest.mark.parametrize("key", ["Va\r\nlue", "Value: x", ""])
def test_action_refuses_bad_names(key: str) -> None:
    """A name can inject as well as a value can."""
    with pytest.raises(BadFieldError, match="action field"):
        encode_action({"Action": "Setvar", key: "x"})


def test_action_refuses_in_lists() -> None:
    """Each item of a list is checked; the error names the field."""
    with pytest.raises(BadFieldError, match="'Variable'"):
        encode_action({"Action": "Originate", "Variable": ["a=1", "b=2\r\nX: y"]})
