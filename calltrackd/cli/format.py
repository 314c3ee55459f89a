"""Calls as a person wants to see them: pure functions from public records to rich tables.

A record here is the public JSON shape (docs/record.md), since `tail` gets it over HTTP and
`calls` from the store. Texts that came over the wire are never read as markup.
"""

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import Any

from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

from calltrackd.cli.words import clean, clock, lasted
from calltrackd.model.call import seconds
from calltrackd.model.numbers import is_hidden
from calltrackd.ops.masking import without_numbers

Public = dict[str, Any]

_DIRECTIONS = {"inbound": "in", "outbound": "out", "internal": "int"}
_OUTCOMES = {
    "answered": "green",
    "abandoned": "red",
    "no_answer": "red",
    "busy": "yellow",
    "rejected": "yellow",
    "voicemail": "magenta",
    "failed": "red",
}
_PLACES = {"ivr": "menu", "queue": "queue", "ringing": "ringing"}
_UNSURE = {"live": "", "recovered": "yellow", "gap": "red"}
_COLUMNS = {
    "time": True,
    "dir": True,
    "number → source": False,
    "caller": False,
    "state": False,
    "operators": False,
    "wait": True,
    "talk": True,
    "tags": False,
    "certainty": True,
}
"""The columns, and whether each keeps its width when the terminal is too narrow for all."""
_SPARED = frozenset({"dir", "operators", "certainty"})


NARROW = 110
"""Below this width the table leaves out what a person misses least."""
ROOMY = 150
"""From this width on nothing is shortened on purpose."""


def table(
    calls: Iterable[Public], now: float, zone: tzinfo | None, width: int, *, ids: bool = False
) -> Table:
    """One line a call. `now`: unix seconds, for calls in progress.

    `width`: of the terminal, in letters; long texts are cut, times and seconds never. `ids`: show
    as much of each call's id as tells it from the others.
    """
    calls = list(calls)
    narrow = width < NARROW
    grid = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    letters = _enough([call["id"] for call in calls])
    if ids:
        grid.add_column("call", no_wrap=True, style="dim")
    for name, rigid in _COLUMNS.items():
        if not (narrow and name in _SPARED):
            justify: JustifyMethod = "right" if name in ("wait", "talk") else "left"
            grid.add_column(
                Text(name, no_wrap=True, overflow="ellipsis"), no_wrap=rigid, justify=justify
            )
    for call in calls:
        line = cells(call, now, zone, width)
        shown = [line[name] for name in _COLUMNS if not (narrow and name in _SPARED)]
        grid.add_row(*([Text(call["id"][:letters])] if ids else []), *shown)
    return grid


def _enough(ids: list[str]) -> int:
    """Letters of the ids that tell them apart; the first group of 13 is the time of the call."""
    return next((n for n in (13, 18) if len({one[:n] for one in ids}) == len(ids)), 36)


def cells(call: Public, now: float, zone: tzinfo | None, width: int) -> dict[str, Text]:
    """The call's line: column -> text."""
    certainty = call["certainty"]
    talked = _talked(call, now)
    line = {
        "time": Text(clock(call["started_at"], now, zone)),
        "dir": Text(_DIRECTIONS[call["direction"]]),
        "number → source": Text(_number(call, width), style="" if call["tracked"] else "dim"),
        "caller": Text(_caller(call)),
        "state": state(call),
        "operators": Text(", ".join(map(clean, call["operators"]))),
        "wait": Text(lasted(_waited(call, now))),
        "talk": Text(lasted(talked) if talked else ""),
        "tags": Text(", ".join(clean(tag["name"]) for tag in call["tags"]), style="cyan"),
        "certainty": Text("" if certainty == "live" else certainty, style=_UNSURE[certainty]),
    }
    for text in line.values():
        text.no_wrap, text.overflow = True, "ellipsis"
    return line


def state(call: Public) -> Text:
    """What the call is doing, or how it ended."""
    if call["ended_at"] is not None:
        return _ended(call)
    words, style = next(_doing(call))
    return Text(words, style=style)


def _doing(call: Public) -> Iterator[tuple[str, str]]:
    """What can be said of a call in progress, the most telling first."""
    talking = [clean(talk["operator"]) for talk in call["talks"] if talk["to"] is None]
    ringing, dialled = _offered(call)
    if talking:
        yield f"talking {', '.join(talking)}", "bold green"
    if ringing:
        yield f"ringing {', '.join(ringing)}", "bold yellow"
    if _parked(call):
        yield "parked", "yellow"
    if dialled:
        yield f"dialling {', '.join(dialled)}", "yellow"
    if call["answered_at"] is not None:
        yield "between operators", "yellow"
    if call["queue"] is not None:
        yield f"queue {clean(call['queue'])}", "yellow"
    if call["ivr_path"]:
        yield "menu", "yellow"
    yield "arrived" if call["direction"] == "inbound" else "dialling", "yellow"


def source(call: Public) -> str:
    """The advertising in few words: medium/source/campaign, as far as known."""
    parts = (call["source"].get(name) for name in ("medium", "source", "campaign"))
    return "/".join(clean(part) for part in parts if part)


def _ended(call: Public) -> Text:
    """How it ended; of an abandoned call, where the client was."""
    outcome = call["outcome"]
    words = outcome.replace("_", " ")
    if outcome == "answered":
        words = f"answered {lasted(call['talk_s'])}"
    elif call["lost"]:
        words = f"missed ({_PLACES.get(call['abandoned_in'], words)})"
    return Text(words, style=_OUTCOMES.get(outcome, ""))


def _number(call: Public, width: int) -> str:
    """The number dialled and what it stands on; its last digits do where there is little room."""
    did = clean(call["did"] or "?")
    where = source(call)
    if not where:
        return did
    return f"{did} → {where}" if width >= ROOMY else f"…{did[-4:]} → {where}"


def client(call: Public) -> str:
    """The client's number as far as it may be seen: who withholds it stays hidden.

    A PBX shows some withheld numbers all the same; the record's `caller` is null then.
    """
    raw = call["caller_raw"] or ""
    if call["caller"]:
        return clean(call["caller"])
    if call["direction"] != "internal" and (is_hidden(raw) or without_numbers(raw) != raw):
        return "hidden"
    return clean(raw)


def _caller(call: Public) -> str:
    name = call["caller_name"]
    return f"{client(call)} {clean(name)}" if name else client(call)


def _offered(call: Public) -> tuple[list[str], list[str]]:
    """The phones that ring, and those that were dialled and don't ring yet."""
    ringing: list[str] = []
    dialled: list[str] = []
    for leg in call["legs"]:
        if leg["disposition"] is None:
            (ringing if leg["rang_at"] else dialled).append(clean(leg["operator"]))
    return ringing, dialled


def _parked(call: Public) -> bool:
    moves = call["transfers"]
    return bool(moves) and moves[-1]["kind"] == "park" and not moves[-1]["completed"]


def _waited(call: Public, now: float) -> float:
    """Seconds of waiting; while nobody answered they run on."""
    if call["ended_at"] is not None or call["answered_at"] is not None:
        return float(call["wait_s"])
    return now - seconds(call["rang_at"] or call["started_at"])


def _talked(call: Public, now: float) -> float:
    """Seconds of talk; an open one runs on."""
    ends = ((talk["from"], talk["to"]) for talk in call["talks"])
    return sum((seconds(to) if to else now) - seconds(start) for start, to in ends)
