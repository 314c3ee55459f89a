"""Killed with -9 while webhooks of a CRM come in: what was answered by 200 is worked on, once."""

import asyncio
import json
import time
from pathlib import Path

import aiohttp
import pytest

from calltrackd.crm.webhook.signature import ID, SIGNATURE, TIMESTAMP, sign
from calltrackd.store import deals, inbox
from calltrackd.store.deals import DealFilter
from calltrackd.store.engine import Store
from tests.crash.daemon import KEY, MOST, Daemon
from tests.fakes.ami import FakeAmi
from tests.fakes.receiver import Receiver
from tests.store.build import read

pytestmark = pytest.mark.waits

ROUNDS = 3
A_ROUND = 120
"""Webhooks answered before the kill."""
SENDERS = 8


async def post(session: aiohttp.ClientSession, port: int, deal_id: int) -> bool:
    """Whether the deal's webhook was answered by 200."""
    one = {"id": deal_id, "stage": "NEW", "changed_at": "2026-11-23T10:00:00Z"}
    body = json.dumps({"deals": [one]}).encode()
    now = int(time.time())
    headers = {ID: f"m{deal_id}", TIMESTAMP: str(now)}
    headers[SIGNATURE] = sign((KEY,), headers[ID], now, body)
    try:
        url = f"http://127.0.0.1:{port}/v1/crm/crm"
        async with session.post(url, data=body, headers=headers) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def flood(daemon: Daemon, numbers: list[int], acknowledged: set[int]) -> None:
    """Send until enough were answered; then the daemon is killed with others on the wire."""
    wanted = len(acknowledged) + A_ROUND

    async def send(session: aiohttp.ClientSession) -> None:
        while len(acknowledged) < wanted:
            numbers[0] += 1
            mine = numbers[0]
            if await post(session, daemon.web_port, mine):
                acknowledged.add(mine)

    async with aiohttp.ClientSession() as session:
        sending = [asyncio.create_task(send(session)) for _ in range(SENDERS)]
        await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
        await daemon.kill()
        for one in sending:
            one.cancel()
        await asyncio.gather(*sending, return_exceptions=True)


async def test_answered_webhooks_survive_kills(tmp_path: Path) -> None:
    """Each is a deal in the end, with one step of history, however often the daemon died."""
    acknowledged: set[int] = set()
    numbers = [0]
    async with FakeAmi() as ami, Receiver((KEY,)) as receiver:
        daemon = Daemon(tmp_path, ami.port, receiver.url, secret=ami.secret)
        config = daemon.config.read_text()
        with_deals = config.replace("concurrency = 16\n", "concurrency = 16\n[target.deals]\n")
        daemon.config.write_text(with_deals)
        async with daemon:
            for _ in range(ROUNDS):
                await daemon.start()
                await daemon.ready()
                await flood(daemon, numbers, acknowledged)
            await daemon.start()
            await daemon.ready()
            store = await Store.open(f"sqlite:///{tmp_path}/state/calltrackd.db", migrate=False)
            async with asyncio.timeout(30):
                while "crm" in await read(store, inbox.standing):  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.05)
    found = await read(store, deals.list_deals, DealFilter(), MOST)
    steps = [len(await read(store, deals.history, one)) for one in found]
    await store.close()
    assert acknowledged <= {int(one.id) for one in found}
    assert len(acknowledged) >= ROUNDS * A_ROUND
    assert set(steps) == {1}
