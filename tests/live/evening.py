"""All scenarios of the lab with the daemon attached, several companies at a time.

One company = a real Asterisk, its phones and a daemon of its own. Plots are shared out among them,
since a call lasts as long as people talk; the machine is idle meanwhile.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from calltrackd.model.call import public
from tests.crash.daemon import Daemon
from tests.lab import scenarios as _scenarios  # noqa: F401 - registers them
from tests.lab.asterisk import Asterisk
from tests.lab.stage import SCENARIOS, Scenario, Stage, play

COMPANIES = 4
SETTLED_S = 15.0
ATTEMPTS = 3
CLOCK_STEP_S = 0.1
"""FreeSWITCH's own clock goes in steps of 20 ms; plots are further apart than this."""
MOST_LAG_S = 0.15
NOWHERE = "http://127.0.0.1:9/"  # a closed port: deliveries wait, and are none of our business here


@dataclass
class Played:
    """What came of one plot: the phones' truth and the daemon's records."""

    truth: dict[str, Any] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)
    diary: list[str] = field(default_factory=list)
    error: BaseException | None = None
    lag: float = 0.0


def playable() -> list[str]:
    """Plots in which the daemon sees what the truth assumes: no link of the tap's own is cut."""
    return [
        name for name, plot in SCENARIOS.items() if plot.attach and not name.startswith("link_cut")
    ]


async def play_all(version: int, folder: Path, names: Iterable[str]) -> dict[str, Played]:
    """Every named plot, once. Raises Unavailable where there can be no such PBX."""
    left = list(names)[::-1]
    played: dict[str, Played] = {}
    companies = (
        _company(version, folder / str(number), left, played) for number in range(COMPANIES)
    )
    await asyncio.gather(*companies)
    return played


async def _company(version: int, home: Path, left: list[str], played: dict[str, Played]) -> None:
    await asyncio.to_thread(home.mkdir, parents=True)
    pbx = Asterisk(version, home / "pbx")
    pbx.start()  # here and not in a thread: so it ends with this process, whatever ends it
    try:
        async with Daemon(home, pbx.ami_port, NOWHERE) as daemon:
            await daemon.start()
            await daemon.ready()
            while left:
                name = left.pop()
                played[name] = await shown(lambda: Stage(pbx), daemon, SCENARIOS[name])
    finally:
        await asyncio.to_thread(pbx.stop)


async def shown(stage: Callable[[], Stage], daemon: Daemon, plot: Scenario) -> Played:
    """One plot on a new stage, with the daemon attached; it runs again afterwards in any case."""
    played = await _witnessed(stage, daemon, plot)
    if await _died(daemon):
        played.error = AssertionError(f"the daemon died:\n{daemon.last_words()}")
        await daemon.start()
        await daemon.ready()
    return played


async def _died(daemon: Daemon) -> bool:
    with contextlib.suppress(TimeoutError):
        await daemon.exited(0.01)
        return True
    return False


async def _witnessed(stage: Callable[[], Stage], daemon: Daemon, plot: Scenario) -> Played:
    """Played again while the machine was too busy for the phones to be exact witnesses."""
    for _ in range(ATTEMPTS - 1):
        played = await _one(stage(), daemon, plot)
        if played.lag < MOST_LAG_S:
            return played
    return await _one(stage(), daemon, plot)


async def _one(stage: Stage, daemon: Daemon, plot: Scenario) -> Played:
    result = Played()
    stage.attached = daemon.ready
    began = time.time()
    try:
        await play(stage, plot)
        await daemon.until(lambda: _all_over(daemon), SETTLED_S, "without a call in progress")
        result.truth = {"t0": stage.tap.zero, "calls": stage.expected()}
        stored = await daemon.records()
        mine = [record for record in stored if record.started_at > began - CLOCK_STEP_S]
        result.records = [public(record) for record in mine]
    except Exception as error:  # noqa: BLE001 - belongs to the test of this plot
        result.error = error
    result.diary, result.lag = stage.diary.lines(), stage.lag
    return result


async def _all_over(daemon: Daemon) -> bool:
    status, text = await daemon.get("/v1/calls/open")
    with contextlib.suppress(json.JSONDecodeError):
        found = json.loads(text)
        return status == 200 and not (found["calls"] if isinstance(found, dict) else found)
    return False
