"""What happened in a call, moment by moment, in words."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

from rich.text import Text

from calltrackd.cli.format import Public, state
from calltrackd.cli.words import clean, lasted
from calltrackd.model.call import seconds

KEYS_APART_S = 3.0
"""Key presses of one side no further apart than this are told as one sequence."""

_TRANSFERS = {
    "blind": "{by} transfers the client to {to} without asking",
    "attended": "{by} hands the client over to {to}",
    "park": "{by} parks the client, {to} takes it back",
    "pickup": "{to} picks the ringing call up",
    "redirect": "{by} sends the client to {to}",
}


class Moment(NamedTuple):
    """Something that happened, at unix seconds."""

    at: float
    text: Text


def timeline(call: Public) -> list[Moment]:
    """Every moment that the record knows, in order of time."""
    return sorted(_moments(call), key=lambda moment: moment.at)


def _moments(call: Public) -> Iterator[Moment]:
    yield Moment(seconds(call["started_at"]), Text("call begins", style="bold"))
    yield from _legs(call["legs"])
    yield from _talks(call["talks"])
    yield from _transfers(call["transfers"])
    yield from _keys(call["digits"])
    yield from _tags(call["tags"])
    yield from _recordings(call["recordings"])
    if call["ended_at"] is not None:
        ending = Text.assemble(("call ends: ", "bold"), state(call))
        yield Moment(seconds(call["ended_at"]), ending)


def _legs(legs: Iterable[Public]) -> Iterator[Moment]:
    for leg in legs:
        phone = clean(leg["operator"])
        if leg["rang_at"]:
            yield _moment(leg["rang_at"], f"{phone} rings", "yellow")
        if leg["ended_at"] and leg["disposition"] not in (None, "answered"):
            yield _moment(leg["ended_at"], f"{phone}: {leg['disposition'].replace('_', ' ')}")


def _talks(talks: Iterable[Public]) -> Iterator[Moment]:
    for talk in talks:
        phone = clean(talk["operator"])
        yield _moment(talk["from"], f"{phone} talks with the client", "green")
        if talk["to"]:
            length = seconds(talk["to"]) - seconds(talk["from"])
            held = f", {lasted(talk['hold_s'])} of it on hold" if talk["hold_s"] else ""
            yield _moment(talk["to"], f"{phone} has talked for {lasted(length)}{held}", "green")


def _transfers(transfers: Iterable[Public]) -> Iterator[Moment]:
    for move in transfers:
        by, to = clean(move["by"] or "the PBX"), clean(move["to"] or "nobody")
        words = _TRANSFERS[move["kind"]].format(by=by, to=to)
        failed = "" if move["completed"] else " (they never talked)"
        yield _moment(move["at"], words + failed, "blue")


def _keys(digits: list[Public]) -> Iterator[Moment]:
    """Quick sequences of one side are told together."""
    for (by, _), group in groupby(_numbered(digits), key=lambda press: press[0]):
        presses = [press for _, press in group]
        who = clean(presses[0]["party"] or ("the client" if by == "caller" else "operator"))
        keys = " ".join(press["digit"] for press in presses)
        yield _moment(presses[0]["at"], f"{who} presses {keys}", "magenta")


def _numbered(digits: list[Public]) -> Iterator[tuple[tuple[str, int], Public]]:
    """Each press with its side and the number of the sequence that it belongs to."""
    number, before = 0, None
    for press in digits:
        apart = before is not None and (
            seconds(press["at"]) - seconds(before["at"]) > KEYS_APART_S
            or press["party"] != before["party"]
        )
        number += apart
        before = press
        yield (press["by"], number), press


def _tags(tags: Iterable[Public]) -> Iterator[Moment]:
    for tag in tags:
        by = f" by {clean(tag['by'])}" if tag["by"] else ""
        proof = _evidence(tag["evidence"])
        words = f"tag {clean(tag['name'])} ({tag['source']}{by}{proof})"
        yield _moment(tag["at"], words, "cyan")


def _evidence(evidence: dict[str, Any]) -> str:
    """The tag's proof: keys, or the quote with where it was said."""
    return "".join(f", {clean(name)} {clean(value)}" for name, value in evidence.items())


def _recordings(recordings: Iterable[Public]) -> Iterator[Moment]:
    for file in recordings:
        length = f", {lasted(file['duration_s'])}" if file["duration_s"] is not None else ""
        words = f"recording of {file['side']}: {clean(file['path'])}{length}"
        yield _moment(file["started_at"], words)


def _moment(at: str, text: str, style: str = "") -> Moment:
    return Moment(seconds(at), Text(text, style=style))
