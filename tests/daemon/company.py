"""A company for tests: PBXs that play a recorded call, a receiver, and a daemon between them."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from calltrackd.daemon.core import Daemon
from calltrackd.model.call import public
from calltrackd.ops.systemd import Notifier
from calltrackd.pbx.stream import Stream
from calltrackd.settings import (
    AsteriskPbx,
    Keypad,
    KeypadMap,
    Number,
    Settings,
    WebhookTarget,
    WebSettings,
)
from calltrackd.store import calls
from calltrackd.store.calls import CallFilter
from calltrackd.store.engine import Store
from calltrackd.store.errors import StoreDown
from tests.fakes.ami import FakeAmi
from tests.fakes.receiver import Receiver

SECRET = "labsecret"
SIGNING = "whsec_" + "A" * 32
RECORDED = Path(__file__).parents[1] / "streams/given/asterisk-22/operator_dtmf_tag.jsonl"
USED = re.compile(
    r"Event: (?:Newchannel|DialBegin|Newstate|DialState|DialEnd|BridgeEnter|DTMF\w+|HangupRequest"
    r"|BridgeLeave|Hangup)\b"
)

RECORDS = "Application: MixMonitor\r\n"


class Call:
    """A real call of Asterisk 22 to 101, which presses 7; under ids of its own, part by part.

    `recorded`: it tells of its three recordings, too.
    """

    def __init__(self, number: int, caller: str = "79161234567", *, recorded: bool = False) -> None:
        text = "".join(chunk.data.decode() for chunk in Stream(RECORDED))
        bridge = re.search(r"BridgeUniqueid: (\S+)", text)
        assert bridge is not None
        for old, new in {
            "1795423487.125": f"1795000000.{number}1",
            "1795423487.126": f"1795000000.{number}2",
            "trunk-00000043": f"trunk-{number:07x}1",
            "101-00000044": f"101-{number:07x}2",
            bridge[1]: f"bridge-{number}",
            "79161234567": caller,
        }.items():
            text = text.replace(old, new)
        found = (block.lstrip() for block in text.split("\r\n\r\n"))
        used = (one for one in found if USED.match(one) or (recorded and RECORDS in one))
        blocks = [f"{block}\r\n\r\n" for block in used]
        self.recording = f"/var/spool/asterisk/rec/lab22-1795000000.{number}1"
        self.phone = f"PJSIP/101-{number:07x}2"
        self.rings = self._upto(blocks, "Event: DialState")
        self.answers = self._upto(blocks, "Event: BridgeEnter", times=2)
        self.key_7 = self._upto(blocks, "Event: DTMFEnd", times=2)
        self._upto(blocks, "Event: DTMFEnd", times=6)
        self.ends = "".join(blocks).encode()
        self.whole = self.rings + self.answers + self.key_7 + self.ends

    @staticmethod
    def _upto(blocks: list[str], last: str, times: int = 1) -> bytes:
        """Take the blocks up to the one that begins so."""
        taken = ""
        while times:
            block = blocks.pop(0)
            taken += block
            times -= block.startswith(last)
        return taken.encode()


def pbx(ami: FakeAmi, name: str = "hq", **fields: Any) -> AsteriskPbx:
    """The attachment to a fake PBX, impatient."""
    given = {"port": ami.port, "secret": SECRET, "retry_cap_s": 0.05, **fields}
    return AsteriskPbx(kind="asterisk", name=name, **given)


def target(receiver: Receiver, **fields: Any) -> WebhookTarget:
    """The receiver as a target."""
    given = {"name": "crm", "url": receiver.url, "secrets": [SIGNING], **fields}
    return WebhookTarget(kind="webhook", allow_private=True, **given)


def settings(
    folder: Path,
    attached: Sequence[AsteriskPbx],
    targets: Sequence[WebhookTarget] = (),
    **fields: Any,
) -> Settings:
    """Two tracking numbers, one tag, a port of its own."""
    given: dict[str, Any] = {
        "number": [Number(did="+74950000001", source="google", campaign="spring")],
        "keypad": Keypad(map=[KeypadMap(keys={"7": "sale"})]),
        "web": WebSettings(port=0),
        **fields,
    }
    return Settings(state_dir=folder, pbx=list(attached), target=list(targets), **given)


class Office:
    """A running daemon, and what can be seen of it."""

    def __init__(self, daemon: Daemon, store: Store, task: "asyncio.Task[None]") -> None:
        self.daemon = daemon
        self.store = store
        self.task = task

    async def records(self) -> list[dict[str, Any]]:
        """The calls of the store, oldest first, as the outside sees them."""
        async with self.store.read() as conn:
            found = await calls.list_calls(conn, CallFilter())
        return [public(record) for record in reversed(found)]

    async def until(self, fits: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """The records once they fit; TimeoutError when they never do."""
        async with asyncio.timeout(10):
            while not fits(found := await self.records()):  # noqa: ASYNC110 - the truth is the store
                await asyncio.sleep(0.005)
        return found

    async def get(self, path: str) -> tuple[int, Any]:
        """Status and JSON of a page of the local port."""
        url = f"http://127.0.0.1:{self.daemon.port}{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status, await answer.json()

    async def stop(self) -> None:
        """As SIGTERM does. Raises what the daemon raises."""
        self.daemon.stop()
        await asyncio.wait_for(self.task, 12)

    async def kill(self) -> None:
        """As far as a task can be: nothing is written from now on."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@asynccontextmanager
async def office(wanted: Settings, notifier: Notifier | None = None) -> AsyncIterator[Office]:
    """The daemon of these settings; stopped at the end unless it was before."""
    wanted.state_dir.mkdir(parents=True, exist_ok=True)
    store = await Store.open(wanted.store_url)
    daemon = Daemon(wanted, store, notifier or Notifier({}))
    task = asyncio.create_task(daemon.run())
    here = Office(daemon, store, task)
    ready = asyncio.create_task(daemon.ready.wait())
    try:
        async with asyncio.timeout(20):
            await asyncio.wait({ready, task}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        yield here
        if not task.done():
            await here.stop()
    finally:
        ready.cancel()
        await here.kill()
        await store.close()


class Outage:
    """A store that can't be written while `down`; every refused attempt is counted."""

    def __init__(self, store: Store) -> None:
        self.down = True
        self.refused = 0
        self._submit = store.writer.submit
        store.writer.submit = self._maybe  # type: ignore[method-assign]

    async def _maybe(self, work: Any) -> Any:
        if self.down:
            self.refused += 1
            raise StoreDown("the disk is on holiday")
        return await self._submit(work)
