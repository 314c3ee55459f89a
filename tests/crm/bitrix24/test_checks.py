"""What `calltrackd crm check` says of a portal."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from calltrackd.crm.bitrix24.connector import Bitrix24, build
from calltrackd.crm.books import Books
from calltrackd.crm.finding import Finding
from calltrackd.crm.tools import Tools
from calltrackd.settings.crm.bitrix24 import Bitrix24Target
from calltrackd.store.engine import Store
from tests.crm.bitrix24.stage import app, webhook
from tests.crm.house import QuickClock, target_for
from tests.fakes.bitrix24 import Bitrix24Fake


@pytest.fixture
async def fake() -> AsyncIterator[Bitrix24Fake]:
    """A portal with two users."""
    async with Bitrix24Fake() as portal:
        portal.users = [
            {"ID": "7", "NAME": "Anna", "LAST_NAME": "B", "ACTIVE": True, "UF_PHONE_INNER": "101"},
            {"ID": "8", "NAME": "", "EMAIL": "c@d.example", "ACTIVE": True},
        ]
        yield portal


@asynccontextmanager
async def connected(settings: Bitrix24Target, folder: Path) -> AsyncIterator[Bitrix24]:
    """A connector, closed at the end."""
    store = await Store.open(f"sqlite:///{folder / 'calls.db'}")
    clock = QuickClock(50.0)
    tools = Tools(books=Books(store, "crm", clock.now), clock=clock)
    connector = build(target_for(settings), tools)
    yield connector
    await connector.close()
    await store.close()


async def found(settings: Bitrix24Target, folder: Path) -> list[Finding]:
    """All findings."""
    async with connected(settings, folder) as connector:
        return await connector.check()


async def test_a_good_portal_is_fine(fake: Bitrix24Fake, tmp_path: Path) -> None:
    """Credentials, rights, users, fields, statistics; nothing was changed."""
    findings = await found(app(fake, tags_field="ufCrmTags"), tmp_path)
    assert {one.severity for one in findings} == {"fine"}
    assert {one.check for one in findings} == {"credentials", "rights", "users", "fields"}
    assert not [name for name in fake.named if "add" in name or "register" in name]


@pytest.mark.parametrize("mode", [app, webhook])
async def test_a_refused_key_is_all_that_is_said(
    fake: Bitrix24Fake, tmp_path: Path, mode: Any
) -> None:
    """With what to do about it, and without the key."""
    settings = mode(fake)
    fake.secret = "another"
    (one,) = await found(settings, tmp_path)
    assert (one.check, one.severity) == ("credentials", "error")
    assert one.mend
    assert "s3cr3t" not in one.what


async def test_missing_rights_are_named(fake: Bitrix24Fake, tmp_path: Path) -> None:
    """Each with its mend; what needs them is not asked."""
    fake.scopes = ["crm"]
    findings = await found(app(fake), tmp_path)
    missing = [one.what for one in findings if one.severity == "error"]
    assert missing == [f"the right {scope} is missing" for scope in ("telephony", "user", "task")]
    assert "user.get" not in fake.named


async def test_a_webhook_needs_no_telephony_and_says_what_it_lacks(
    fake: Bitrix24Fake, tmp_path: Path
) -> None:
    """The card is a note, not an error."""
    fake.scopes = ["crm", "user"]
    findings = await found(webhook(fake, lead={"missed": "lead"}), tmp_path)
    assert {one.severity for one in findings} == {"fine", "note"}


async def test_wrong_users_fields_and_sources_are_named(fake: Bitrix24Fake, tmp_path: Path) -> None:
    """By the place in the settings where they stand."""
    fake.fields["ufCrmOne"] = {"isMultiple": False}
    settings = app(
        fake,
        users={"101": "9"},
        tags_field="ufCrmOne",
        source="GONE",
        lead={"fields": {"ufCrmNo": "x"}},
    )
    told = [one.what for one in await found(settings, tmp_path) if one.severity != "fine"]
    assert told == [
        "extension 101: the CRM has no user 9",
        "lead.fields.ufCrmNo: a lead has no field ufCrmNo",
        "tags_field: ufCrmOne takes one text only",
        "source: there is no GONE, so the portal leaves it out",
    ]


async def test_users_with_their_inner_phones(fake: Bitrix24Fake, tmp_path: Path) -> None:
    """Who has no name is told by mail."""
    async with connected(webhook(fake), tmp_path) as connector:
        anna, other = await connector.users()
    assert (anna.id, anna.name, anna.extension, anna.active) == ("7", "Anna B", "101", True)
    assert (other.name, other.extension) == ("c@d.example", None)
