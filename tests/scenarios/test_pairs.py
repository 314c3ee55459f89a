"""The same scenario gives the same record on Asterisk and on FreeSWITCH, ids and times aside."""

import json
from typing import Any

import pytest

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


def of(set_name: str, scenario: str) -> list[dict[str, Any]]:
    """The records of a given stream, in the order in which the calls began."""
    found = records(recorded(set_name, scenario))
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


def test_there_are_pairs() -> None:
    """They came with the checkout."""
    assert len(PAIRS) == 30
