"""Bytes in, changes out: however they are cut, whenever the clock is looked at."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calltrackd.model.call import Change
from calltrackd.pbx.stream import Chunk
from calltrackd.pipeline.build import number_rules
from calltrackd.pipeline.street import Street
from calltrackd.settings import Keypad, KeypadMap, Settings
from tests.daemon.company import Call
from tests.pipeline.feeding import T0, a_street, changes_of, recorded, recordings, recut, shown

KEYS = Settings(
    keypad=Keypad(undo="9", map=[KeypadMap(keys={"7": "sale", "71": "repair", "8": "spam"})])
)
PAUSE_S = KEYS.keypad.timeout_s


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(recordings()),
    sizes=st.lists(st.integers(1, 3_000), min_size=1, max_size=5),
)
def test_any_cut_of_the_bytes_gives_the_same_changes(name: str, sizes: list[int]) -> None:
    """A frame belongs to the moment at which its end was read; TCP's cuts alter nothing else."""
    whole = changes_of(a_street(KEYS), recorded(name))
    cut = changes_of(a_street(KEYS), recut(recorded(name), sizes))
    as_bytes = [[msgspec.json.encode(change) for _, change in found] for found in (whole, cut)]
    assert as_bytes[0] == as_bytes[1]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from([name for name in recordings() if "dtmf" in name or "key" in name]),
    ticks=st.lists(st.floats(0, 12), max_size=30),
)
def test_ticks_change_nothing_but_the_moment_of_telling(name: str, ticks: list[float]) -> None:
    """Pauses settled by the clock or by the next chunk: the same verdicts, in order."""
    chunks = recorded(name)
    plain = [change for _, change in changes_of(a_street(KEYS), chunks)]
    street, ticked = a_street(KEYS), []
    moments = sorted(T0 + tick for tick in ticks)
    for chunk in chunks:
        while moments and moments[0] <= chunk.at:
            ticked += [shown(change) for change in street.tick(moments.pop(0)).changes]
        ticked += [shown(change) for change in street.feed(chunk).changes]
    assert ticked == plain


class Phone:
    """A talk in which an operator presses keys at given seconds."""

    def __init__(self, rules: Settings = KEYS) -> None:
        self.street: Street = a_street(rules)
        self.call = Call(1)
        self.seq = 0
        self.changes: list[Change] = []
        self.feed(0.0, self.call.rings + self.call.answers)

    def feed(self, at: float, data: bytes) -> None:
        self.seq += 1
        self.changes += self.street.feed(Chunk(self.seq, T0 + at, data)).changes

    def press(self, at: float, digit: str) -> None:
        """One key, down and up."""
        key = self.call.key_7.replace(b"Digit: 7", b"Digit: " + digit.encode())
        self.feed(at, key)

    def tags(self) -> list[tuple[str, str, str]]:
        """Every tag given (+) or taken back (-), with the step of its change and its author."""
        return [
            (sign + tag.name, change.step, tag.by or "")
            for change in self.changes
            for sign, tags in (("+", change.tags), ("-", change.untags))
            for tag in tags
        ]


@pytest.fixture
def phone() -> Phone:
    """101 talks with a client."""
    return Phone()


def test_verdict_comes_as_a_change_of_the_record(phone: Phone) -> None:
    """The tag bears its keys, the moment of the last of them and who pressed."""
    phone.press(1.0, "8")
    change = phone.changes[-1]
    (tag,) = change.tags
    assert change.step == "updated"
    assert change.record.digits[-1].digit == "8"
    assert (tag.name, tag.source, tag.by, tag.evidence) == ("spam", "keypad", "101", {"keys": "8"})
    assert T0 < tag.at <= T0 + 1.0


def test_same_tag_pressed_twice_is_one(phone: Phone) -> None:
    """The second press changes nothing; the operator still hears that it is known."""
    phone.press(1.0, "8")
    phone.press(2.0, "8")
    assert phone.tags() == [("+spam", "updated", "101")]
    effects = phone.street.feed(Chunk(9, T0 + 3.0, phone.call.key_7.replace(b": 7", b": 8")))
    assert [verdict.kind for verdict in effects.verdicts] == ["tag"]
    assert effects.changes == []


def test_undo_takes_back_and_the_tag_can_come_again(phone: Phone) -> None:
    """Undo is a change of its own; after it the same keys set the tag anew."""
    for at, key in ((1.0, "8"), (2.0, "9"), (3.0, "8")):
        phone.press(at, key)
    assert [name for name, _, _ in phone.tags()] == ["+spam", "-spam", "+spam"]
    assert phone.changes[-1].tags[0].at != phone.changes[-3].tags[0].at


def test_pending_keys_settle_at_the_calls_end(phone: Phone) -> None:
    """7 waited for a 1 that never came: the tag is in the very change that ends the call."""
    phone.press(1.0, "7")
    assert phone.tags() == []
    assert phone.street.next_deadline() is not None
    phone.feed(1.5, phone.call.ends)
    assert phone.tags() == [("+sale", "ended", "101")]
    assert phone.street.next_deadline() is None


def test_pause_ends_with_the_next_chunk_whatever_it_is(phone: Phone) -> None:
    """Any bytes from the PBX bear a time; a tag that is over by then comes before them."""
    phone.press(1.0, "7")
    phone.feed(1.0 + PAUSE_S + 0.5, b"Event: Ignored\r\n\r\n")
    assert phone.tags() == [("+sale", "updated", "101")]


def test_memory_of_a_call_ends_with_it(phone: Phone) -> None:
    """Nothing of ended calls stays behind: years of calls in bounded memory."""
    phone.press(1.0, "8")
    phone.feed(2.0, phone.call.ends)
    street = phone.street
    assert street.first_seqs == {}
    assert street._given._given == {}
    assert street._keypad._given == {}
    assert street._origins._channels == {}


@pytest.mark.parametrize(
    ("part", "event"),
    [
        ("calltrackd.calls.tracker.Tracker.feed", "ChannelStarted"),
        ("calltrackd.pbx.asterisk.Translator.feed", "Newchannel"),
        ("calltrackd.tagging.keypad.Keypad.press", "Digit"),
    ],
)
def test_fault_of_ours_is_counted_and_the_next_event_taken(
    part: str, event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it breaks: the street goes on, and says on which event it broke."""

    def broken(*_: object, **__: object) -> object:
        raise RuntimeError("a strange call")

    with monkeypatch.context() as patched:
        patched.setattr(part, broken)
        phone = Phone()
        effects = phone.street.feed(Chunk(5, T0 + 1, phone.call.whole))
        assert event in {name for name, _ in effects.faults}
        assert phone.street.unusable[f"fault in {event}"] > 0
    after = phone.street.feed(Chunk(6, T0 + 2, Call(2).whole)).changes
    assert [change.step for change in after][-1] == "ended"


def test_reloaded_rules_hold_from_then_on(phone: Phone) -> None:
    """Tags given before stay; keys after it mean what the new map says."""
    phone.press(1.0, "8")
    new = Settings(keypad=Keypad(map=[KeypadMap(keys={"8": "lead"})]))
    phone.street.adopt(number_rules(new), new.keypad)
    phone.press(2.0, "8")
    assert [name for name, _, _ in phone.tags()] == ["+spam", "+lead"]
