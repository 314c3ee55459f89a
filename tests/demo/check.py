"""Did all come as the plot says? Every difference is a line."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.demo.plot import SCENES, Expected, Scene

Call = dict[str, Any]


def differences(
    calls: Sequence[Call], events: Sequence[Mapping[str, Any]], *, heard: bool
) -> list[str]:
    """What is wrong with the stored `calls` and the webhooks that arrived; empty: nothing.

    `heard`: words are understood on this machine.
    """
    found = []
    left = list(calls)
    for scene in SCENES:
        fitting = [call for call in left if is_of(call, scene.expected)]
        if not fitting:
            found.append(f"{scene.act.__name__}: no such call: {scene.expected}")
            continue
        left.remove(fitting[0])
        compared = _compared(fitting[0], scene, heard=heard)
        found += (f"{scene.act.__name__}: {line}" for line in compared)
    found += (f"a call too many: {call['caller']} {call['outcome']}" for call in left)
    return found + list(_undelivered(calls, events))


def is_of(call: Call, expected: Expected) -> bool:
    """Calls are told apart by client, number and direction."""
    wanted = expected.caller and f"+{expected.caller}", expected.direction
    did = expected.did is None or call["did"] == f"+{expected.did}"
    return did and (call["caller"], call["direction"]) == wanted


def _compared(call: Call, scene: Scene, *, heard: bool) -> Iterator[str]:
    wanted = scene.expected
    actual = {
        "outcome": call["outcome"],
        "operators": tuple(call["operators"]),
        "tags": tuple(_tags(call, "keypad")),
        "words": tuple(sorted(_tags(call, "phrase"))) if heard else wanted.words,
        "transfers": tuple(move["kind"] for move in call["transfers"] if move["completed"]),
        "abandoned_in": call["abandoned_in"],
        "kind": next((k for k in call["kind"] if k in ("first", "repeat", "returning")), None),
    }
    for name, value in actual.items():
        if value != getattr(wanted, name):
            yield f"{name} is {value}, expected {getattr(wanted, name)}"
    if call["certainty"] != "live":
        yield f"certainty is {call['certainty']}"


def _tags(call: Call, source: str) -> list[str]:
    return [tag["name"] for tag in call["tags"] if tag["source"] == source]


def _undelivered(calls: Sequence[Call], events: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The receiver must have the start of each call, and its last version."""
    for call in calls:
        mine = [event for event in events if event["data"]["id"] == call["id"]]
        types = {event["type"] for event in mine}
        alerted = "refund" in _tags(call, "phrase")
        for step in ("call.started", "call.ended", *(["call.alert"] if alerted else [])):
            if step not in types:
                yield f"the receiver never got {step} of {call['id']}"
        latest = max((event["data"]["version"] for event in mine), default=0)
        if latest != call["version"]:
            yield f"the receiver has version {latest} of {call['id']}, the store {call['version']}"
