"""A store in a file of its own, a CRM and a house."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from calltrackd.store.engine import Store
from tests.crm.returns.house import FakeCrm, House


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """An open store without anything in it."""
    opened = await Store.open(f"sqlite:///{tmp_path / 'calls.db'}")
    yield opened
    await opened.close()


@pytest.fixture
def crm() -> FakeCrm:
    """A CRM without deals."""
    return FakeCrm()


@pytest.fixture
def house(store: Store, crm: FakeCrm) -> House:
    """All of it."""
    return House(store, crm)
