"""The table of calls."""

from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from calltrackd.cli.format import client, state, table
from calltrackd.cli.story import story
from calltrackd.model.call import CallRecord, Leg, Source, Talk, Transfer, public
from tests.cli.records import ADVERT, START, answered, call

SNAPSHOTS = Path(__file__).parent / "snapshots"
NOW = START + 500

CALLS = [
    call(0, source=ADVERT, legs=[Leg("101", START + 2)], rang_at=START + 2, queue="sales"),
    call(
        1,
        source=ADVERT,
        caller_name="Anna [red]B[/red] \x1b[31m",
        outcome="answered",
        rang_at=START + 61,
        answered_at=START + 65,
        wait_s=4.0,
        talks=[Talk("101", START + 65)],
        operators=["101"],
        legs=[Leg("101", START + 61, None, "answered")],
    ),
    answered(2, source=Source(medium="outdoor")),
    call(3, outcome="abandoned", lost=True, abandoned_in="queue", ended_at=START + 200),
    call(4, outcome="no_answer", lost=True, ended_at=START + 270, caller=None, certainty="gap"),
    call(5, direction="outbound", tracked=False, outcome="busy", ended_at=START + 320, did=None),
    call(-1440, outcome="voicemail", lost=True, ended_at=START - 86_300),
]


def drawn(thing: Any, width: int) -> str:
    """What a terminal of that width shows, without colours."""
    console = Console(width=width, color_system=None, highlight=False)
    with console.capture() as capture:
        console.print(thing)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


@pytest.mark.parametrize("width", [80, 120, 200])
def test_table_looks_as_it_was_approved(width: int) -> None:
    """The table at common widths: times and seconds whole, texts cut, nothing wrapped."""
    shown = drawn(table([public(one) for one in CALLS], NOW, UTC, width), width)
    assert shown == (SNAPSHOTS / f"table-{width}.txt").read_text()


def test_story_looks_as_it_was_approved() -> None:
    """The whole record as a person reads it."""
    shown = drawn(story(public(answered(2)), NOW, UTC), 100)
    assert shown == (SNAPSHOTS / "story.txt").read_text()


def test_markup_and_escapes_of_a_stranger_are_plain_letters() -> None:
    """A caller's name can neither colour nor command the terminal."""
    console = Console(width=200, force_terminal=True, color_system="standard")
    with console.capture() as capture:
        console.print(table([public(CALLS[1])], NOW, UTC, 200))
    assert "[red]B[/red] \N{REPLACEMENT CHARACTER}[31m" in capture.get()
    assert "\x1b[31m" not in capture.get()


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (call(0), "arrived"),
        (call(0, direction="outbound"), "dialling"),
        (call(0, ivr_path=["1"]), "menu"),
        (call(0, queue="sales"), "queue sales"),
        (call(0, legs=[Leg("101")]), "dialling 101"),
        (call(0, legs=[Leg("101", START), Leg("102", START)]), "ringing 101, 102"),
        (call(0, legs=[Leg("101", START), Leg("102", START, START, "busy")]), "ringing 101"),
        (call(0, answered_at=START, talks=[Talk("101", START)]), "talking 101"),
        (
            call(0, answered_at=START, talks=[Talk("101", START), Talk("102", START)]),
            "talking 101, 102",
        ),
        (call(0, answered_at=START, talks=[Talk("101", START, START)]), "between operators"),
        (call(0, answered_at=START, transfers=[Transfer("park", "101", None, START)]), "parked"),
        (
            call(0, answered_at=START, transfers=[Transfer("park", "101", "102", START, True)]),
            "between operators",
        ),
        (call(0, outcome="answered", ended_at=START, talk_s=32.4), "answered 0:32"),
        (call(0, outcome="answered", ended_at=START, talk_s=3725.0), "answered 1:02:05"),
        (
            call(0, outcome="abandoned", lost=True, abandoned_in="ivr", ended_at=START),
            "missed (menu)",
        ),
        (call(0, outcome="no_answer", lost=True, ended_at=START), "missed (no answer)"),
        (call(0, direction="outbound", outcome="abandoned", ended_at=START), "abandoned"),
    ],
)
def test_state_says_what_the_call_does_or_how_it_ended(record: CallRecord, words: str) -> None:
    """The most telling of what is going on, in a few words."""
    assert state(public(record)).plain == words


@pytest.mark.parametrize(
    ("raw", "direction", "shown"),
    [
        ("79161234567", "inbound", "hidden"),
        ("anonymous", "inbound", "hidden"),
        (None, "inbound", "hidden"),
        ("12345", "inbound", "12345"),
        ("101", "internal", "101"),
    ],
)
def test_withheld_number_stays_hidden(raw: str | None, direction: str, shown: str) -> None:
    """Without a `caller` a number that the PBX shows all the same is nobody's business."""
    record = call(0, caller=None, caller_raw=raw, direction=direction)
    assert client(public(record)) == shown


def test_seconds_of_a_call_in_progress_run_on() -> None:
    """Wait counts from the first ring until the answer, talk from there, both up to now."""
    ringing = call(0, rang_at=START + 2)
    talking = call(1, answered_at=START + 70, wait_s=9.0, talks=[Talk("101", START + 70)])
    shown = drawn(table([public(ringing), public(talking)], START + 100, UTC, 200), 200)
    first, second = shown.splitlines()[1:]
    assert first.split()[-1] == "1:38"
    assert second.split()[-2:] == ["0:09", "0:30"]


@pytest.mark.parametrize(
    ("ids", "shown"),
    [
        (["01a2efe9-9992-7aaa-8"], ["01a2efe9-9992"]),
        (["01a2efe9-9992-7aaa-8", "01a2efe9-9993-7aaa-8"], ["01a2efe9-9992", "01a2efe9-9993"]),
        (
            ["01a2efe9-9992-7aaa-8", "01a2efe9-9992-7aab-8"],
            ["01a2efe9-9992-7aaa", "01a2efe9-9992-7aab"],
        ),
    ],
)
def test_ids_are_as_long_as_they_must_be(ids: list[str], shown: list[str]) -> None:
    """`calls list` shows beginnings that `calls show` takes, and no more than that."""
    calls = [public(call(0, id=one)) for one in ids]
    lines = drawn(table(calls, NOW, UTC, 200, ids=True), 200).splitlines()[1:]
    assert [line.split()[0] for line in lines] == shown
