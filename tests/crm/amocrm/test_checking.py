"""`calltrackd crm check` names what is missing, and the mend."""

from pathlib import Path
from typing import Any

from tests.crm.amocrm.test_login import amocrm
from tests.fakes.amocrm import AmocrmFake

DEALS = {"deals": {"secret": "long-random-word"}}


async def findings(folder: Path, fake: AmocrmFake, **fields: Any) -> dict[str, tuple[str, str]]:
    """By what was looked at: severity, and what was said with its mend."""
    async with amocrm(folder, fake, **fields) as crm:
        found = await crm.check()
    assert all(one.mend for one in found if one.severity in {"error", "warning"})
    return {one.check: (one.severity, f"{one.what} {one.mend}") for one in found}


async def test_all_is_well(tmp_path: Path, fake: AmocrmFake) -> None:
    """Each point is fine, the webhook too."""
    fake.hooks.append({"destination": "https://x/v1/crm/amo/long-random-word", "disabled": False})
    found = await findings(tmp_path, fake, **DEALS)
    assert {severity for severity, _ in found.values()} == {"fine"}
    assert set(found) == {"credentials", "rights", "users", "fields", "pipeline", "webhooks"}
    assert all(hit.verb == "GET" for hit in fake.hits)


async def test_a_refused_token_is_all_there_is_to_say(tmp_path: Path, fake: AmocrmFake) -> None:
    """The mend names the place where a new one is made."""
    fake.token = "another"
    found = await findings(tmp_path, fake)
    assert list(found) == ["credentials"]
    assert "long-lived" in found["credentials"][1]


async def test_missing_rights_are_named(tmp_path: Path, fake: AmocrmFake) -> None:
    """By entity and right."""
    rights = {"add": "A", "view": "A", "edit": "A"}
    fake.rights.clear()
    fake.rights.update(leads=rights, contacts={**rights, "add": "D"}, companies=rights)
    severity, what = (await findings(tmp_path, fake))["rights"]
    assert severity == "error"
    assert "contacts: add" in what
    assert "leads" not in what.partition("Settings")[0]


async def test_users_that_are_none_are_named(tmp_path: Path, fake: AmocrmFake) -> None:
    """Unknown ids and those who do not work any more."""
    assert (await findings(tmp_path, fake, users={"101": "77"}))["users"][0] == "error"
    assert (await findings(tmp_path, fake, users={"101": "13"}))["users"][0] == "warning"


async def test_fields_that_are_none_are_named(tmp_path: Path, fake: AmocrmFake) -> None:
    """The settings' own are errors, marks that are missing a warning."""
    found = await findings(tmp_path, fake, lead={"fields": {"777": "x", "price": 1}})
    assert found["fields"][0] == "error"
    assert "777" in found["fields"][1]
    fake.fields = [one for one in fake.fields if one["code"] != "UTM_TERM"]
    severity, what = (await findings(tmp_path, fake))["fields"]
    assert (severity, "UTM_TERM" in what) == ("warning", True)


async def test_pipeline_and_stage_must_be_there(tmp_path: Path, fake: AmocrmFake) -> None:
    """What there is, is listed; incoming leads have to be on."""
    _, what = (await findings(tmp_path, fake, pipeline_id=6))["pipeline"]
    assert "5 Sales" in what
    _, what = (await findings(tmp_path, fake, status_id=6))["pipeline"]
    assert "51 New" in what
    fake.pipelines[0]["is_unsorted_on"] = False
    severity, _ = (await findings(tmp_path, fake, incoming_leads=True))["pipeline"]
    assert severity == "error"


async def test_a_webhook_that_was_turned_off_is_told(tmp_path: Path, fake: AmocrmFake) -> None:
    """And one that never was; without a secret, polls will do."""
    assert (await findings(tmp_path, fake))["webhooks"][0] == "note"
    assert (await findings(tmp_path, fake, **DEALS))["webhooks"][0] == "warning"
    fake.hooks.append({"destination": "https://x/v1/crm/amo/long-random-word", "disabled": True})
    assert (await findings(tmp_path, fake, **DEALS))["webhooks"][0] == "error"


async def test_users_are_listed(tmp_path: Path, fake: AmocrmFake) -> None:
    """All pages of them, those who left as well."""
    fake.users += [{"id": 1000 + n, "name": f"u{n}"} for n in range(300)]
    async with amocrm(tmp_path, fake) as crm:
        users = await crm.users()
    assert len(users) == 303
    assert [user.active for user in users[:3]] == [True, True, False]
