"""After a crash the journal is fed again from where the street said: the same records come out."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calltrackd.pbx.stream import Chunk, Kind
from calltrackd.settings import Keypad, KeypadMap, Settings
from tests.pipeline.feeding import (
    a_street,
    changes_of,
    mixed,
    of_freeswitch,
    recorded,
    recordings,
    recut,
    shown,
)

KEYS = Settings(keypad=Keypad(map=[KeypadMap(keys={"7": "sale", "71": "repair"})]))
PLAIN = [name for name in recordings() if "late_attach" not in name]


def check(chunks: Sequence[Chunk], crash: int, noted: int, stream: Kind = "ami") -> None:
    """Killed after `crash` chunks, with the bound noted after `noted`: nothing comes otherwise."""
    street = a_street(KEYS, stream=stream)
    began = 1
    for chunk in chunks[:crash]:
        street.feed(chunk)
        if chunk.seq <= noted:
            began = street.needs_from
    whole = changes_of(street, chunks[crash:])
    again = changes_of(a_street(KEYS, stream=stream), chunks[began - 1 :])
    assert [one for one in again if one[0] > crash] == whole


@pytest.mark.parametrize("name", recordings())
def test_killed_anywhere_in_a_recording(name: str) -> None:
    """At each sixth of a recording, links that go and come included."""
    chunks = recut(recorded(name), [1 << 20])
    for part in range(1, 6):
        crash = len(chunks) * part // 6
        check(chunks, crash, noted=crash)


@pytest.mark.parametrize("name", of_freeswitch())
def test_killed_anywhere_in_a_recording_of_freeswitch(name: str) -> None:
    """The same, with frames cut by the chunks' borders."""
    chunks = recut(recorded(name), [3_000])
    for part in range(1, 6):
        crash = len(chunks) * part // 6
        check(chunks, crash, noted=crash, stream="esl-plain")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_killed_anywhere_in_several_calls_at_once(data: st.DataObject) -> None:
    """Calls that overlap, frames cut by the chunk's border, a bound noted a while ago."""
    names = data.draw(st.lists(st.sampled_from(PLAIN), min_size=1, max_size=3, unique=True))
    apart_s = data.draw(st.sampled_from([0.0, 0.7, 3.0]))
    sizes = data.draw(st.lists(st.integers(40, 4_000), min_size=1, max_size=4))
    chunks = recut(mixed(names, apart_s), sizes)
    crash = data.draw(st.integers(1, len(chunks)))
    check(chunks, crash, noted=data.draw(st.integers(0, crash)))


def test_nothing_lives_nothing_is_needed() -> None:
    """When all calls are over and no frame is cut, only what comes next is needed."""
    street = a_street()
    chunks = recut(recorded("given/asterisk-22/answered_caller_hangs.jsonl"), [1 << 20])
    for chunk in chunks:
        street.feed(chunk)
    assert street.needs_from == chunks[-1].seq + 1
    assert street.in_progress == 0


def test_bound_only_grows() -> None:
    """So a bound that was noted a while ago is a safe one."""
    street, bound = a_street(), 0
    for chunk in recut(mixed(PLAIN[:6], 2.0), [700]):
        street.feed(chunk)
        assert street.needs_from >= bound
        bound = street.needs_from


def test_finish_ends_what_lives() -> None:
    """At the end of the input every call in progress gets an unseen end, once."""
    street = a_street()
    chunks = recut(recorded("given/asterisk-22/answered_caller_hangs.jsonl"), [1 << 20])
    for chunk in chunks[: len(chunks) // 2]:
        street.feed(chunk)
    assert street.in_progress == 1
    (change,) = street.finish().changes
    assert shown(change)["record"]["certainty"] == "gap"
    assert street.in_progress == 0
    assert street.finish().changes == []
