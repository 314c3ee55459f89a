"""What people read in EspoCRM (pure). Descriptions are plain text, posts are Markdown."""

import re
from collections.abc import Sequence
from itertools import islice

from calltrackd.crm.leads.match import Match
from calltrackd.model.call import CallRecord, Source
from calltrackd.store.transcripts import Stored

MOST_NAME = 100
"""Characters of a lead's last name."""
MOST_TURNS = 2_000
"""Of one call; an hour of talk has some 600."""
SIDES = {"caller": "Client", "operator": "Operator"}
REFUSED = re.compile(r"[<>=\s]+")
"""What EspoCRM takes in no name (`noBadCharacters`)."""
MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|~<>@:/.-])")


def name(text: str) -> str:
    """A text as a name.

    >>> name("a <b>  c=d")
    'a b c d'
    """
    return REFUSED.sub(" ", text).strip()[:MOST_NAME] or "?"


def marker(record: CallRecord) -> str:
    """By which what a call made is found again; with brackets, or call 1 would be found in 10.

    EspoCRM cuts long descriptions in lists, so it stands before all that may be long.
    """
    return f"[call {record.id}]"


def call_name(record: CallRecord) -> str:
    """The call in a line."""
    what = "Missed call" if record.lost else f"{record.direction.capitalize()} call"
    return name(f"{what} {_way(record)}")


def call(record: CallRecord, links: Sequence[str], heard: Sequence[Stored]) -> str:
    """The call's description, as much as is known by now."""
    tags = sorted({tag.name for tag in record.tags if tag.source != "crm"})
    lines = [
        f"{_way(record)}: {record.outcome.replace('_', ' ')}",
        f"talk {length(record.talk_s)}, wait {length(record.total_wait_s)}",
        f"operators: {', '.join(record.operators)}" if record.operators else "",
        origin(record.source),
        f"tags: {', '.join(tags)}" if tags else "",
        *(f"recording: {link}" for link in links),
        marker(record),
        *_said(heard),
    ]
    return "\n".join(filter(None, lines))


def lead(record: CallRecord) -> str:
    """What a lead or an opportunity should tell of the call that made it."""
    source = record.source
    told = {
        "Name": record.caller_name,
        "Number": record.did,
        "Source": source.source,
        "Medium": source.medium,
        "Campaign": source.campaign,
        "Term": source.term,
        "Content": source.content,
        "Landing page": source.landing,
        **source.click_ids,
    }
    lines = [f"{label}: {value}" for label, value in told.items() if value]
    return "\n".join([*lines, marker(record)])


def task(record: CallRecord, matches: Sequence[Match]) -> str:
    """`matches`: of whom somebody has to choose."""
    lines = [_way(record), marker(record)]
    if matches:
        lines.append("Several have this number:")
        lines += [f"{one.name or one.id} ({one.kind})" for one in matches]
    return "\n".join(lines)


def card(record: CallRecord, client: Match | None, link: str | None) -> str:
    """What a user reads while his phone rings, Markdown."""
    who = (client.name if client is not None else None) or record.caller_name or "a new client"
    lines = [
        f"**{plain(_way(record))}**",
        plain(who) if link is None else f"[{plain(who)}]({link})",
        plain(origin(record.source)),
    ]
    for earlier in record.earlier[:3]:
        what = [earlier.outcome.replace("_", " "), *earlier.tags]
        lines.append(plain(f"earlier: {', '.join(what)}"))
    return "\n\n".join(filter(None, lines))


def plain(text: str) -> str:
    r"""A text of others as Markdown that shows just that.

    >>> print(plain("[x](y)"))
    \[x\]\(y\)
    """
    return MARKDOWN.sub(r"\\\1", text)


def origin(source: Source) -> str:
    """The advertising in a line, empty where there is none."""
    return " / ".join(part for part in (source.source, source.medium, source.campaign) if part)


def length(seconds: float) -> str:
    """Minutes and seconds.

    >>> length(65.4)
    '1:05'
    """
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _said(heard: Sequence[Stored]) -> list[str]:
    """A line a turn, counted from where hearing began."""
    turns = (
        f"{length(one.heard_from - heard[0].heard_from + turn.start)} "
        f"{SIDES[turn.side]}: {turn.text}"
        for one in heard
        for turn in one.transcript.turns
    )
    shown = list(islice(turns, MOST_TURNS))
    left = sum(1 for _ in turns)
    return [*shown, *([f"and {left} more"] if left else [])] if shown else []


def _way(record: CallRecord) -> str:
    ends = [record.caller or "hidden", record.did or "?"]
    return " → ".join(ends if record.direction == "inbound" else reversed(ends))
