"""A company that sells: a real Asterisk, a daemon, and a real Odoo that is told of its calls."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from calltrackd.model.call import CallRecord
from tests.crash.daemon import Daemon
from tests.lab.asterisk import Asterisk
from tests.lab.odoo import DATABASE, Odoo
from tests.lab.stage import Stage
from tests.live.evening import NOWHERE

HOOK_SECRET = "k7Jq2vN8sT4w"
ANY: list[Any] = ["active", "in", [True, False]]
PATIENCE_S = 60.0
SETTINGS = """public_url = "http://127.0.0.1:{web}"

[recordings]
folders = ["{spool}"]

[[target]]
kind = "odoo"
name = "odoo"
url = "{url}"
database = "{database}"
secret = "{key}"
allow_private = true
users = {{ 101 = "{olga}" }}
rate = 50.0
[target.lead]
{lead}
[target.deals]
poll_s = {poll}
secret = "{secret}"
"""


class Selling:
    """The stage, the daemon, and Odoo."""

    def __init__(self, stage: Stage, daemon: Daemon, odoo: Odoo) -> None:
        self.stage, self.daemon, self.odoo = stage, daemon, odoo

    async def rows(self, model: str, domain: list[Any], fields: list[str]) -> list[dict[str, Any]]:
        """Records of Odoo."""
        given: dict[str, Any] = {"domain": domain, "fields": fields, "order": "id"}
        rows: list[dict[str, Any]] = await self.odoo.ask(model, "search_read", **given)
        return rows

    async def leads(self, phone: str, *fields: str) -> list[dict[str, Any]]:
        """The leads of a number, lost ones too."""
        return await self.rows("crm.lead", [["phone", "=", phone], ANY], list(fields))

    async def until(self, find: Callable[[], Awaitable[Any]], what: str) -> Any:
        """Ask until something is found; it."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := await find()):
            words = self.daemon.last_words()
            assert time.monotonic() < deadline, f"never {what}:\n{words}"
            await asyncio.sleep(0.2)
        return found

    async def record(self, fits: Callable[[CallRecord], object]) -> CallRecord:
        """A record of the store, as soon as one fits."""

        async def find() -> CallRecord | None:
            found = [record for record in await self.daemon.records() if fits(record)]
            return found[0] if found else None

        one: CallRecord = await self.until(find, "such a record")
        return one

    async def call(self, shown: str, seconds: float = 1.0) -> None:
        """A client calls number 01 and talks with 101."""
        caller = await self.stage.call_in("01", shown=shown)
        await self.stage.answers("101", 0.2)
        await caller.until_up()
        await asyncio.sleep(seconds)
        await caller.bye()


@asynccontextmanager
async def selling(
    pbx: Asterisk, odoo: Odoo, folder: Path, *, lead: str = "", poll_s: float = 0.0, more: str = ""
) -> AsyncIterator[Selling]:
    """The daemon attached to `pbx` and `odoo`. `lead`: lines of [target.lead]."""
    daemon = Daemon(folder, pbx.ami_port, NOWHERE)
    text = daemon.config.read_text().replace(
        'source = "google"', 'source = "google"\ncampaign = "spring"'
    )
    text += SETTINGS.format(
        web=daemon.web_port,
        spool=pbx.folder / "spool",
        url=odoo.url,
        database=DATABASE,
        key=odoo.facts["key"],
        olga=odoo.facts["olga"],
        lead=lead,
        poll=poll_s,
        secret=HOOK_SECRET,
    )
    daemon.config.write_text(text + more)
    async with daemon:
        await daemon.start()
        await daemon.ready()
        async with Stage(pbx) as stage:
            yield Selling(stage, daemon, odoo)
        with contextlib.suppress(TimeoutError):
            await daemon.terminate()
