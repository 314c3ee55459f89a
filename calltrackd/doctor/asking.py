"""Questions to a PBX, each of which it may refuse without harm to the others."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from calltrackd.pbx.errors import ActionRefusedError

T = TypeVar("T")
Clock = Callable[[], float]
"""This machine's time, unix seconds."""


class Asking:
    """Gathers refusals: field of the facts -> why the PBX would not tell."""

    def __init__(self) -> None:
        self.refused: dict[str, str] = {}

    async def told(self, field: str, question: Awaitable[T]) -> T | None:
        """The answer; None when it is refused. Raises what else the question does."""
        try:
            return await question
        except ActionRefusedError as error:
            self.refused[field] = error.message
            return None


async def ahead(clock: Clock, pbx_time: Awaitable[float]) -> float:
    """Seconds that the PBX's clock is ahead of ours; half the way there and back is taken off."""
    before = clock()
    theirs = await pbx_time
    return theirs - (before + clock()) / 2
