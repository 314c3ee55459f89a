"""The same scenario gives the same record on Asterisk and on FreeSWITCH, ids and times aside."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.lab.freeswitch_scenarios.registry import SHARED
from tests.scenarios.run import STREAMS, recorded, records

PAIRS = json.loads((STREAMS / "given" / "pairs.json").read_text("utf-8"))
HELD_S = 0.3
"""Less is no hold that a person would notice."""


def alike(record: dict[str, Any]) -> dict[str, Any]:
    """What does not depend on the laboratory: operators by the order in which they come."""
    names: dict[str | None, str | None] = {None: None}

    def who(operator: str | None) -> str | None:
        return names.setdefault(operator, f"operator {len(names)}")

    operators = [who(operator) for operator in record["operators"]]
    legs = sorted(record["legs"], key=lambda leg: str(leg["operator"]))
    told = ("direction", "outcome", "lost", "abandoned_in", "hung_up_by", "certainty")
    return {
        **{name: record[name] for name in told},
        "operators": operators,
        "legs": sorted((str(who(leg["operator"])), leg["disposition"]) for leg in legs),
        "talks": [who(talk["operator"]) for talk in record["talks"]],
        "held": record["hold_s"] > HELD_S,
        "transfers": [
            (t["kind"], who(t["by"]), who(t["to"]), t["completed"]) for t in record["transfers"]
        ],
        "in_queue": bool(record["queue"]),
        "anonymous": record["caller"] is None,
    }


def dialled(record: dict[str, Any]) -> tuple[str, str]:
    """What tells calls apart that began at one moment."""
    return str(record["did"]), str(record["caller"])


def of(set_name: str, scenario: str, root: Path = STREAMS / "given") -> list[dict[str, Any]]:
    """The records of a stream, in the order in which the calls began."""
    found = records(recorded(set_name, scenario, root))
    return sorted(found, key=lambda record: str(record["started_at"]))


@pytest.mark.parametrize(
    "pair",
    PAIRS,
    ids=lambda pair: f"{pair['asterisk_set']}-{pair['asterisk']}-{pair['freeswitch']}",
)
def test_both_give_the_same_record(pair: dict[str, Any]) -> None:
    """In every field that the pair names."""
    one, other = of(pair["asterisk_set"], pair["asterisk"]), of("freeswitch", pair["freeswitch"])
    if pair.get("first"):
        one, other = one[:1], other[:1]
    assert one
    fields = pair["fields"]
    assert [{name: alike(record)[name] for name in fields} for record in one] == [
        {name: alike(record)[name] for name in fields} for record in other
    ]


@pytest.mark.parametrize("plot", SHARED)
def test_same_plot_gives_the_same_record(plot: str) -> None:
    """What the lab's phones did at both, in every field that does not depend on the moment."""
    one, other = (
        [alike(record) for record in sorted(of(make, plot, STREAMS), key=dialled)]
        for make in ("asterisk-22", "freeswitch")
    )
    assert one == other


def test_there_are_pairs() -> None:
    """They came with the checkout."""
    assert len(PAIRS) == 30
    assert len(SHARED) > 50
