"""What contacts, deals, calls and tasks are made of (pure)."""

from collections.abc import Collection, Mapping, Sequence
from html import escape
from typing import Any

from calltrackd.crm.hubspot.account import Property
from calltrackd.crm.hubspot.values import iso
from calltrackd.crm.leads.policy import LeadWish, TaskWish
from calltrackd.model.call import CallRecord, Outcome, Recording
from calltrackd.settings.crm import HubspotTarget
from calltrackd.store.transcripts import Stored

Body = dict[str, Any]
MARKS = {
    "source": "utm_source",
    "medium": "utm_medium",
    "campaign": "utm_campaign",
    "term": "utm_term",
    "content": "utm_content",
}
STATUS: dict[Outcome, str] = {
    "answered": "COMPLETED",
    "abandoned": "NO_ANSWER",
    "no_answer": "NO_ANSWER",
    "busy": "BUSY",
    "rejected": "BUSY",
    "voicemail": "NO_ANSWER",
    "failed": "FAILED",
    "in_progress": "IN_PROGRESS",
}
DISPOSITION: dict[Outcome, str] = {
    "answered": "f240bbac-87c9-4f6e-bf70-924b57d47db7",
    "abandoned": "73a0d17f-1163-4015-bdd5-ec830791da20",
    "no_answer": "73a0d17f-1163-4015-bdd5-ec830791da20",
    "busy": "9d9162e7-6cf3-4944-bf63-4dff82258764",
    "voicemail": "b2cf5968-551e-4856-9783-52b3da59a7d0",
}
"""Outcomes that every account has at first: Connected, No answer, Busy, Left voicemail."""
MOST_CHARS = 60_000
"""Of a call's text: HubSpot cuts at 65,536."""
NAME_CHARS = 255
TAGS_BETWEEN = "; "


def contact(record: CallRecord, settings: HubspotTarget, known: Collection[str]) -> Body:
    """A contact with the caller's number. `known`: properties that contacts have."""
    name = (record.caller_name or str(record.caller))[:NAME_CHARS]
    body: Body = {"firstname": name, "phone": record.caller, settings.phone_property: record.caller}
    return body | _known(marks(record, settings), known)


def deal(
    record: CallRecord,
    wish: LeadWish,
    settings: HubspotTarget,
    known: Collection[str],
    stage: str | None,
) -> Body:
    """A deal. `known`: properties that deals have; others are left out."""
    body: Body = {"dealname": wish.title[:NAME_CHARS], "pipeline": settings.pipeline}
    body |= {} if stage is None else {"dealstage": stage}
    body |= _known(marks(record, settings), known)
    body |= _known({name: _value(one) for name, one in wish.fields.items()}, known)
    return body | {settings.call_property: record.id}


def marks(record: CallRecord, settings: HubspotTarget) -> Body:
    """UTM marks and click ids, by the properties for them."""
    if not settings.utm:
        return {}
    source = record.source
    found = {name: getattr(source, mark) for mark, name in MARKS.items()} | source.click_ids
    return {name: value for name, value in found.items() if value}


def unknown_fields(wish: LeadWish, known: Collection[str]) -> list[str]:
    """Properties of the settings that deals don't have."""
    return [name for name in wish.fields if name not in known]


def call(record: CallRecord, settings: HubspotTarget, known: Mapping[str, Property]) -> Body:
    """A call, but for its text and the link to its recording."""
    is_out = record.direction == "outbound"
    caller, called = (record.did, record.caller) if is_out else (record.caller, record.did)
    body: Body = {
        "hs_timestamp": iso(record.started_at),
        "hs_call_title": title(record),
        "hs_call_direction": "OUTBOUND" if is_out else "INBOUND",
        "hs_call_status": STATUS[record.outcome],
        "hs_call_duration": str(round(record.talk_s * 1000)),
        "hs_call_from_number": caller or "",
        "hs_call_to_number": called or "",
        "hs_call_source": "INTEGRATIONS_PLATFORM",
    }
    disposition = DISPOSITION.get(record.outcome)
    options = known["hs_call_disposition"].options if "hs_call_disposition" in known else ()
    if disposition is not None and disposition in options:
        body["hs_call_disposition"] = disposition
    if settings.tags_property in known:
        body[settings.tags_property] = tags(record)
    return body


def title(record: CallRecord) -> str:
    """A call in a few words."""
    way = "to" if record.direction == "outbound" else "from"
    missed = "Missed call" if record.lost else "Call"
    return f"{missed} {way} {record.caller_name or record.caller}"[:NAME_CHARS]


def tags(record: CallRecord) -> str:
    """The names of the call's tags."""
    return TAGS_BETWEEN.join(sorted({tag.name for tag in record.tags}))


def text(record: CallRecord, said: Sequence[Stored]) -> str:
    """What a call's entry shows beside its fields, HTML: result, waiting, tags, what was said."""
    lines = [f"<b>{escape(record.outcome.replace('_', ' '))}</b>"]
    lines += [f"Waited: {round(record.total_wait_s)} s"] if record.direction == "inbound" else []
    for what, value in (
        ("Queue", record.queue),
        ("Talked with", ", ".join(record.operators)),
        ("Tags", tags(record)),
    ):
        lines += [f"{what}: {escape(value)}"] if value else []
    return _cut([*lines, *(line for one in said for line in _talk(one))])


def recording_of(record: CallRecord) -> Recording | None:
    """The one that the entry links to: both sides before one, the longest."""
    return max(
        record.recordings,
        key=lambda one: (one.side == "both", one.duration_s or 0.0),
        default=None,
    )


def task(record: CallRecord, wish: TaskWish, settings: HubspotTarget) -> Body:
    """A task to call back. Its text bears the call's id, by which it is known again."""
    return {
        "hs_timestamp": iso(wish.due_at),
        "hs_task_subject": wish.title[:NAME_CHARS],
        "hs_task_body": f"calltrackd {settings.name}: {record.id}",
        "hs_task_status": "NOT_STARTED",
        "hs_task_priority": "HIGH",
        "hs_task_type": "CALL",
    }


def owned(body: Body, owner: str | None) -> Body:
    """The same with the owner whose it is."""
    return body if owner is None else {**body, "hubspot_owner_id": owner}


def _talk(stored: Stored) -> list[str]:
    signs = {"caller": "Client", "operator": "Operator"}
    return [
        f"{int(turn.start) // 60:02}:{int(turn.start) % 60:02} "
        f"<b>{signs[turn.side]}</b>: {escape(turn.text)}"
        for turn in stored.transcript.turns
    ]


def _cut(lines: Sequence[str]) -> str:
    """As many lines as there is room for; where some are left out, it says so."""
    kept: list[str] = []
    room = MOST_CHARS
    for line in lines:
        room -= len(line) + len("<br>")
        if room < 0:
            kept.append("…")
            break
        kept.append(line)
    return "<br>".join(kept)


def _known(body: Body, known: Collection[str]) -> Body:
    return {name: value for name, value in body.items() if name in known and value != ""}


def _value(value: Any) -> str:
    """Several values of a property stand with semicolons between them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return ";".join(map(str, value)) if isinstance(value, list) else str(value)
