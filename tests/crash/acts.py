"""What the tests of faults do again and again: traffic, waiting, and the verdict at the end."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.crash.conftest import MIX
from tests.crash.daemon import Daemon
from tests.crash.witness import SLACK_S, Outage, Stall, Witness
from tests.fakes.receiver import Receiver
from tests.lab.traffic import Traffic, repeated

RATE = 10.0


@asynccontextmanager
async def under_traffic(traffic: Traffic, rate: float = RATE) -> AsyncIterator[None]:
    """Calls are made while the block lasts, and a second after it; then all are over."""
    dialling = asyncio.create_task(traffic.run(repeated(MIX), rate))
    await asyncio.sleep(3.0)
    yield
    await asyncio.sleep(1.5)
    traffic.stop()
    await dialling
    await traffic.settled()


async def attached_again(daemon: Daemon, times: int) -> float:
    """Wait for the snapshot of that login; its moment, unix seconds."""

    async def is_there() -> bool:
        return len(daemon.said("snapshot is taken")) >= times

    await daemon.until(is_there, 40, f"attached {times} times")
    return daemon.moments("snapshot is taken")[times - 1]


async def judged(
    daemon: Daemon,
    traffic: Traffic,
    receiver: Receiver,
    *outages: Outage,
    stalls: tuple[Stall, ...] = (),
    slack_s: float = SLACK_S,
) -> Witness:
    """Stop the daemon once all is told, and hold all against each other."""
    await daemon.all_told()
    await daemon.terminate()
    records = await daemon.records()
    witness = Witness(traffic.attempts, outages, stalls, slack_s)
    witness.hear_store(records)
    witness.hear_receiver(receiver.hits, records)
    witness.verdict(daemon.last_words)
    assert receiver.forged == 0
    return witness


async def started(daemon: Daemon) -> Outage:
    """Start it; the time before its first look at the PBX."""
    began = time.time()
    await daemon.start()
    await daemon.ready()
    return Outage(began, time.time())


async def outages_of(daemon: Daemon, *numbers: str) -> dict[str, float]:
    """Caller's number -> seconds of its record in which nothing was seen."""
    wanted = {f"+{number}" for number in numbers}
    return {r.caller[1:]: r.outage_s for r in await daemon.records() if r.caller in wanted}
