"""What people read in Odoo (pure)."""

from collections.abc import Sequence
from html import escape

from calltrackd.crm.leads.match import Match
from calltrackd.model.call import CallRecord, Source
from calltrackd.store.transcripts import Stored

MOST_TURNS = 2_000
"""Of one note; an hour of talk has some 600."""
SIDES = {"caller": "Client", "operator": "Operator"}


def summary(record: CallRecord) -> str:
    """The call in a line, the title of its activity."""
    what = "Missed call" if record.lost else f"{record.direction.capitalize()} call"
    return f"{what} {_way(record)}"


def feedback(record: CallRecord) -> str:
    """The call in a few lines, its id at the end."""
    lines = [f"{_way(record)}: {record.outcome.replace('_', ' ')}"]
    lines.append(f"talk {length(record.talk_s)}, wait {length(record.total_wait_s)}")
    if record.operators:
        lines.append(f"operators: {', '.join(record.operators)}")
    if advertising := origin(record.source):
        lines.append(advertising)
    lines.append(f"call {record.id}")
    return "\n".join(lines)


def description(record: CallRecord) -> str:
    """What a lead should tell of the call that made it, HTML."""
    source = record.source
    told = {
        "Number": record.did,
        "Term": source.term,
        "Content": source.content,
        "Landing page": source.landing,
        **source.click_ids,
    }
    lines = [f"{escape(name)}: {escape(value)}" for name, value in told.items() if value]
    return f"<p>{'<br>'.join(lines)}</p>"


def candidates(matches: Sequence[Match]) -> str:
    """A note for whoever has to decide whose call it was, HTML."""
    names = "".join(
        f"<li>{escape(one.name or one.id)} ({one.kind} {one.id})</li>" for one in matches
    )
    return f"<p>Several have this number:</p><ul>{names}</ul>"


def due(at: str) -> str:
    """A note of when a task is due, for Odoo's tasks have days only. HTML."""
    return f"<p>Due {escape(at)} UTC</p>"


def card(record: CallRecord, client: Match | None, link: str | None) -> str:
    """What a user reads while his phone rings, HTML."""
    name = (client.name if client is not None else None) or record.caller_name or "a new client"
    who = escape(name) if link is None else f'<a href="{escape(link)}">{escape(name)}</a>'
    lines = [f"<b>{escape(_way(record))}</b>", who]
    if advertising := origin(record.source):
        lines.append(escape(advertising))
    for call in record.earlier[:3]:
        what = [call.outcome.replace("_", " "), *call.tags]
        lines += [escape(f"earlier: {', '.join(what)}")]
    return "<br>".join(lines)


def transcript(heard: Sequence[Stored]) -> str:
    """What was said, a paragraph a turn, HTML."""
    turns = [
        f"<p>{length(one.heard_from - heard[0].heard_from + turn.start)} "
        f"<b>{SIDES[turn.side]}</b>: {escape(turn.text)}</p>"
        for one in heard
        for turn in one.transcript.turns
    ]
    left = len(turns) - MOST_TURNS
    return "".join(turns[:MOST_TURNS]) + (f"<p>and {left} more</p>" if left > 0 else "")


def origin(source: Source) -> str:
    """The advertising in a line, empty where there is none."""
    return " / ".join(part for part in (source.source, source.medium, source.campaign) if part)


def length(seconds: float) -> str:
    """Minutes and seconds.

    >>> length(65.4)
    '1:05'
    """
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _way(record: CallRecord) -> str:
    ends = [record.caller or "hidden", record.did or "?"]
    return " → ".join(ends if record.direction == "inbound" else reversed(ends))
