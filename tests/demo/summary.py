"""What is printed when the demo is over: the calls, what was told and heard, and what to try."""

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calltrackd.cli.common import console, said
from calltrackd.cli.format import table
from tests.demo.attachment import Pbx
from tests.demo.ears import Ears
from tests.demo.house import House
from tests.demo.processes import say
from tests.demo.recorded import RecordedPbx

LAG = "calltrackd_live_lag_seconds"


@dataclass(frozen=True)
class Outcome:
    """What a demo leaves: the stored calls, the webhooks, the figures, and what was wrong."""

    calls: list[dict[str, Any]]
    events: list[dict[str, Any]]
    figures: dict[str, float]
    wrong: list[str]


def summarise(house: House, pbx: Pbx, outcome: Outcome, heard_by: Ears) -> None:
    """Print it."""
    screen = console()
    screen.print(table(outcome.calls, time.time(), None, screen.width))
    answered = sum(call["outcome"] == "answered" for call in outcome.calls)
    missed = sum(call["lost"] for call in outcome.calls)
    types = Counter(event["type"] for event in outcome.events)
    say(f"\n{len(outcome.calls)} calls: {answered} answered, {missed} missed")
    told = ", ".join(f"{count} {name}" for name, count in sorted(types.items()))
    say(f"{len(outcome.events)} webhooks delivered, every signature right:\n  {told}")
    say(f"tags by phone keys: {_tags(outcome, 'keypad')}")
    say(f"tags by words: {_tags(outcome, 'phrase') if heard_by.models else heard_by.reason}")
    if heard_by.models:
        say(_how_heard(outcome))
    if outcome.wrong:
        say("\nNOT AS EXPECTED:\n  " + "\n  ".join(outcome.wrong))
        say(f"The daemon's log: {house.log}")
        return
    say("All records are as the phones' plot says.")
    _advise(house, pbx, outcome, heard_by)


def _tags(outcome: Outcome, source: str) -> str:
    names = Counter(
        tag["name"] for call in outcome.calls for tag in call["tags"] if tag["source"] == source
    )
    counted = (f"{name} ×{count}" if count > 1 else name for name, count in names.items())
    return ", ".join(counted) or "none"


def _how_heard(outcome: Outcome) -> str:
    """How soon, and how much."""
    recordings = said(int(outcome.figures.get(_JOBS, 0)), "recording")
    count = outcome.figures.get(f"{LAG}_count", 0.0)
    if not count:
        return f"{recordings} heard after the calls"
    late_s = outcome.figures[f"{LAG}_sum"] / count
    soon = f"{count:.0f} of them while people talked, {late_s:.1f} s after the word on average"
    return f"  {soon}\n{recordings} heard again after the calls, for transcripts and talk maps"


_JOBS = 'calltrackd_speech_jobs_total{result="heard"}'


def _advise(house: House, pbx: Pbx, outcome: Outcome, heard_by: Ears) -> None:
    """What to type next; the folder stays until the next demo."""
    moved = next(call for call in outcome.calls if call["transfers"])["id"][:18]
    spoken = next((c["id"][:18] for c in outcome.calls if _by_words(c)), None)
    here = Path.cwd()
    config = house.config.relative_to(here) if house.config.is_relative_to(here) else house.config
    lines = [
        f"export CALLTRACKD_CONFIG={config} PATH=$PWD/.venv/bin:$PATH",
        "calltrackd calls list --missed",
        f"calltrackd calls show {moved}",
    ]
    if heard_by.models and spoken is not None:
        lines += [
            f"calltrackd transcripts show {spoken}",
            "calltrackd transcripts search 'дорого | expensive'",
            "calltrackd phrases test 'гарантия | warranty'",
        ]
    lines += [
        f"calltrackd tag add {moved} 'call back' && calltrackd outbox list",
        f"calltrackd replay -c {config} --diff {config.parent}/state/journal/office/*.jsonl",
    ]
    say("\nLook around; the store stays until the next demo:\n  " + "\n  ".join(lines))
    say("Then README.md: your own PBX in five minutes.")
    if not isinstance(pbx, RecordedPbx) and pbx.recordings.exists():
        say(f"Recordings: {pbx.recordings}")


def _by_words(call: dict[str, Any]) -> bool:
    return any(tag["source"] == "phrase" for tag in call["tags"])
