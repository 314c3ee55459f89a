"""The demo from begin to end: PBX, receiver, daemon, calls, check, summary."""

import asyncio
import os
import time
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from calltrackd.cli.feed import follow
from tests.demo.attachment import NAMES, Make, Pbx
from tests.demo.check import differences
from tests.demo.ears import Ears, ears
from tests.demo.given import GivenPbx
from tests.demo.house import House, InUseError
from tests.demo.processes import ENDINGS, say
from tests.demo.real import RealPbx
from tests.demo.recorded import RecordedPbx
from tests.demo.screen import Screen, screen_for
from tests.demo.summary import Outcome, summarise
from tests.fakes.receiver import Receiver
from tests.lab.packages import Unavailable

LINK_S = 30.0
"""Until the daemon must be attached."""
RECORDED_OF: dict[Make, str] = {"asterisk": "22", "freeswitch": "1.11"}
DRAIN_S = 60.0
"""After the last call: until all is heard, and store and receiver have everything."""


@dataclass(frozen=True)
class Choice:
    """What the command line asked for. `pbx`: auto, real or recorded."""

    make: Make
    pbx: str
    folder: Path
    cache: Path
    models: Path
    faster: float = 2.0
    record: Path | None = None


def evening(choice: Choice) -> int:
    """Runs the demo; the exit code. Raises KeyboardInterrupt."""
    failures: list[BaseException] = []
    try:
        with House(choice.folder) as house, _pbx(choice, house) as (pbx, title):
            say(title)
            heard_by = _ears(choice.models)
            outcome = asyncio.run(_watched(house, pbx, heard_by, title))
        summarise(house, pbx, outcome, heard_by)
    except* (DemoError, InUseError) as errors:
        failures += errors.exceptions
    for failure in failures:
        say(f"\nThe demo failed: {_first(failure)}")
    return 1 if failures or outcome.wrong else 0


class DemoError(Exception):
    """The demo can't go on; the text says why."""


def _first(error: BaseException) -> BaseException:
    """The first plain exception of a group."""
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


@contextmanager
def _pbx(choice: Choice, house: House) -> Iterator[tuple[Pbx, str]]:
    """A real one of the chosen make, or its recorded calls with the reason."""
    if choice.pbx == "recorded":
        yield _recorded(choice, "as asked for")
        return
    with ExitStack() as ending:
        try:
            pbx, version = _real(choice, house, ending)
        except Unavailable as error:
            if choice.pbx == "real":
                raise DemoError(f"no {NAMES[choice.make]} is to be had: {error}") from None
            yield _recorded(choice, str(error))
            return
        yield pbx, f"calltrackd demo: a real {NAMES[choice.make]} {version}, real SIP calls"


def _recorded(choice: Choice, reason: str) -> tuple[Pbx, str]:
    what = f"RECORDED calls of a real {NAMES[choice.make]} {RECORDED_OF[choice.make]}"
    title = f"calltrackd demo: {what}, {choice.faster:g} times as fast ({reason})"
    return RecordedPbx(choice.make, choice.faster, choice.folder.resolve()), title


def _real(choice: Choice, house: House, ending: ExitStack) -> tuple[Pbx, str]:
    """A PBX and its version; what must be done at the end goes to `ending`. Raises Unavailable."""
    if choice.make == "freeswitch":
        given = GivenPbx(choice.record)
        return given, given.prepare()
    real = RealPbx(house.folder, choice.cache, choice.record)
    ending.callback(real.stop)
    return real, _prepared(real)


def _prepared(real: RealPbx) -> str:
    what = "Starting Asterisk 22"
    if not real.is_here:
        what = "Fetching Asterisk 22 from the Debian mirror (290 MB unpacked, only this once)"
    with Console(highlight=False).status(what):
        if not os.isatty(1):
            say(f"{what} …")
        return real.prepare()


def _ears(cache: Path) -> Ears:
    with Console(highlight=False).status("Unpacking what understands Russian and English"):
        found = ears(cache)
    if found.reason:
        say(f"Words are not heard in this demo, all else is. {found.reason}")
    return found


async def _watched(house: House, pbx: Pbx, heard_by: Ears, title: str) -> Outcome:
    """The asynchronous part; a signal cancels it."""
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    for ending in ENDINGS:
        loop.add_signal_handler(ending, task.cancel)
    try:
        return await _run(house, pbx, heard_by, title)
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        with suppress(OSError):
            await asyncio.shield(_closed(house, pbx))


async def _closed(house: House, pbx: Pbx) -> None:
    loop = asyncio.get_running_loop()
    for ending in ENDINGS:
        loop.add_signal_handler(ending, lambda: None)  # we are at it
    await house.stop()
    await pbx.close()


async def _run(house: House, pbx: Pbx, heard_by: Ears, title: str) -> Outcome:
    screen = screen_for(title)
    events: list[dict[str, Any]] = []

    def arrived(event: dict[str, Any]) -> None:
        events.append(event)
        screen.hook(event)

    async with Receiver((house.key,), on_event=arrived) as receiver:
        house.furnish(await pbx.open(), receiver.url, heard_by.models)
        await house.start()
        async with screen, _followed(house, screen) as attached:
            await _soon(attached.wait(), "calltrackd did not attach", house)
            await _played(pbx, screen, house)
            screen.say("That was all; the last recordings are heard, store and receiver compared …")
            return await _settled(house, events, receiver, heard=bool(heard_by.models))


@asynccontextmanager
async def _followed(house: House, screen: Screen) -> AsyncIterator[asyncio.Event]:
    """Shows what the daemon tells while the block lasts; the event: it is attached.

    DemoError when the daemon dies.
    """
    attached = asyncio.Event()

    async def watch() -> None:
        await house.listening()
        async with aclosing(follow(house.url)) as happenings:
            async for happening in happenings:
                screen.happening(happening)
                if happening.kind == "links" and any(link["up"] for link in happening.data):
                    attached.set()

    async def guard() -> None:
        raise DemoError(await house.died())

    async with asyncio.TaskGroup() as tasks:
        chores = [tasks.create_task(watch()), tasks.create_task(guard())]
        yield attached
        for chore in chores:
            chore.cancel()


async def _played(pbx: Pbx, screen: Screen, house: House) -> None:
    """The calls; DemoError when the phones waited for something in vain."""
    try:
        await pbx.play(screen.say)
    except* TimeoutError as errors:
        where = traceback.extract_tb(_first(errors).__traceback__)[0]
        why = f"a phone waited in vain ({where.name}: {where.line})"
        raise DemoError(f"{why}\n{house.last_words()}") from errors


async def _soon(event: Any, otherwise: str, house: House) -> None:
    try:
        await asyncio.wait_for(event, LINK_S)
    except TimeoutError:
        raise DemoError(f"{otherwise} within {LINK_S:.0f} s:\n{house.last_words()}") from None


async def _settled(
    house: House, events: list[dict[str, Any]], receiver: Receiver, *, heard: bool
) -> Outcome:
    """Compares until nothing differs any more, or time is up."""
    deadline = time.monotonic() + DRAIN_S
    while True:
        unheard = await house.unheard()
        calls = await house.calls()
        wrong = differences(calls, events, heard=heard) + unheard
        if receiver.forged:
            wrong.append(f"{receiver.forged} webhooks with a wrong signature")
        if not wrong or time.monotonic() > deadline:
            return Outcome(calls, list(events), await house.figures(), wrong)
        await asyncio.sleep(0.3)
