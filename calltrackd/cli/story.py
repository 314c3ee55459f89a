"""One call told from the first ring to the hang-up: what `calltrackd calls show` prints."""

from collections.abc import Iterator
from datetime import tzinfo
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from calltrackd.cli.format import Public, client, state
from calltrackd.cli.timeline import timeline
from calltrackd.cli.words import clean, clock, clock_ms, lasted
from calltrackd.model.call import seconds

_CERTAINTIES = {
    "live": "every event was seen",
    "recovered": "partly read back: the call was under way when calltrackd attached",
    "gap": "the end was not seen; it was last known alive at the end time",
}
_DIRECTIONS = {
    "inbound": "the client called",
    "outbound": "the client was called",
    "internal": "between phones of the house",
}


def story(call: Public, now: float, zone: tzinfo | None) -> RenderableType:
    """The whole record. `now`: unix seconds, for a call in progress; `zone`: of the times shown."""
    return Group(_facts(call, now, zone), Text(), _timeline(call, zone), *_earlier(call, now, zone))


def _facts(call: Public, now: float, zone: tzinfo | None) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in _rows(call, now, zone):
        if text:
            grid.add_row(name, text)
    return grid


def _rows(call: Public, now: float, zone: tzinfo | None) -> Iterator[tuple[str, Text | str]]:
    yield "call", f"{call['id']}  version {call['version']}  on {clean(call['pbx'])}"
    yield "state", state(call)
    yield "time", _span(call, now, zone)
    yield "direction", f"{call['direction']}: {_DIRECTIONS[call['direction']]}"
    yield "number", f"{clean(call['did'] or '?')}{'' if call['tracked'] else ' (not tracked)'}"
    yield "caller", _client(call)
    yield "source", _source(call["source"]) or "unknown"
    yield "first source", _source(call["first_source"]) if call["first_source"] else ""
    yield "kind", ", ".join(map(clean, call["kind"]))
    yield "responsible", _responsible(call["responsible"])
    yield "operators", ", ".join(map(clean, call["operators"]))
    yield "seconds", _seconds(call)
    for deal in call["deals"]:
        yield deal["kind"], _deal(deal)
    yield "hung up by", call["hung_up_by"] if call["ended_at"] else ""
    yield "certainty", _certainty(call)


def _responsible(person: dict[str, Any] | None) -> str:
    if person is None:
        return ""
    reached = f" at {person['extension']}" if person["extension"] else ""
    return clean(f"{person['name'] or person['user']}{reached}, says {person['target']}")


def _deal(deal: dict[str, Any]) -> str:
    amount = f", {deal['amount']} {deal['currency'] or ''}".rstrip() if deal["amount"] else ""
    joined = f"joined by {deal['way']}"
    return clean(f"{deal['target']} {deal['id']}: {deal['status']}{amount} ({joined})")


def _span(call: Public, now: float, zone: tzinfo | None) -> str:
    start = clock(call["started_at"], now, zone)
    if call["ended_at"] is None:
        return f"{start}, in progress for {lasted(now - seconds(call['started_at']))}"
    return f"{start} to {clock(call['ended_at'], now, zone)}, {lasted(call['duration_s'])}"


def _client(call: Public) -> str:
    raw, number = call["caller_raw"], call["caller"]
    as_given = f" (as the PBX gave it: {clean(raw)})" if raw and number and raw != number else ""
    name = f" {clean(call['caller_name'])}" if call["caller_name"] else ""
    return f"{client(call)}{name}{as_given}"


def _source(fields: dict[str, Any]) -> str:
    """The whole source: `name value` pairs."""
    flat = {**fields, **fields.get("click_ids", {})}
    flat.pop("click_ids", None)
    return ", ".join(f"{name} {clean(value)}" for name, value in flat.items() if value)


def _seconds(call: Public) -> str:
    words = {"ivr_s": "menu", "queue_s": "queue", "wait_s": "wait", "total_wait_s": "until answer"}
    words |= {"talk_s": "talk", "hold_s": "of it on hold"}
    return ", ".join(f"{word} {call[name]:g}" for name, word in words.items() if call[name])


def _certainty(call: Public) -> str:
    blind = f"; blind for {call['outage_s']:g} s" if call["outage_s"] else ""
    return f"{call['certainty']}: {_CERTAINTIES[call['certainty']]}{blind}"


def _timeline(call: Public, zone: tzinfo | None) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(no_wrap=True, style="dim", justify="right")
    grid.add_column(overflow="fold")
    start = seconds(call["started_at"])
    for at, text in timeline(call):
        grid.add_row(clock_ms(at, zone), f"+{lasted(at - start)}", text)
    return grid


def _earlier(call: Public, now: float, zone: tzinfo | None) -> Iterator[RenderableType]:
    """The client's calls before this one."""
    if not call["earlier"]:
        return
    yield Text("\nearlier calls of this client", style="dim")
    grid = Table.grid(padding=(0, 2))
    for one in call["earlier"]:
        people = ", ".join(map(clean, one["operators"]))
        tags = ", ".join(map(clean, one["tags"]))
        when = clock(one["started_at"], now, zone)
        grid.add_row(when, one["outcome"].replace("_", " "), people, Text(tags, style="cyan"))
        grid.add_row("", Text(one["id"], style="dim"))
    yield grid
