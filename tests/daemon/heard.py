"""What is logged, as events."""

import asyncio
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog


class Heard:
    """Log lines in order; wait for one by its event."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self._more = asyncio.Event()

    def __call__(self, _logger: object, method: str, event: MutableMapping[str, Any]) -> str:
        self.lines.append({**event, "level": method})
        self._more.set()
        raise structlog.DropEvent

    def of(self, name: str) -> list[dict[str, Any]]:
        """The lines of this event."""
        return [line for line in self.lines if line["event"] == name]

    async def line(self, name: str) -> dict[str, Any]:
        """The first line of this event, once it comes."""
        async with asyncio.timeout(10):
            while not self.of(name):
                self._more.clear()
                await self._more.wait()
        return self.of(name)[0]


@contextmanager
def log() -> Iterator[Heard]:
    """What is logged inside."""
    heard = Heard()
    processors = structlog.get_config()["processors"]
    before = processors.copy()
    processors[:] = [heard]
    try:
        yield heard
    finally:
        processors[:] = before
