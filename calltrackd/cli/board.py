"""The live table: what is known now, and how it is drawn."""

from collections.abc import Iterable
from datetime import tzinfo
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from calltrackd.cli.common import said
from calltrackd.cli.format import Public, table
from calltrackd.cli.words import clean, lasted
from calltrackd.model.call import seconds

MOST_ENDED = 200
"""Ended calls that are kept for tall screens."""
FRAME_ROWS = 4
"""Lines that are not calls: two of state, the table's head, and one for what did not fit."""


class Board:
    """The latest state of each call. Feed it, then draw it; it knows no clock and no network."""

    def __init__(self) -> None:
        self._open: dict[str, Public] = {}
        self._ended: dict[str, Public] = {}
        self._links: list[dict[str, Any]] = []
        self._away: tuple[float, str] | None = None

    def connected(self) -> None:
        """A new stream: it tells all calls in progress anew, so what it leaves out has ended."""
        self._away = None
        self._open.clear()

    def away(self, at: float, reason: str) -> None:
        """The stream broke at `at` (unix seconds)."""
        if self._away is None:
            self._away = at, reason

    def links(self, links: Iterable[dict[str, Any]]) -> None:
        """The attachments' states."""
        self._links = list(links)

    def call(self, call: Public) -> None:
        """A call's latest state."""
        self._open.pop(call["id"], None)
        self._ended.pop(call["id"], None)
        if call["ended_at"] is None:
            self._open[call["id"]] = call
        else:
            self._ended[call["id"]] = call
            if len(self._ended) > MOST_ENDED:
                del self._ended[next(iter(self._ended))]

    def draw(self, now: float, zone: tzinfo | None, width: int, height: int) -> RenderableType:
        """Calls in progress, oldest first, then ended ones, newest first, as many as fit."""
        room = max(1, height - FRAME_ROWS)
        lasting = sorted(self._open.values(), key=lambda call: call["started_at"])
        shown = [*lasting, *reversed(self._ended.values())][:room]
        rest = len(lasting) - room
        known = now if self._away is None else self._away[0]  # nothing is known of later seconds
        parts: list[RenderableType] = [self._head(now), Text(), table(shown, known, zone, width)]
        if rest > 0:
            parts.append(Text(f"… and {said(rest, 'more call')} in progress", style="dim"))
        return Group(*parts)

    def _head(self, now: float) -> Text:
        if self._away is not None:
            since, reason = self._away
            gone = f"calltrackd away for {lasted(now - since)} ({reason}), trying again"
            return Text(gone, style="bold red", no_wrap=True, overflow="ellipsis")
        head = Text(f"{said(len(self._open), 'call')} in progress", style="bold")
        for link in self._links:
            head.append("  ·  ", style="dim")
            head.append(clean(link["pbx"]), style="green" if link["up"] else "bold red")
            if link["up"]:
                head.append(" up", style="green")
            else:
                head.append(f" blind for {lasted(now - seconds(link['since']))}", style="bold red")
        head.no_wrap, head.overflow = True, "ellipsis"
        return head
