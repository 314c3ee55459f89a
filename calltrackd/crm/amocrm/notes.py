"""Notes: the call itself, and what was said in it (pure)."""

import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from calltrackd.crm.users import Users
from calltrackd.model.call import CallRecord, Outcome, Recording
from calltrackd.settings.crm import AmocrmTarget
from calltrackd.store.transcripts import Stored

Body = dict[str, Any]
STATUS: dict[Outcome, int] = {"answered": 4, "voicemail": 1, "busy": 7}
"""1 left a message, 4 talked, 7 busy; 6, not reached, is all the rest."""
NOT_REACHED = 6
MOST_CHARS = 12_000
"""Of one note; a longer talk is several notes."""


def call_type(record: CallRecord) -> str:
    """The note's type."""
    return "call_out" if record.direction == "outbound" else "call_in"


def call_params(record: CallRecord, settings: AmocrmTarget, users: Users) -> Body:
    """What a call's note shows, but for the link to the recording."""
    return {
        "uniq": record.id,
        "duration": round(record.talk_s),
        "source": settings.source,
        "phone": record.caller,
        "call_status": STATUS.get(record.outcome, NOT_REACHED),
        "call_result": _result(record),
        **_talked(record, users),
    }


def call_note(record: CallRecord, params: Body, user: str | None) -> Body:
    """The note of a call. `user`: who may manage it."""
    return {
        "note_type": call_type(record),
        "created_at": int(record.started_at),
        "params": params,
        **({"responsible_user_id": int(user)} if user else {}),
    }


def call_entry(record: CallRecord, params: Body, user: str | None) -> Body:
    """The same call for `/api/v4/calls`, where the CRM itself finds the place by the number."""
    return {
        **params,
        "direction": "outbound" if record.direction == "outbound" else "inbound",
        "created_at": int(record.started_at),
        **({"responsible_user_id": int(user)} if user else {}),
    }


def recording_of(record: CallRecord) -> Recording | None:
    """The one that the note's player gets: both sides before one, the longest."""
    return max(
        record.recordings,
        key=lambda one: (one.side == "both", one.duration_s or 0.0),
        default=None,
    )


def said(call_id: str, stored: Stored) -> list[tuple[str, str]]:
    """A transcript as (name, text) of notes; each text begins with a line that is only its own."""
    name = f"{zlib.crc32(stored.path.encode()):08x}"
    parts = list(_cut(_lines(stored)))
    return [
        (f"said {name}/{n}", f"{heading(call_id, f'said {name}/{n}')}\n{text}")
        for n, text in enumerate(parts, 1)
    ]


def heading(call_id: str, name: str) -> str:
    """The first line of a transcript's note: by it the note is known again."""
    return f"📝 {call_id} {name.removeprefix('said ')}"


def _result(record: CallRecord) -> str:
    names = dict.fromkeys(tag.name for tag in record.tags)
    return ", ".join([record.outcome.replace("_", " "), *names])[:255]


def _talked(record: CallRecord, users: Users) -> Body:
    """Who is shown as the one who talked: a user, else the extension itself."""
    if not record.operators:
        return {}
    user = users.user(record.operators[-1])
    return {"call_responsible": int(user) if user else record.operators[-1]}


def _lines(stored: Stored) -> Sequence[str]:
    signs = {"caller": "👤", "operator": "🎧"}
    return [
        f"{signs[turn.side]} {int(turn.start) // 60:02}:{int(turn.start) % 60:02}  {turn.text}"
        for turn in stored.transcript.turns
    ]


def _cut(lines: Iterable[str]) -> Iterable[str]:
    """Lines joined to texts of at most MOST_CHARS."""
    text = ""
    for whole in lines:
        for line in (whole[n : n + MOST_CHARS] for n in range(0, len(whole), MOST_CHARS)):
            if text and len(text) + 1 + len(line) > MOST_CHARS:
                yield text
                text = line
            else:
                text = f"{text}\n{line}" if text else line
    if text:
        yield text
