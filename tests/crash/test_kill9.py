"""The daemon is killed by -9, again and again, at random moments of real traffic."""

import asyncio
import os
import random
import time
from collections.abc import Callable

import pytest

from tests.crash.conftest import MIX
from tests.crash.daemon import Daemon
from tests.crash.witness import Outage, Witness
from tests.fakes.receiver import Receiver
from tests.lab.asterisk import Asterisk
from tests.lab.traffic import Traffic, repeated

pytestmark = pytest.mark.live22

KILLS = int(os.environ.get("CALLTRACKD_KILLS", "8"))
SEED = int(os.environ.get("CALLTRACKD_SEED", "1"))
RATE = 20.0
IN_START = 0.3
"""So many of the kills hit the start itself, the recovery included; the others its work."""
LONGEST_S = 4.0
"""From the start, or from being ready, to the kill."""


async def kill_and_start(daemon: Daemon, kills: int, chance: random.Random) -> list[float]:
    """Kill it so many times; the moments."""
    killed = []
    for _ in range(kills):
        if chance.random() > IN_START:
            await daemon.ready()
        await asyncio.sleep(chance.uniform(0.0, LONGEST_S))
        await daemon.kill()
        killed.append(time.time())
        await daemon.start()
    await daemon.ready()
    return killed


def outages(daemon: Daemon, killed: list[float], first_start: float) -> list[Outage]:
    """From each kill until the next attachment whose snapshot was taken."""
    taken = daemon.moments("snapshot is taken")
    losses = [first_start, *killed]
    return [Outage(at, min(seen for seen in taken if seen > at)) for at in losses]


async def test_killed_again_and_again_under_traffic(
    asterisk: Asterisk,
    traffic: Traffic,
    receiver: Receiver,
    make_daemon: Callable[..., Daemon],
) -> None:
    """Every call has one true record, and its end was told, once for each version."""
    daemon = make_daemon(asterisk.ami_port, receiver.url)
    began = time.time()
    await daemon.start()
    await daemon.ready()
    dialling = asyncio.create_task(traffic.run(repeated(MIX), RATE))
    killed = await kill_and_start(daemon, KILLS, random.Random(SEED))
    await asyncio.sleep(1.0)
    traffic.stop()
    await dialling
    await traffic.settled()
    await daemon.all_told()
    code, took = await daemon.terminate()
    assert (code, took < 10) == (0, True)
    witness = Witness(traffic.attempts, outages(daemon, killed, began))
    records = await daemon.records()
    witness.hear_store(records)
    witness.hear_receiver(receiver.hits, records)
    print(f"\n{KILLS} kills, {len(traffic.attempts)} calls, {dict(witness.figures)}")  # noqa: T201 - the figures of a run are asked for
    print("outages", [round(one.until - one.since, 1) for one in witness.outages])  # noqa: T201
    witness.verdict(daemon.last_words)
    assert receiver.forged == 0
