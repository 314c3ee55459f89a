"""Did all come as the plot says? Every difference is a line."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.demo.plot import SCENES, Expected

Call = dict[str, Any]


def differences(calls: Sequence[Call], events: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is wrong with the stored `calls` and the webhooks that arrived; empty: nothing."""
    found = []
    left = list(calls)
    for scene in SCENES:
        fitting = [call for call in left if _is(call, scene.expected)]
        if not fitting:
            found.append(f"{scene.act.__name__}: no such call: {scene.expected}")
            continue
        left.remove(fitting[0])
        found += (f"{scene.act.__name__}: {line}" for line in _compared(fitting[0], scene.expected))
    found += (f"a call too many: {call['caller']} {call['outcome']}" for call in left)
    return found + list(_undelivered(calls, events))


def _is(call: Call, expected: Expected) -> bool:
    """Calls are told apart by client, number and direction."""
    wanted = expected.caller and f"+{expected.caller}", expected.direction
    did = expected.did is None or call["did"] == f"+{expected.did}"
    return did and (call["caller"], call["direction"]) == wanted


def _compared(call: Call, expected: Expected) -> Iterator[str]:
    actual = {
        "outcome": call["outcome"],
        "operators": tuple(call["operators"]),
        "tags": tuple(tag["name"] for tag in call["tags"]),
        "transfers": tuple(move["kind"] for move in call["transfers"] if move["completed"]),
        "abandoned_in": call["abandoned_in"],
        "kind": next((k for k in call["kind"] if k in ("first", "repeat", "returning")), None),
    }
    for name, value in actual.items():
        if value != getattr(expected, name):
            yield f"{name} is {value}, expected {getattr(expected, name)}"
    if call["certainty"] != "live":
        yield f"certainty is {call['certainty']}"


def _undelivered(calls: Sequence[Call], events: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The receiver must have the start of each call, and its last version."""
    for call in calls:
        mine = [event for event in events if event["data"]["id"] == call["id"]]
        types = {event["type"] for event in mine}
        for step in ("call.started", "call.ended"):
            if step not in types:
                yield f"the receiver never got {step} of {call['id']}"
        latest = max((event["data"]["version"] for event in mine), default=0)
        if latest != call["version"]:
            yield f"the receiver has version {latest} of {call['id']}, the store {call['version']}"
