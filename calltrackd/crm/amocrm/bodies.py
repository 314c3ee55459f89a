"""What new contacts, leads, incoming leads and tasks are made of (pure)."""

from collections.abc import Collection, Mapping
from typing import Any

from calltrackd.crm.leads.match import Match
from calltrackd.crm.leads.policy import LeadWish, TaskWish
from calltrackd.model.call import CallRecord, Source
from calltrackd.settings.crm import AmocrmTarget

Body = dict[str, Any]
OWN = frozenset({"price", "status_id", "pipeline_id", "responsible_user_id", "loss_reason_id"})
"""Fields of a lead that are no custom ones; all are whole numbers."""
MARKS = {
    "medium": "UTM_MEDIUM",
    "source": "UTM_SOURCE",
    "campaign": "UTM_CAMPAIGN",
    "term": "UTM_TERM",
    "content": "UTM_CONTENT",
}
CLICKS = {"ym_uid": "_YM_UID"}
"""Click ids whose field has another code than their own name."""
NAME_CHARS = 255
CALL_TASK = 1
"""The type of a task to call somebody."""


def contact(record: CallRecord, user: str | None) -> Body:
    """A contact with the caller's number."""
    phone = {"value": record.caller, "enum_code": "WORK"}
    return {
        "name": (record.caller_name or str(record.caller))[:NAME_CHARS],
        "custom_fields_values": [{"field_code": "PHONE", "values": [phone]}],
        **_responsible(user),
    }


def lead(
    record: CallRecord,
    wish: LeadWish,
    settings: AmocrmTarget,
    known: Collection[str],
    user: str | None,
) -> Body:
    """A lead. `known`: codes and ids of the lead's custom fields; others are left out."""
    custom = {**marks(record.source, settings), **_custom(wish)}
    if settings.call_field_id is not None:
        custom[str(settings.call_field_id)] = record.id
    body: Body = {"name": wish.title[:NAME_CHARS], **_responsible(user)}
    for name, value in (("pipeline_id", settings.pipeline_id), ("status_id", settings.status_id)):
        if value is not None:
            body[name] = value
    body |= {
        name: round(float(value))
        for name, value in wish.fields.items()
        if name in OWN and value not in (None, "")
    }
    fields = [_field(name, value) for name, value in custom.items() if name in known]
    return {**body, "custom_fields_values": fields} if fields else body


def marks(source: Source, settings: AmocrmTarget) -> Body:
    """UTM marks and click ids by their fields' codes."""
    if not settings.utm:
        return {}
    found = {code: getattr(source, name) for name, code in MARKS.items()}
    found |= {CLICKS.get(name, name.upper()): one for name, one in source.click_ids.items()}
    return {code: value for code, value in found.items() if value}


def needs_fields(record: CallRecord, wish: LeadWish, settings: AmocrmTarget) -> bool:
    """Whether the lead has custom fields at all."""
    custom = _custom(wish) or marks(record.source, settings)
    return bool(custom) or settings.call_field_id is not None


def unknown_fields(wish: LeadWish, known: Collection[str]) -> list[str]:
    """Custom fields of the settings that the account does not have."""
    return [name for name in _custom(wish) if name not in known]


def linked(body: Body, owner: tuple[str, str]) -> Body:
    """The lead as its owner's: `("contacts", "7")`."""
    folder, entity = owner
    return {**body, "_embedded": {folder: [{"id": int(entity)}]}}


def incoming(record: CallRecord, lead_body: Body, settings: AmocrmTarget) -> Body:
    """An incoming lead with its contact; stage and responsible come when it is accepted."""
    given = {"name", "price", "custom_fields_values"}
    pipeline = {} if settings.pipeline_id is None else {"pipeline_id": settings.pipeline_id}
    return {
        "source_uid": record.id,
        "source_name": settings.source,
        "created_at": int(record.started_at),
        **pipeline,
        "metadata": {
            "uniq": record.id,
            "from": record.caller,
            "phone": record.did or record.caller,
            "called_at": int(record.started_at),
            "duration": round(record.talk_s),
            "service_code": settings.source,
            "is_call_event_needed": False,
        },
        "_embedded": {
            "leads": [{name: one for name, one in lead_body.items() if name in given}],
            "contacts": [contact(record, None)],
        },
    }


def task(wish: TaskWish, place: tuple[str, str] | None, user: str | None) -> Body:
    """A task to call back, at an entity if there is one."""
    at = {} if place is None else {"entity_type": place[0], "entity_id": int(place[1])}
    return {
        "text": wish.title,
        "complete_till": int(wish.due_at),
        "task_type_id": CALL_TASK,
        **at,
        **_responsible(user),
    }


def owner_of(match: Match) -> tuple[str, str] | None:
    """To whom a new lead belongs."""
    folders = {"contact": "contacts", "company": "companies"}
    return (folders[match.kind], match.id) if match.kind in folders else None


def _custom(wish: LeadWish) -> Body:
    return {
        name: value
        for name, value in wish.fields.items()
        if name not in OWN and value not in (None, "", [])
    }


def _field(name: str, value: Any) -> Body:
    listed = value if isinstance(value, list) else [value]
    key: Body = {"field_id": int(name)} if name.isdigit() else {"field_code": name}
    return {**key, "values": [{"value": one} for one in listed]}


def _responsible(user: str | None) -> Body:
    return {"responsible_user_id": int(user)} if user else {}


def custom_names(fields: Mapping[str, Any]) -> list[str]:
    """Custom fields among those that the settings name."""
    return [name for name in fields if name not in OWN]
