"""Chores of the store and the journals."""

import asyncio

import pytest

from calltrackd.daemon.keeping import Keeping
from calltrackd.settings import Settings
from calltrackd.store.engine import Store
from tests.crm.conftest import until
from tests.daemon.heard import log


async def test_chore_that_fails_is_told_and_tried_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No chore ends the daemon."""
    monkeypatch.setattr("calltrackd.daemon.keeping.EVERY_S", 0.0)
    asked = 0

    def kept() -> tuple[Settings, list[object]]:
        nonlocal asked
        asked += 1
        raise ZeroDivisionError

    with log() as heard:
        chores = asyncio.create_task(Keeping(store, kept).run())  # type: ignore[arg-type]
        await heard.line("keeping.failed")
        await until(lambda: asked >= 3)
    chores.cancel()
