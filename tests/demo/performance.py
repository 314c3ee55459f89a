"""The phones make their calls, and a recorder may listen."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from tests.demo.company import Company, Doors
from tests.demo.plot import play
from tests.demo.recorder import Recorder


async def perform(
    doors: Doors, say: Callable[[str], None], recorder: Recorder | None, folder: Path | None
) -> None:
    """Plays the plot; what a recorder heard goes into `folder`."""
    if recorder is not None:
        await recorder.begin()

    def tell(text: str) -> None:
        say(text)
        if recorder is not None:
            recorder.say(text)

    async with Company(doors, tell) as company:
        await play(company)
        await asyncio.sleep(1)
    if recorder is not None and folder is not None:
        recorder.save(folder)
