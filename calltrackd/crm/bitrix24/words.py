"""A call in the portal's words: statuses, times, who speaks (pure)."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from calltrackd.model.call import CallRecord, Outcome, Recording, Source
from calltrackd.store.transcripts import Stored

IN, OUT = 2, 1
"""TYPE of `telephony.externalCall.register`."""
AUDIO = (".mp3", ".wav")
"""All that the portal takes."""
ORIGINATOR = "calltrackd"

_INBOUND: dict[Outcome, str] = {"busy": "486", "rejected": "603", "failed": "503"}
_OUTBOUND: dict[Outcome, str] = {**_INBOUND, "abandoned": "603-S", "no_answer": "480"}
_SIDES = {"operator": "User", "caller": "Client"}


def iso(at: float) -> str:
    """Unix seconds as ISO 8601 with zone.

    >>> iso(1795423338.5)
    '2026-11-23T08:42:18+00:00'
    """
    return datetime.fromtimestamp(int(at), UTC).isoformat()


def status(record: CallRecord) -> str:
    """STATUS_CODE of a call that is over: talked 200, nobody came 304, else as SIP would say."""
    if record.answered_at is not None and record.outcome == "answered":
        return "200"
    if record.direction != "outbound":
        return _INBOUND.get(record.outcome, "304")
    if record.outcome == "no_answer" and record.hung_up_by == "operator":
        return "603-S"
    return _OUTBOUND.get(record.outcome, "OTHER")


def registration(record: CallRecord, user: str, client: tuple[str, str] | None) -> dict[str, Any]:
    """Parameters of `register`. `client`: kind and id of the one to whom the call belongs.

    The card is shown by `show`, to all who ring; leads are made by our own rules.
    """
    params: dict[str, Any] = {
        "USER_ID": int(user),
        "PHONE_NUMBER": record.caller,
        "TYPE": OUT if record.direction == "outbound" else IN,
        "CALL_START_DATE": iso(record.started_at),
        "CRM_CREATE": 0,
        "SHOW": 0,
        "EXTERNAL_CALL_ID": record.id,
    }
    if record.did is not None:
        params["LINE_NUMBER"] = record.did
    if client is not None:
        params["CRM_ENTITY_TYPE"], params["CRM_ENTITY_ID"] = client[0].upper(), int(client[1])
    return params


def ending(record: CallRecord, call_id: str, user: str) -> dict[str, Any]:
    """Parameters of `finish`. DURATION: seconds of talk; who talked did it for one at least."""
    code = status(record)
    talked = max(1, round(record.talk_s)) if code == "200" else 0
    return {"CALL_ID": call_id, "USER_ID": int(user), "DURATION": talked, "STATUS_CODE": code}


def utm(source: Source) -> dict[str, str]:
    """UTM fields of an item, those that are known."""
    named = {
        "utmSource": source.source,
        "utmMedium": source.medium,
        "utmCampaign": source.campaign,
        "utmContent": source.content,
        "utmTerm": source.term,
    }
    return {field: value for field, value in named.items() if value}


def tags(record: CallRecord) -> list[str]:
    """Names of tags, each once, in the order in which they came."""
    return list(dict.fromkeys(tag.name for tag in record.tags))


def recording(record: CallRecord) -> Recording | None:
    """The one recording that a call can have there: both sides before one, the longest."""
    usable = [one for one in record.recordings if one.path.lower().endswith(AUDIO)]
    return max(usable, key=lambda one: (one.side == "both", one.duration_s or 0.0), default=None)


def messages(transcripts: Sequence[Stored]) -> list[dict[str, Any]]:
    """MESSAGES of a transcript: whole seconds from the beginning of the first recording."""
    began = min((one.heard_from for one in transcripts), default=0.0)
    said = [
        (one.heard_from - began + turn.start, one.heard_from - began + turn.end, turn)
        for one in transcripts
        for turn in one.transcript.turns
        if turn.text.strip()
    ]
    return [
        {
            "SIDE": _SIDES[turn.side],
            "START_TIME": max(0, math.floor(start)),
            "STOP_TIME": max(1, math.ceil(end)),
            "MESSAGE": turn.text.strip(),
        }
        for start, end, turn in sorted(said, key=lambda one: one[:2])
    ]


def multipart(field: str, name: str, content: bytes, boundary: str) -> bytes:
    """A form with one file in it (RFC 7578)."""
    kind = "audio/mpeg" if name.lower().endswith(".mp3") else "audio/wav"
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
        f"Content-Type: {kind}\r\n\r\n"
    )
    return head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
