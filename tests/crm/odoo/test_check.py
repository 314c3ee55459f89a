"""What `calltrackd crm check` says of an Odoo."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from calltrackd.crm.books import Books
from calltrackd.crm.clock import WallClock
from calltrackd.crm.finding import Finding
from calltrackd.crm.odoo import connector
from calltrackd.crm.tools import Tools
from calltrackd.store.engine import Store
from tests.crm.house import target_for
from tests.crm.odoo.given import settings
from tests.fakes.odoo import OdooFake


@asynccontextmanager
async def built(fake: OdooFake, folder: Path, **given: Any) -> AsyncIterator[connector.Odoo]:
    """A connector without a dispatcher."""
    store = await Store.open(f"sqlite:///{folder / 'calls.db'}")
    tools = Tools(books=Books(store, "odoo"), clock=WallClock())
    one = connector.build(target_for(settings(fake, **{"timeout_s": 10.0, **given})), tools)
    try:
        yield one
    finally:
        await one.close()
        await store.close()


async def checked(fake: OdooFake, folder: Path, **given: Any) -> dict[str, Finding]:
    """What is not as it should be, by what was looked at."""
    async with built(fake, folder, **given) as one:
        found = await one.check()
    return {one.check: one for one in found if one.severity in {"error", "warning"}}


async def test_all_is_fine(tmp_path: Path) -> None:
    """Nothing to mend; the stages are listed for whoever writes the settings."""
    async with OdooFake() as fake, built(fake, tmp_path) as one:
        found = await one.check()
        assert {each.severity for each in found} == {"fine", "note"}
        assert "4 Won" in next(each.what for each in found if each.check == "stages")
        assert all(hit.path.split("/")[-1] not in {"create", "load", "write"} for hit in fake.hits)


@pytest.mark.parametrize("given", [{"secret": "wr0ng-key-of-others"}, {"database": "nosuch"}])
async def test_refused_key_or_database(tmp_path: Path, given: dict[str, str]) -> None:
    """One finding with the way to mend it; the key is not shown."""
    async with OdooFake() as fake:
        (only,) = (await checked(fake, tmp_path, **given)).values()
        assert (only.check, only.severity) == ("credentials", "error")
        assert "API Key" in only.mend
        assert "wr0ng" not in only.what


async def test_what_is_missing_is_named(tmp_path: Path) -> None:
    """Module, right, field, type of activity, stage, country: each with its mend."""
    async with OdooFake() as fake:
        fake.kept["ir.module.module"] = []
        fake.denied = {("crm.lead", "write")}
        fake.kept["mail.activity.type"] = []
        fake.kept["res.company"][0]["country_id"] = False
        given: dict[str, Any] = {
            "lead": {"fields": {"x_nosuch": "1"}},
            "deals": {"won": ["4", "99"], "secret": "hook"},
        }
        found = await checked(fake, tmp_path, **given)
        assert found.keys() == {"modules", "rights", "fields", "stages", "numbers"}
        assert "crm.lead: write" in found["rights"].what
        assert "99" in found["stages"].what
        assert all(one.mend for one in found.values())


async def test_user_who_sees_only_his_own_leads(tmp_path: Path) -> None:
    """Others' clients would look new to him."""
    async with OdooFake() as fake:
        fake.groups = False
        (only,) = (await checked(fake, tmp_path)).values()
        assert (only.check, only.severity) == ("rights", "warning")


async def test_users_are_listed(tmp_path: Path) -> None:
    """With their mail addresses, or the login where there is none."""
    async with OdooFake() as fake, built(fake, tmp_path) as one:
        fake.add("res.users", id=7, name="Old", login="old", email="o@x.example", active=False)
        found = [(user.id, user.name, user.email, user.active) for user in await one.users()]
        assert found == [
            ("5", "calltrackd", "calltrackd", True),
            ("6", "Olga", "olga", True),
            ("7", "Old", "o@x.example", False),
        ]
