"""Tokens: long-lived ones are taken as they are, OAuth's rotate."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from calltrackd.crm.amocrm import connector
from calltrackd.crm.amocrm.connector import Amocrm
from calltrackd.crm.books import Books
from calltrackd.crm.oauth import NOTE
from calltrackd.crm.tools import Tools
from calltrackd.crm.trouble import AuthFailed, Failing
from calltrackd.store.engine import Store
from tests.crm.amocrm.conftest import settings
from tests.crm.house import QuickClock, target_for
from tests.fakes.amocrm import AmocrmFake
from tests.fakes.crm_base import Fault

OAUTH = {"secret": "client-secret", "client_id": "c", "redirect_uri": "https://x.example/"}


@asynccontextmanager
async def amocrm(folder: Path, fake: AmocrmFake, **fields: Any) -> AsyncIterator[Amocrm]:
    """A connector of its own, over the books in the folder."""
    store = await Store.open(f"sqlite:///{folder / 'calls.db'}")
    clock = QuickClock(20.0)
    fake.use_clock(clock.now)
    tools = Tools(books=Books(store, "amo", clock.now), clock=clock)
    made = connector.build(target_for(settings(fake, **{"timeout_s": 10.0, **fields})), tools)
    yield made
    await made.close()
    await store.close()


async def test_a_long_lived_token_is_never_refreshed(tmp_path: Path, fake: AmocrmFake) -> None:
    """A refused one is the admin's business, and is not shown."""
    fake.token = "another"
    async with amocrm(tmp_path, fake) as crm:
        with pytest.raises(AuthFailed) as failed:
            await crm.users()
    assert "s3cr3t" not in str(failed.value)
    assert fake.asked("/oauth2") == []


@pytest.mark.parametrize(
    "fields", [{"code": "auth-code-0"}, {"refresh_token": "refresh-token-0"}], ids=["code", "token"]
)
async def test_the_first_tokens_come_by_what_the_settings_have(
    tmp_path: Path, fake: AmocrmFake, fields: dict[str, str]
) -> None:
    """The code of the integration's page, or a refresh token; the next process needs neither."""
    for _ in range(2):
        async with amocrm(tmp_path, fake, **OAUTH, **fields) as crm:
            assert len(await crm.users()) == 3
    assert fake.refreshes == 1


async def test_a_token_that_ends_in_the_middle_is_refreshed_once_for_all(
    tmp_path: Path, fake: AmocrmFake
) -> None:
    """Ten requests at once are refused by 401: one refresh, stored, and all go through."""
    async with amocrm(tmp_path, fake, **OAUTH, code="auth-code-0") as crm:
        await crm.users()
        fake.token_until = fake.clock()
        await asyncio.gather(*(crm.users() for _ in range(5)))
        assert fake.refreshes == 2
    store = await Store.open(f"sqlite:///{tmp_path / 'calls.db'}")
    assert (await Books(store, "amo").note(NOTE))["refresh"] == "refresh-token-2"
    await store.close()


async def test_a_lost_refresh_is_no_unknown_outcome_of_the_request(
    tmp_path: Path, fake: AmocrmFake
) -> None:
    """Nothing was sent but the refresh, whose answers never came; it is tried again later."""
    async with amocrm(tmp_path, fake, **OAUTH, refresh_token="refresh-token-0") as crm:
        fake.fail(Fault(reset=True), Fault(reset=True))
        with pytest.raises(Failing):
            await crm.users()
        assert len(await crm.users()) == 3


async def test_a_consumed_refresh_token_needs_a_new_login(tmp_path: Path, fake: AmocrmFake) -> None:
    """The refresh was taken and its answer lost: the old token is worth nothing now."""
    async with amocrm(tmp_path, fake, **OAUTH, refresh_token="refresh-token-0") as crm:
        fake.fail(Fault(accept=True, reset=True))
        with pytest.raises(AuthFailed, match="log in anew"):
            await crm.users()


@pytest.mark.parametrize(
    "fields",
    [{"client_id": "c"}, {"code": "x"}, {"fallback_user": "anna"}, {"users": {"101": "anna"}}],
)
def test_settings_that_can_never_work_are_told(fields: dict[str, Any]) -> None:
    """Half an integration, a code without one, users that are no numbers."""
    with pytest.raises(ValidationError):
        settings(AmocrmFake(), **{"url": "https://x.example", **fields})
