"""The way to a portal: tokens, names, speed, batches, secrets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from calltrackd.crm.bitrix24.connector import Bitrix24, build
from calltrackd.crm.bitrix24.portal import Portal
from calltrackd.crm.books import Books
from calltrackd.crm.oauth import NOTE
from calltrackd.crm.tools import Tools
from calltrackd.crm.trouble import AuthFailed, Failing, Limited, Permanent, Unknown
from calltrackd.settings.crm.bitrix24 import Bitrix24Target
from calltrackd.store.engine import Store
from tests.crm.bitrix24.stage import app, webhook
from tests.crm.house import CLIENT, QuickClock, target_for
from tests.fakes.bitrix24 import Bitrix24Fake
from tests.fakes.crm_base import Fault

SEARCH = {"type": "PHONE", "values": [CLIENT]}


@pytest.fixture
async def fake() -> AsyncIterator[Bitrix24Fake]:
    """A portal."""
    async with Bitrix24Fake() as portal:
        yield portal


@pytest.fixture
async def tools(tmp_path: Path) -> AsyncIterator[Tools]:
    """Memory and a clock."""
    store = await Store.open(f"sqlite:///{tmp_path / 'calls.db'}")
    clock = QuickClock(50.0)
    yield Tools(books=Books(store, "crm", clock.now), clock=clock)
    await store.close()


@asynccontextmanager
async def opened(settings: Bitrix24Target, tools: Tools) -> AsyncIterator[Portal]:
    """The way to a portal, closed at the end."""
    portal = Portal(settings, tools)
    yield portal
    await portal.close()


@asynccontextmanager
async def connected(settings: Bitrix24Target, tools: Tools) -> AsyncIterator[Bitrix24]:
    """A connector, closed at the end."""
    connector = build(target_for(settings), tools)
    yield connector
    await connector.close()


async def test_a_token_that_is_over_is_refreshed_and_the_request_repeated(
    fake: Bitrix24Fake, tools: Tools
) -> None:
    """Only when the portal says so; the new pair is stored."""
    async with opened(app(fake), tools) as portal:
        await portal.call("scope", {})
        await portal.call("scope", {})
        assert len(fake.asked("/oauth")) == 1
        fake.expire()
        await portal.call("scope", {})
    assert len(fake.asked("/oauth")) == 2
    assert (await tools.books.note(NOTE))["refresh"] == "refresh-2"


async def test_a_portal_that_refuses_every_token_is_not_asked_for_ever(
    fake: Bitrix24Fake, tools: Tools
) -> None:
    """One refresh for a request."""
    error = '{"error": "expired_token", "error_description": "over"}'
    fake.always = lambda hit: (
        Fault(status=401, body=error) if hit.path.startswith("/rest") else None
    )
    async with opened(app(fake), tools) as portal:
        with pytest.raises(AuthFailed):
            await portal.call("scope", {})
    assert len(fake.asked("/rest")) == 2


async def test_a_refresh_that_took_the_token_and_lost_the_answer_needs_somebody(
    fake: Bitrix24Fake, tools: Tools
) -> None:
    """Tried twice with the pair of before; a new one in the settings mends it."""
    fake.refresh_is_strict = True
    fake.fail(Fault(accept=True, reset=True))
    async with opened(app(fake), tools) as portal:
        with pytest.raises(AuthFailed, match="log in anew"):
            await portal.call("scope", {})
    async with opened(app(fake, refresh_token=fake.refresh_token), tools) as portal:
        assert "crm" in await portal.call("scope", {})


async def test_a_renamed_portal_is_followed_by_the_same_request(
    fake: Bitrix24Fake, tools: Tools
) -> None:
    """POST with all its parameters, and the name is remembered; a new one in the settings wins."""
    async with Bitrix24Fake() as renamed:
        renamed.keep("contact", fm=[{"value": CLIENT}])
        fake.moved_to = renamed.url
        async with opened(webhook(fake), tools) as portal:
            found = await portal.call("crm.duplicate.findbycomm", SEARCH)
            assert found == {"CONTACT": [1]}
        async with opened(webhook(fake), tools) as portal:
            await portal.call("crm.duplicate.findbycomm", SEARCH)
        assert len(fake.hits) == 1
        assert {hit.verb for hit in renamed.hits} == {"POST"}
        fake.moved_to = None
        async with opened(webhook(fake, url=f"{fake.url}/"), tools) as portal:
            assert await portal.address() == renamed.url
        async with opened(webhook(fake, url="https://other.example"), tools) as portal:
            assert await portal.address() == "https://other.example"


@pytest.mark.parametrize("place", ["https://evil.example", "ftp://127.0.0.1", ""])
async def test_a_redirect_to_another_house_is_not_believed(
    fake: Bitrix24Fake, tools: Tools, place: str
) -> None:
    """The token goes nowhere else; somebody is told."""
    fake.moved_to = place
    async with opened(webhook(fake), tools) as portal:
        with pytest.raises(AuthFailed, match="another house"):
            await portal.call("scope", {})
    assert len(fake.hits) == 1


async def test_portals_that_send_each_other_around_are_left(
    fake: Bitrix24Fake, tools: Tools
) -> None:
    """Two names are enough."""
    fake.moved_to = fake.url
    async with opened(webhook(fake), tools) as portal:
        with pytest.raises(Failing, match="redirect"):
            await portal.call("scope", {})
    assert len(fake.hits) == 3


async def test_a_method_whose_time_is_used_up_rests_alone(fake: Bitrix24Fake, tools: Tools) -> None:
    """Until the moment that its last success named; other methods go on."""
    fake.use_clock(tools.clock.now)
    async with opened(webhook(fake), tools) as portal:
        await portal.call("scope", {})
        fake.operating["scope"] = fake.clock() + 300
        with pytest.raises(Limited) as told:
            await portal.call("scope", {})
        assert told.value.after is not None
        assert 250 < told.value.after <= 300
        with pytest.raises(Limited):
            await portal.call("scope", {})
        await portal.call("user.get", {})
    assert len(fake.hits) == 3


async def test_batches_with_errors_inside_200_are_none(fake: Bitrix24Fake, tools: Tools) -> None:
    """What one command may not do, the batch has not done; nor is half an answer one."""
    commands: dict[str, tuple[str, dict[str, Any]]] = {
        key: ("crm.item.list", {"entityTypeId": n}) for key, n in (("lead", 1), ("contact", 3))
    }
    async with opened(webhook(fake), tools) as portal:
        fake.batch_errors = {"lead": {"error": "", "error_description": "Access denied."}}
        with pytest.raises(Permanent):
            await portal.batch(commands)
        fake.batch_drops = ["lead"]
        with pytest.raises(Failing, match="1 commands"):
            await portal.batch(commands)
        fake.batch_drops = ["lead", "contact"]
        with pytest.raises(Failing, match="2 commands"):
            await portal.batch(commands)
        fake.keep("lead")
        assert (await portal.batch(commands))["lead"] == {"items": [{"id": 1}]}


async def test_a_batch_that_is_too_fast_inside_is_asked_again(
    fake: Bitrix24Fake, tools: Tools
) -> None:
    """The whole of it: it only reads."""
    fake.batch_errors = {"lead": {"error": "QUERY_LIMIT_EXCEEDED"}}
    async with opened(webhook(fake), tools) as portal:
        found = await portal.batch({"lead": ("crm.item.list", {"entityTypeId": 1})})
    assert found == {"lead": {"items": []}}
    assert len(fake.hits) == 2


@pytest.mark.parametrize("as_list", [True, False])
async def test_an_unknown_number_is_nobody_in_either_form(
    fake: Bitrix24Fake, tools: Tools, as_list: bool
) -> None:
    """`[]` and `{}` are the same nothing."""
    fake.empty_as_list = as_list
    async with connected(webhook(fake), tools) as connector:
        assert await connector.responsible(CLIENT) is None


async def test_the_manager_is_found_in_two_requests(fake: Bitrix24Fake, tools: Tools) -> None:
    """Ids, then one batch; users are read once. His extension is that of the settings."""
    fake.keep("contact", fm=[{"value": CLIENT}], assignedById=8)
    fake.users = [{"ID": "8", "NAME": "Anna", "ACTIVE": True, "UF_PHONE_INNER": "999"}]
    async with connected(webhook(fake), tools) as connector:
        for _ in range(2):
            person = await connector.responsible(CLIENT)
            assert person is not None
            assert (person.id, person.name, person.extension) == ("8", "Anna", "102")
    search = ["crm.duplicate.findbycomm", "batch"]
    assert fake.named == [*search, "user.get", *search]


@pytest.mark.parametrize("mode", [app, webhook])
async def test_no_secret_is_in_any_word(fake: Bitrix24Fake, tools: Tools, mode: Any) -> None:
    """Not the webhook's, which stands in the path, nor a token that the portal repeats."""
    async with opened(mode(fake), tools) as portal:
        await portal.call("scope", {})
        body = '{"error": "X", "error_description": "access-1 s3cr3t-token refresh-1 refresh-0"}'
        fake.fail(Fault(status=400, body=body), Fault(hang=True, accept=True))
        with pytest.raises(Permanent) as refused:
            await portal.call("scope", {})
        with pytest.raises(Unknown) as lost:
            await portal.call("scope", {})
    told = f"{refused.value} {lost.value}"
    known = ["s3cr3t-token", *(["access-1", "refresh-1"] if mode is app else [])]
    assert not [secret for secret in known if secret in told]
