"""What `calltrackd crm check` and `crm users` say of an EspoCRM."""

from pathlib import Path
from typing import Any

from calltrackd.crm.finding import Finding
from tests.crm.espocrm.given import built
from tests.fakes.espocrm import EspocrmFake


async def checked(fake: EspocrmFake, folder: Path, **given: Any) -> dict[str, Finding]:
    """What is not as it should be, by what was looked at."""
    async with built(fake, folder, **given) as one:
        found = await one.check()
    return {one.check: one for one in found if one.severity in {"error", "warning"}}


async def test_all_is_fine(tmp_path: Path) -> None:
    """Nothing to mend, the stages are listed, nothing is written."""
    async with EspocrmFake() as fake, built(fake, tmp_path) as one:
        found = await one.check()
        assert {each.severity for each in found} == {"fine", "note"}
        assert "Closed Won 100 %" in next(each.what for each in found if each.check == "stages")
        assert {hit.verb for hit in fake.hits} == {"GET"}


async def test_refused_key(tmp_path: Path) -> None:
    """One finding with the way to mend it; the key is not shown."""
    async with EspocrmFake() as fake:
        (only,) = (await checked(fake, tmp_path, secret="wr0ng-key-of-others")).values()
        assert (only.check, only.severity) == ("credentials", "error")
        assert "API Users" in only.mend
        assert "wr0ng" not in only.what


async def test_what_is_missing_is_named(tmp_path: Path) -> None:
    """Right, permission, source, stage: each with its mend."""
    async with EspocrmFake() as fake:
        fake.acl["table"]["Lead"]["read"] = "own"
        fake.acl["messagePermission"] = "no"
        given: dict[str, Any] = {"lead_source": "Phone", "deals": {"won": ["Sold"]}}
        found = await checked(fake, tmp_path, **given)
        assert found.keys() == {"rights", "cards", "fields", "stages"}
        assert "Lead: read" in found["rights"].what
        assert "Phone" in found["fields"].what
        assert "Sold" in found["stages"].what
        assert all(one.mend for one in found.values())


async def test_a_hidden_description_is_told(tmp_path: Path) -> None:
    """By it calls are found again."""
    async with EspocrmFake() as fake:
        fake.acl["fieldTable"] = {"Call": {"description": {"read": "yes", "edit": "no"}}}
        found = await checked(fake, tmp_path)
        assert "description of Call" in found["rights"].what


async def test_fields_that_leads_do_not_have_are_told(tmp_path: Path) -> None:
    """EspoCRM leaves them out silently; `campaignId` is the attribute of a field."""
    async with EspocrmFake() as fake:
        rules = {"fields": {"campaignId": "1", "cNoSuch": "1"}}
        found = await checked(fake, tmp_path, lead=rules)
        assert "cNoSuch" in found["fields"].what
        assert "campaignId" not in found["fields"].what


async def test_users_are_listed_beyond_a_page(tmp_path: Path) -> None:
    """EspoCRM refuses to tell more than 200 at once; API users are no people."""
    async with EspocrmFake() as fake, built(fake, tmp_path) as one:
        fake.add("User", name="Bot", userName="bot", type="api")
        for n in range(250):
            fake.add("User", id=f"u{n:03}", name=f"User {n}", userName=f"u{n}", isActive=n != 7)
        found = await one.users()
        assert len({user.id for user in found}) == 251
        assert [user.id for user in found if not user.active] == ["u007"]
        assert "olga@crm.example" in {user.email for user in found}
