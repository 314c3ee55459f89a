"""Server-Sent Events (WHATWG HTML 9.2): the little of it that a live stream needs.

Events of /v1/live:

* `links`: `[{"pbx", "up", "since"}]`, all attachments, at the start and at each change;
* `call`: one call's public record, all calls in progress first, then each committed change;
* `alert`: `{"rule", "kind", "call_id", "at", "evidence"}`, a rule that is told at once held;
* `behind`: `{"left_out": n}`, the watcher was too slow for n calls; ask /v1/calls/open;
* a comment line each 10 s, so that a dead connection is noticed.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from calltrackd.model.call import CallRecord, public, public_alert, rfc3339
from calltrackd.web.live import Batch, LinkState

ALIVE = b": alive\n\n"


def opening(links: list[LinkState], calls: Iterable[CallRecord]) -> bytes:
    """What a watcher is told first: how things stand."""
    return b"retry: 1000\n\n" + _links(links) + b"".join(_call(record) for record in calls)


def news(batch: Batch) -> bytes:
    """The batch as events; a sign of life when nothing happened."""
    parts = [_links(batch.links)] if batch.links else []
    if batch.left_out:
        parts.append(_event("behind", {"left_out": batch.left_out}))
    parts += [_event("alert", public_alert(alert)) for alert in batch.alerts]
    parts += [_call(record) for record in batch.records]
    return b"".join(parts) or ALIVE


def _call(record: CallRecord) -> bytes:
    return _event("call", public(record))


def _links(links: list[LinkState]) -> bytes:
    states = [{"pbx": link.pbx, "up": link.up, "since": rfc3339(link.since)} for link in links]
    return _event("links", states)


def _event(name: str, data: Any) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(data))
