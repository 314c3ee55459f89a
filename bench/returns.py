"""How long a dialplan waits for /v1/route, and a CRM for the answer to its webhook.

    python bench/returns.py            # prints milliseconds at p50, p99 and the worst

The pages are served by one process and asked by another, on loopback; the store is SQLite on the
disk of the current folder, each webhook flushed before it is answered.
"""

import asyncio
import json
import multiprocessing
import tempfile
import time
from collections.abc import Awaitable, Callable
from multiprocessing.synchronize import Event
from pathlib import Path

import aiohttp

from calltrackd.crm.returns.people import Guide, People
from calltrackd.crm.returns.ports import Posted, Told
from calltrackd.model.person import Person
from calltrackd.store.engine import Store
from calltrackd.web.app import Pages, listening, outside_application
from calltrackd.web.postbox import Postbox
from calltrackd.web.route import Route

QUESTIONS, WEBHOOKS, SENDERS = 5000, 3000, 16
CLIENT = "+79161234567"


class Crm:
    """Knows nobody and believes everything."""

    async def responsible(self, _phone: str) -> None:
        await asyncio.sleep(0.3)

    def verify(self, _posted: Posted) -> bool:
        return True

    def told(self, _content_type: str, _body: bytes) -> Told:
        return Told()


async def serve(folder: str, told: "multiprocessing.SimpleQueue[int]", over: Event) -> None:
    """The pages, until `over`."""
    store = await Store.open(f"sqlite:///{folder}/calls.db")
    crm, people = Crm(), People()
    people.adopt([Guide("crm", crm, lambda _did: True)])
    people.found("crm", CLIENT, Person("crm", "3", "Anna", "101"), time.time())
    pages: list[Pages] = [
        Route(people, lambda: "RU", lambda _result, _s: None),
        Postbox(store, lambda _target: crm, lambda _target: None, count=lambda *_: None),
    ]
    async with listening(outside_application(pages), "127.0.0.1", 0) as port:
        told.put(port)
        await asyncio.to_thread(over.wait)
    await people.close()
    await store.close()


async def timed(ask: Callable[[int], Awaitable[int]], count: int, at_once: int) -> list[float]:
    """Seconds of each question, sorted; every answer must be a 200."""
    numbers = iter(range(count))
    took = []

    async def one_by_one() -> None:
        for n in numbers:
            began = time.perf_counter()
            assert await ask(n) == 200
            took.append(time.perf_counter() - began)

    await asyncio.gather(*(one_by_one() for _ in range(at_once)))
    return sorted(took)


def said(what: str, took: list[float], since: float) -> None:
    """A line of figures."""
    p50, p99, worst = (took[int(len(took) * part)] * 1000 for part in (0.5, 0.99, 0.99999))
    rate = len(took) / (time.perf_counter() - since)
    print(f"{what:34} p50 {p50:6.2f}  p99 {p99:6.2f}  worst {worst:6.2f} ms  {rate:6.0f}/s")


async def ask(port: int) -> None:
    """All measurements."""
    url = f"http://127.0.0.1:{port}/v1"
    fresh = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=fresh) as session:

        async def route(query: str) -> int:
            async with session.get(f"{url}/route?format=text&{query}") as answer:
                await answer.read()
                return answer.status

        async def post(n: int) -> int:
            body = json.dumps({"deals": [{"id": n}]}).encode()
            async with session.post(f"{url}/crm/crm", data=body) as answer:
                await answer.read()
                return answer.status

        since = time.perf_counter()
        known = await timed(lambda _n: route("caller=79161234567"), QUESTIONS, 1)
        said("route, known client", known, since)
        since = time.perf_counter()
        strangers = await timed(lambda n: route(f"caller=7916{n:07}"), QUESTIONS, 8)
        said("route, strangers, 8 at once", strangers, since)
        since = time.perf_counter()
        said("webhook stored, 16 at once", await timed(post, WEBHOOKS, SENDERS), since)


def main() -> None:
    told: multiprocessing.SimpleQueue[int] = multiprocessing.SimpleQueue()
    over = multiprocessing.Event()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        server = multiprocessing.Process(
            target=lambda: asyncio.run(serve(folder, told, over)), daemon=True
        )
        server.start()
        asyncio.run(ask(told.get()))
        over.set()
        server.join()


if __name__ == "__main__":
    main()
