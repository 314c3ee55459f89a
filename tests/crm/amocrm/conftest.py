"""An account, its settings, and a house that tells it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from calltrackd.crm.amocrm import connector
from calltrackd.settings.crm import AmocrmTarget
from tests.crm.house import House, a_house, target_for
from tests.fakes.amocrm import AmocrmFake

Enter = Callable[..., AbstractAsyncContextManager[House]]


def settings(fake: AmocrmFake, **fields: Any) -> AmocrmTarget:
    """Settings that reach the account."""
    given = {
        "kind": "amocrm",
        "name": "amo",
        "url": fake.url,
        "secret": "s3cr3t-token",
        "users": {"101": "11", "102": "12"},
        "allow_private": True,
        "timeout_s": 0.4,
        **fields,
    }
    return AmocrmTarget.model_validate(given)


@pytest.fixture
async def fake() -> AsyncIterator[AmocrmFake]:
    """A running account."""
    async with AmocrmFake() as running:
        yield running


@pytest.fixture
def enter(fake: AmocrmFake, tmp_path: Path) -> Enter:
    """Gives a function: settings as keywords in, a house for the account out."""

    def begin(**fields: Any) -> AbstractAsyncContextManager[House]:
        return a_house(tmp_path, target_for(settings(fake, **fields)), connector.build, speed=20.0)

    return begin
