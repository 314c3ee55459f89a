"""A settings file, a store with calls, and a way to call a command."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from calltrackd.cli import main
from calltrackd.model.call import CallRecord, Change
from calltrackd.model.outbox import OutboxRow
from calltrackd.store import calls, outbox, tags
from calltrackd.store.engine import Store
from tests.cli.records import answered, call

SETTINGS = """
state_dir = "{folder}"
region = "RU"
[recordings]
folders = ["{folder}/rec"]
path_map = {{ "/pbx/rec" = "{folder}/rec" }}
[[target]]
kind = "webhook"
name = "crm"
url = "https://crm.example/hook"
secret_credential = "crm"
events = ["ended", "updated"]
"""


class House:
    """A site's folder, and its commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "calltrackd.toml"
        self.config.write_text(SETTINGS.format(folder=folder))

    def run(self, *words: str, config: bool = True, **options: Any) -> Result:
        """The command with this site's settings."""
        tail = ("-c", str(self.config)) if config else ()
        return CliRunner().invoke(main, [*words, *tail], **options)

    def store(self, job: Callable[[Store], Awaitable[Any]]) -> Any:
        """What the job gives, done on the site's open store."""

        async def opened() -> Any:
            store = await Store.open(f"sqlite:///{self.folder}/calltrackd.db")
            try:
                return await job(store)
            finally:
                await store.close()

        return asyncio.run(opened())

    def save(self, *records: CallRecord) -> None:
        """Put calls, with their tags, into the store."""

        async def job(store: Store) -> None:
            await store.writer.submit(lambda conn: calls.save(conn, _changes(records)))
            found = [(record.id, tag) for record in records for tag in record.tags]
            await store.writer.submit(lambda conn: tags.add(conn, found))

        self.store(job)

    def owe(self, *rows: OutboxRow) -> None:
        """Put deliveries into the store."""
        self.store(lambda store: store.writer.submit(lambda conn: outbox.add(conn, rows)))

    def owed(self) -> list[OutboxRow]:
        """All deliveries in the store, newest first."""

        async def job(store: Store) -> list[OutboxRow]:
            async with store.read() as conn:
                return await outbox.list_rows(conn)

        found: list[OutboxRow] = self.store(job)
        return found


def _changes(records: tuple[CallRecord, ...]) -> list[Change]:
    return [Change(record, "ended", record.started_at) for record in records]


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A site with three calls: answered and tagged, missed, and an outbound one."""
    house = House(tmp_path)
    house.save(
        answered(0, recordings=[]),
        call(1, outcome="no_answer", lost=True, ended_at=answered(1).started_at + 20),
        call(2, direction="outbound", outcome="busy", did=None, caller="+79990000000"),
    )
    return house
