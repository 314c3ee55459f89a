"""What the daemon is attached to in the demo, whatever its make."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

Make = Literal["asterisk", "freeswitch"]
NAMES: dict[Make, str] = {"asterisk": "Asterisk", "freeswitch": "FreeSWITCH"}


@dataclass(frozen=True)
class Attachment:
    """What the settings must say of the PBX."""

    make: Make
    port: int
    secret: str
    recordings: Path
    """Where they lie on this machine."""
    spool: str | None = None
    """Where the PBX says that they lie, when that is elsewhere."""
    live: bool = True
    """Its calls can be heard while they live."""


class Pbx(Protocol):
    """A PBX of the demo."""

    recordings: Path

    async def open(self) -> Attachment:
        """From now on the daemon may come."""

    async def play(self, say: Callable[[str], None]) -> None:
        """The calls, told in words."""

    async def close(self) -> None:
        """The daemon is gone."""
