"""Another body for those who cannot take ours: fields filled by templates (crm.templates).

Names are those of the call record, and `type`, `timestamp`, `webhook_id`, `alert` and `data` (the
whole record).
"""

from typing import Any
from urllib.parse import urlencode

import msgspec

from calltrackd.crm.target import Shape
from calltrackd.crm.templates import RECORD_NAMES, compiled
from calltrackd.model.outbox import OutboxRow

NAMES = RECORD_NAMES | {"type", "timestamp", "webhook_id", "data", "alert"}


class Request(msgspec.Struct, frozen=True):
    """What a filled mapping sends: fields for the address's query, a body and its media type."""

    query: dict[str, str] = {}
    body: bytes = b""
    content_type: str = ""


class Mapper:
    """The mapping of one target, compiled. Raises TemplateFault for a template that is wrong."""

    def __init__(self, target: str, shape: Shape) -> None:
        self._format = shape.format
        self._fields = {
            name: compiled(value, f"target {target}, field {name}", NAMES)
            for name, value in shape.fields.items()
        }

    def request(self, row: OutboxRow) -> Request:
        """The row in the target's own shape. Raises TemplateFault."""
        event = msgspec.json.decode(row.body)
        names = {"alert": None, **event["data"], **event, "webhook_id": row.id}
        filled = {name: fill(names) for name, fill in self._fields.items()}
        if self._format == "json":
            return Request(body=msgspec.json.encode(filled), content_type="application/json")
        plain = {name: _plain(value) for name, value in filled.items()}
        if self._format == "query":
            return Request(query=plain)
        body = urlencode(plain).encode()
        return Request(body=body, content_type="application/x-www-form-urlencoded")


def _plain(value: Any) -> str:
    """A value as forms and queries write it: null is empty, the rest that is no text is JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
