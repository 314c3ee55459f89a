"""What systemd hears: alive only while loop and store writer are."""

import asyncio
import threading
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.daemon.pulse import Pulse
from calltrackd.ops.systemd import Notifier
from calltrackd.store.engine import Store
from calltrackd.store.errors import StoreDown
from tests.daemon.company import Call, office, pbx, settings
from tests.daemon.heard import log
from tests.fakes.ami import FakeAmi


class Ear(Notifier):
    """What systemd hears, in order."""

    def __init__(self, watchdog_s: float | None) -> None:
        super().__init__({})
        self.watchdog_s = watchdog_s
        self.heard: list[str] = []
        self.more = asyncio.Event()

    def _send(self, *lines: str) -> None:
        self.heard += lines
        self.more.set()

    async def until(self, line: str, times: int = 1) -> None:
        async with asyncio.timeout(10):
            while self.heard.count(line) < times:
                self.more.clear()
                await self.more.wait()


async def test_watchdog_is_kicked_while_the_writer_answers(store: Store) -> None:
    """Also when it answers that the store is down: a restart would not mend that."""
    ear = Ear(0.02)
    pulse = asyncio.create_task(Pulse(ear, store, lambda: "fine").run())
    await ear.until("WATCHDOG=1", 2)

    async def down(_work: object) -> None:
        raise StoreDown("no disk")

    store.writer.submit = down  # type: ignore[method-assign,assignment]
    await ear.until("WATCHDOG=1", ear.heard.count("WATCHDOG=1") + 2)
    assert ear.heard.count("STATUS=fine") >= 4
    pulse.cancel()


async def test_hung_writer_is_not_alive(store: Store) -> None:
    """A unit that never ends holds up the writer: systemd hears nothing more, the log says why."""
    ear, gate = Ear(0.02), threading.Event()

    async def hangs(_conn: AsyncConnection) -> None:
        gate.wait()

    held = asyncio.create_task(store.writer.submit(hangs))
    with log() as heard:
        pulse = asyncio.create_task(Pulse(ear, store, lambda: "fine").run())
        await heard.line("store.hangs")
        assert "WATCHDOG=1" not in ear.heard
        gate.set()
        await held
        await ear.until("WATCHDOG=1")
    pulse.cancel()


async def test_status_tells_calls_and_links(tmp_path: Path, ami: FakeAmi) -> None:
    """READY when the calls are recovered; then the line of `systemctl status`; STOPPING."""
    ear = Ear(None)
    async with office(settings(tmp_path, [pbx(ami)]), ear) as one:
        await ear.until("STATUS=0 calls; up: hq")
        ami.send(Call(1).rings)
        await one.until(bool)
        assert one.daemon._board.status == "1 calls; up: hq"
        ami.drop()
        await ear.until("STATUS=1 calls; up: none; down: hq")
    assert ear.heard.index("READY=1") < ear.heard.index("STATUS=0 calls; up: hq")
    assert ear.heard.count("STOPPING=1") == 1


async def test_reload_is_told_begun_and_done(tmp_path: Path, ami: FakeAmi) -> None:
    """Systemctl reload waits for the READY behind RELOADING, also when the reload fails."""
    ear = Ear(None)
    wanted = settings(tmp_path, [pbx(ami)])
    async with office(wanted, ear) as one:
        await one.daemon.reload(wanted)
        assert ear.heard.index("RELOADING=1") < len(ear.heard) - 1
        assert ear.heard.count("READY=1") == 2
