"""What the demo shows: a live table over the arriving webhooks, or lines where nobody looks."""

import asyncio
import sys
import time
from collections import deque
from contextlib import AbstractAsyncContextManager, suppress
from types import TracebackType
from typing import Any, Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.rule import Rule
from rich.text import Text

from calltrackd.cli.board import Board
from calltrackd.cli.feed import Happening
from calltrackd.cli.format import Public, cells, client, state
from calltrackd.cli.words import clean, lasted
from calltrackd.model.call import seconds
from tests.demo.processes import say

TICK_S = 0.25
STORY = 3
"""Lines of what people do and say."""
ALARM_S = 8.0
"""An alert stays so long."""
HOOKS_SHARE = 4
"""One line of so many belongs to the webhooks."""


class Screen(AbstractAsyncContextManager["Screen"], Protocol):
    """Is told everything; `async with` it."""

    def say(self, text: str) -> None:
        """What the people in the demo do."""

    def happening(self, happening: Happening) -> None:
        """News from the daemon's live stream."""

    def hook(self, event: dict[str, Any]) -> None:
        """A webhook that arrived and whose signature is right."""


class Lines:
    """One line each, for a pipe."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._seen: dict[str, tuple[str, ...]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing to tidy up."""

    def say(self, text: str) -> None:
        """What the people in the demo do."""
        self._print("voice" if _is_speech(text) else "story", text)

    def happening(self, happening: Happening) -> None:
        """A call's line, when what can be seen of it changed."""
        if happening.kind != "call":
            return
        call = happening.data
        line = cells(call, time.time(), None, 1000)
        names = ("dir", "number → source", "caller", "state", "operators", "tags")
        look = tuple(line[name].plain for name in names)
        if self._seen.get(call["id"]) != look:
            self._seen[call["id"]] = look
            self._print("call", "  ".join(word for word in look if word))

    def hook(self, event: dict[str, Any]) -> None:
        """A webhook that arrived and whose signature is right."""
        self._print("webhook", told(event).plain)

    def _print(self, what: str, text: str) -> None:
        passed = lasted(time.monotonic() - self._begin)
        say(f"{passed:>5}  {what:<8}{text}")


class Picture:
    """The whole terminal, redrawn four times a second."""

    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        self._title = title
        self._board = Board()
        self._told: deque[Text] = deque([Text("connecting …")], maxlen=STORY)
        self._alarm = Text()
        self._alarm_until = 0.0
        self._hooks: deque[Text] = deque(maxlen=200)
        self._count = 0
        self._begin: float | None = None
        self._live = Live(console=console, screen=True, auto_refresh=False)

    async def __aenter__(self) -> Self:
        self._live.start()
        self._ticking = asyncio.create_task(self._tick())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ticking.cancel()
        await asyncio.gather(self._ticking, return_exceptions=True)
        with suppress(OSError):  # the terminal is gone
            self._live.stop()

    def say(self, text: str) -> None:
        """What the people in the demo do, and say."""
        self._begin = self._begin or time.monotonic()
        self._told.append(_cut(Text(text, style="italic" if _is_speech(text) else "bold cyan")))

    def happening(self, happening: Happening) -> None:
        """News from the daemon's live stream."""
        match happening.kind:
            case "connected":
                self._board.connected()
            case "away":
                self._board.away(time.time(), happening.data)
            case "links":
                self._board.links(happening.data)
            case "call":
                self._board.call(happening.data)

    def hook(self, event: dict[str, Any]) -> None:
        """A webhook that arrived and whose signature is right."""
        self._count += 1
        self._hooks.append(told(event))
        if event["type"] == "call.alert":
            self._alarm = _cut(
                Text.assemble(("  ALERT  ", "bold white on red"), "  ", alarm(event))
            )
            self._alarm_until = time.monotonic() + ALARM_S

    async def _tick(self) -> None:
        while True:
            self._live.update(self._draw(), refresh=True)
            await asyncio.sleep(TICK_S)

    def _draw(self) -> Group:
        width, height = self._console.size
        lines = max(4, height // HOOKS_SHARE)
        room = height - lines - 3 - STORY
        board = self._board.draw(time.time(), None, width, room)
        hooks = list(self._hooks)[-lines + 1 :]
        rule = Rule(f"{self._count} webhooks at the CRM's end, all signatures ok", style="dim")
        ringing = time.monotonic() < self._alarm_until
        parts = [self._head(width), *self._story(), self._alarm if ringing else Text(), board]
        gap = room - _rows(board, self._console)
        return Group(*parts, *[Text()] * max(0, gap), rule, *hooks)

    def _story(self) -> list[Text]:
        """What was done and said last, the newest below."""
        return [*self._told, *[Text()] * (STORY - len(self._told))]

    def _head(self, width: int) -> Text:
        passed = time.monotonic() - self._begin if self._begin else 0.0
        clock = f"  {lasted(passed)}  Ctrl-C ends it"
        room = max(0, width - len(clock))
        title = self._title if len(self._title) <= room else self._title[: room - 1] + "…"
        return Text.assemble((title.ljust(room), "reverse"), (clock, "reverse"), no_wrap=True)


def told(event: dict[str, Any]) -> Text:
    """A webhook in one line."""
    call: Public = event["data"]
    moment = event["timestamp"][11:19]
    text = Text.assemble(
        (f"{moment}  ", "dim"),
        (f"{event['type']:<14}", "bold"),
        f"v{call['version']:<3}",
        ("signature ok  ", "green"),
        f"{client(call) or '?':<13} ",
        alarm(event) if event["type"] == "call.alert" else _news(event),
    )
    return _cut(text)


def alarm(event: dict[str, Any]) -> Text:
    """What an alert tells: the rule, the words, and how soon it is here."""
    alert, evidence = event["alert"], event["alert"]["evidence"]
    late_s = max(0.0, seconds(event["timestamp"]) - seconds(alert["at"]))
    if event["data"]["ended_at"] is None:
        when = f"told {late_s:.1f} s after the words, the call goes on"
    else:
        when = "heard in the recording"
    return Text.assemble(
        (f"{clean(alert['rule'])}: ", "bold red"), f"“{clean(evidence['quote'])}”  ", (when, "dim")
    )


def _news(event: dict[str, Any]) -> Text:
    """How the call ended, what is known of the client, its tags: whatever there is."""
    call = event["data"]
    heard = event["type"] == "call.updated" and call["ended_at"]
    parts = [Text("recording heard")] if heard else [state(call)] if call["ended_at"] else []
    parts += [Text(_kind(event), "yellow"), Text(_moves(event)), Text(_tags(event), "cyan")]
    return Text("  ").join(part for part in parts if part)


def screen_for(title: str) -> Screen:
    """A picture on a terminal, else lines."""
    console = Console(highlight=False)
    if sys.stdout.isatty() and not console.is_dumb_terminal:
        return Picture(console, title)
    return Lines()


def _kind(event: dict[str, Any]) -> str:
    """What the CRM learns before anybody answers."""
    call = event["data"]
    if event["type"] != "call.started" or call["direction"] != "inbound":
        return ""
    words = [clean(call["source"].get("source") or "unknown source"), *call["kind"][:1]]
    for earlier in call["earlier"][:1]:
        tags = "".join(f", {clean(tag)}" for tag in earlier["tags"])
        words.append(f"before: {earlier['outcome']}{tags}")
    return " · ".join(words)


def _tags(event: dict[str, Any]) -> str:
    if event["type"] != "call.updated":
        return ""
    names = [clean(tag["name"]) for tag in event["data"]["tags"]]
    return f"tags: {', '.join(names)}" if names else ""


def _moves(event: dict[str, Any]) -> str:
    """Who sent the client on to whom."""
    if event["type"] != "call.updated" or event["data"]["ended_at"]:
        return ""
    moves = event["data"]["transfers"]
    return "".join(f"{clean(one['by'])} → {clean(one['to'] or '?')}" for one in moves[-1:])


def _is_speech(text: str) -> bool:
    return ": “" in text


def _cut(text: Text) -> Text:
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def _rows(board: Any, console: Console) -> int:
    return len(console.render_lines(board, pad=False))
