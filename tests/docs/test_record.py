"""docs/record.md against the record itself."""

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from calltrackd.model import call as model
from calltrackd.model.call import CallRecord, public
from calltrackd.model.channel import Disposition, Side
from calltrackd.model.deal import CallDeal, DealKind, DealStatus, JoinWay
from calltrackd.model.person import Person
from calltrackd.settings.kinds import BUILT_IN

DOCS = (Path(__file__).parents[2] / "docs/record.md").read_text()
NESTED = {
    "legs": model.Leg,
    "talks": model.Talk,
    "transfers": model.Transfer,
    "digits": model.KeyPress,
    "tags": model.Tag,
    "recordings": model.Recording,
    "source": model.Source,
    "earlier": model.EarlierCall,
    "deals": CallDeal,
    "responsible": Person,
}
WORDS = {
    "outcome": get_args(model.Outcome),
    "legs": get_args(Disposition),
    "transfers": get_args(model.Transfer.__annotations__["kind"]),
    "digits": get_args(model.Party),
    "tags": get_args(model.TagSource),
    "recordings": get_args(Side),
    "kind": BUILT_IN,
    "certainty": get_args(model.Certainty),
    "deals": (*get_args(DealKind), *get_args(DealStatus), *get_args(JoinWay)),
}


def section(title: str) -> str:
    """What stands under a heading."""
    _, found, rest = DOCS.partition(f"\n## {title.capitalize()}\n")
    assert found, f"no heading {title}"
    return rest.partition("\n## ")[0]


def named(text: str) -> set[str]:
    """All that is written as code."""
    return set(re.findall(r"`([^`]+)`", text))


def test_every_field_has_its_row() -> None:
    """In the order of the public record, and no row tells of a field that is none."""
    rows = re.findall(r"^\| `(\w+)` \|", section("fields"), re.MULTILINE)
    record = CallRecord(id="1", pbx="hq", direction="inbound", started_at=0.0)
    assert sorted(rows) == sorted(public(record))
    assert set(rows) == set(CallRecord.__struct_fields__)


@pytest.mark.parametrize("name", NESTED)
def test_every_field_of_a_list_is_named(name: str) -> None:
    """Under the heading of the list, in its public name."""
    renamed = {"start": "from"}
    fields = {renamed.get(f, f) for f in NESTED[name].__struct_fields__}
    assert fields <= named(section(name))


@pytest.mark.parametrize("name", WORDS)
def test_every_word_that_can_stand_there_is_explained(name: str) -> None:
    """Outcomes, dispositions, kinds and the like."""
    assert set(WORDS[name]) <= named(section(name))


@pytest.mark.parametrize("kind", [model.Direction, model.HungUpBy])
def test_every_word_of_the_table_is_explained(kind: object) -> None:
    """Those with a row of their own need no heading."""
    assert set(get_args(kind)) <= named(section("fields"))


def test_every_list_of_the_record_is_documented() -> None:
    """A new list of structs in the record needs a heading."""
    lists = {
        field.name
        for field in msgspec.structs.fields(CallRecord)
        if any(
            isinstance(arg, type) and issubclass(arg, msgspec.Struct)
            for arg in get_args(field.type)
        )
    }
    assert lists - {"first_source"} <= set(NESTED)


def test_links_lead_somewhere() -> None:
    """Headings in this file, and other files."""
    for target in re.findall(r"\]\(([^)]+)\)", DOCS):
        if target.startswith("#"):
            assert f"\n## {target[1:].capitalize()}\n" in DOCS
        else:
            assert (Path(__file__).parents[2] / "docs" / target).exists()
