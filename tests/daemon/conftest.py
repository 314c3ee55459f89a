"""A PBX and a receiver for each test."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from calltrackd.store.engine import Store
from tests.daemon.company import SIGNING
from tests.fakes.ami import FakeAmi
from tests.fakes.receiver import Receiver


@pytest.fixture
async def ami() -> AsyncIterator[FakeAmi]:
    """A manager interface that behaves, until told."""
    async with FakeAmi() as server:
        yield server


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A CRM that checks signatures."""
    key = base64.b64decode(SIGNING.removeprefix("whsec_"))
    async with Receiver((key,)) as one:
        yield one


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store."""
    one = await Store.open(f"sqlite:///{tmp_path}/calls.db")
    yield one
    await one.close()
