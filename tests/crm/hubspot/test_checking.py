"""`calltrackd crm check` names what is missing, and the mend."""

from typing import Any

import pytest

from tests.crm.hubspot.conftest import Alone
from tests.fakes.hubspot import HubspotFake

WRITES = {"PUT", "PATCH", "DELETE"}


async def findings(alone: Alone, **given: Any) -> list[tuple[str, str, str]]:
    """What was looked at, its severity, what was said with its mend."""
    async with alone(**given) as hub:
        found = await hub.check()
    assert all(one.mend for one in found if one.severity in {"error", "warning"})
    return [(one.check, one.severity, f"{one.what} {one.mend}") for one in found]


def errors(found: list[tuple[str, str, str]]) -> list[str]:
    """Only what stops calls."""
    return [said for _, severity, said in found if severity == "error"]


async def test_all_is_well_and_nothing_is_changed(crm: HubspotFake, alone: Alone) -> None:
    """Each point is fine; nothing is written."""
    found = await findings(alone, deals={"secret": "s"})
    assert {check for check, _, _ in found} == {
        "credentials", "rights", "users", "fields", "pipeline", "webhooks",
    }  # fmt: skip
    assert {severity for _, severity, _ in found} == {"fine", "note"}
    assert not [hit for hit in crm.hits if hit.verb in WRITES]
    assert all(hit.path.endswith("/batch/read") for hit in crm.hits if hit.verb == "POST")
    assert not any(crm.kept.values())


async def test_a_refused_token_is_all_there_is_to_say(crm: HubspotFake, alone: Alone) -> None:
    """The mend names the place where it is shown; the token itself is nowhere."""
    crm.token = "another"
    ((check, severity, said),) = await findings(alone)
    assert (check, severity) == ("credentials", "error")
    assert "Private apps" in said
    assert "s3cr3t" not in said


@pytest.mark.parametrize("kind", ["contacts", "companies", "deals", "calls", "tasks", "owners"])
async def test_a_missing_scope_is_named(crm: HubspotFake, alone: Alone, kind: str) -> None:
    """With the place where it is given."""
    crm.lacks[kind] = f"crm.objects.{kind}.read"
    told = errors(await findings(alone))
    assert told
    assert all(f"crm.objects.{kind}.read" in said and "Scopes" in said for said in told)


@pytest.mark.parametrize("kind", ["contacts", "deals", "calls"])
async def test_a_missing_unique_property_is_named(
    crm: HubspotFake, alone: Alone, kind: str
) -> None:
    """One that takes a value twice is as bad as none."""
    (name,) = crm.unique.pop(kind)
    (twice,) = errors(await findings(alone))
    crm.properties[kind].remove(name)
    (missing,) = errors(await findings(alone))
    assert "takes the same value twice" in twice
    assert f"{kind} have no property {name}" in missing
    assert "unique" in missing


async def test_fields_of_the_settings_and_marks_are_looked_for(
    crm: HubspotFake, alone: Alone
) -> None:
    """A field of the settings is an error, a mark that is left out a warning."""
    crm.properties["deals"] -= {"utm_term", "calltrackd_tags"}
    found = await findings(alone, lead={"fields": {"nonsense": "1", "amount": "2"}})
    assert errors(found) == ["deals have no property nonsense mend target.lead.fields"]
    (warning,) = [said for _, severity, said in found if severity == "warning"]
    assert "calltrackd_tags, utm_term" in warning


async def test_owners_are_compared(alone: Alone) -> None:
    """One who is nobody's."""
    (said,) = errors(await findings(alone, users={"101": "11", "102": "99"}))
    assert "no user 99" in said


async def test_pipeline_and_stage_are_looked_for(alone: Alone) -> None:
    """With those that there are."""
    (pipeline,) = errors(await findings(alone, pipeline="b2b"))
    (stage,) = errors(await findings(alone, stage="dreaming"))
    assert "default Sales" in pipeline
    assert "closedwon closedwon" in stage


async def test_users_are_listed_over_many_pages(crm: HubspotFake, alone: Alone) -> None:
    """With names, else by address."""
    crm.a_page = 2
    async with alone() as hub:
        users = await hub.users()
    assert [(one.id, one.name) for one in users] == [
        ("11", "Anna A"),
        ("12", "boris@example.com"),
        ("13", "Vera V"),
    ]
    assert len(crm.asked("/crm/v3/owners")) == 2
