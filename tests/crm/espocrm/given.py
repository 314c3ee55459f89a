"""Settings and houses for the tests of the EspoCRM connector."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from calltrackd.crm.books import Books
from calltrackd.crm.clock import WallClock
from calltrackd.crm.espocrm import connector
from calltrackd.crm.rows import rows_for
from calltrackd.crm.tools import Tools
from calltrackd.model.call import CallRecord, Change, Tag
from calltrackd.model.outbox import OutboxRow
from calltrackd.settings.crm.espocrm import EspocrmTarget
from calltrackd.store import calls, outbox, tags
from calltrackd.store.engine import Store
from tests.crm.house import CLIENT, House, a_call, a_house, answered, ended, target_for
from tests.fakes.espocrm import OLGA, EspocrmFake

SPEED = 50.0


def settings(fake: EspocrmFake, **given: Any) -> EspocrmTarget:
    """Settings that reach the fake; Olga has extension 101."""
    return EspocrmTarget.model_validate(
        {
            "kind": "espocrm",
            "name": "espo",
            "url": fake.url,
            "secret": fake.key,
            "users": {"101": OLGA},
            "allow_private": True,
            "timeout_s": 0.4,
            "limit_time_s": 5.0,
            **given,
        }
    )


@asynccontextmanager
async def espo_house(fake: EspocrmFake, folder: Path, **given: Any) -> AsyncIterator[House]:
    """A house that tells the fake; the fake's time is the house's."""
    target = target_for(settings(fake, **given))
    async with a_house(folder, target, connector.build, speed=SPEED) as house:
        fake.use_clock(house.clock.now)
        yield house


@asynccontextmanager
async def built(fake: EspocrmFake, folder: Path, **given: Any) -> AsyncIterator[connector.Espocrm]:
    """A connector without a dispatcher."""
    store = await Store.open(f"sqlite:///{folder / 'calls.db'}")
    tools = Tools(books=Books(store, "espo"), clock=WallClock())
    one = connector.build(target_for(settings(fake, **{"timeout_s": 10.0, **given})), tools)
    try:
        yield one
    finally:
        await one.close()
        await store.close()


async def tell(house: House, record: CallRecord) -> None:
    """A whole call that is told only when it is over."""
    await house.tell(record, "ended")
    await house.settled()


def over(name: str = "c1", caller: str | None = CLIENT, **fields: Any) -> CallRecord:
    """An answered call that is over."""
    return ended(answered(a_call(name, caller, **fields)))


def missed(name: str = "c1", caller: str = CLIENT, **fields: Any) -> CallRecord:
    """A call that nobody answered."""
    return ended(a_call(name, caller, **fields))


async def retag(house: House, *given: Tag) -> None:
    """The call `c1` gets tags, or is told again without news."""

    async def work(conn: Any) -> list[OutboxRow]:
        for tag in given:
            await tags.add(conn, [("c1", tag)])
        (saved,) = await calls.save(conn, [Change(over(), "updated", house.clock.now())])
        rows = rows_for(saved, "updated", [house.target], house.clock.now())
        await outbox.add(conn, rows)
        return rows

    house.dispatcher.offer(await house.store.writer.submit(work))
    await house.settled()
