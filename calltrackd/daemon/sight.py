"""Calls in progress as a watcher sees them: the tracker's state with the store's version.

Ringing phones, queues and holds are no change that a CRM hears of; a person at `tail` wants to see
them. So the committed record of each open call is kept, and laid over what the tracker knows now.
"""

import asyncio
from collections.abc import Callable, Iterable

import msgspec
import structlog

from calltrackd.model.call import CallRecord
from calltrackd.web.live import LiveBus

REFRESH_S = 0.5

_log = structlog.get_logger(__name__)


class OpenCalls:
    """The calls in progress of all attachments. `live`: records as the trackers see them."""

    def __init__(self, live: Callable[[], Iterable[CallRecord]], bus: LiveBus) -> None:
        self._live = live
        self._bus = bus
        self._committed: dict[str, CallRecord] = {}
        self._shown: dict[str, tuple[object, ...]] = {}
        self._said = ""

    def known(self, record: CallRecord) -> None:
        """A call in progress that the store knows from before a restart."""
        self._committed.setdefault(record.id, record)

    def committed(self, record: CallRecord) -> None:
        """A record as the store has it now."""
        if record.ended_at is None:
            self._committed[record.id] = record
        else:
            self._forget(record.id)
        self._bus.publish(record)

    def parted(self, pbx: str) -> None:
        """The PBX left the settings."""
        for record in list(self._committed.values()):
            if record.pbx == pbx:
                self._forget(record.id)

    def __call__(self) -> list[CallRecord]:
        """All of them, each as it stands."""
        return [_laid(self._committed[r.id], r) for r in self._live() if r.id in self._committed]

    async def run(self) -> None:
        """Show watchers what moves between two committed changes."""
        while True:
            await asyncio.sleep(REFRESH_S)
            if not self._bus.watchers:
                continue
            try:
                self._refresh()
            except Exception as error:  # noqa: BLE001 - border: no look is worth a stop
                self._complain(error)

    def _complain(self, error: Exception) -> None:
        if repr(error) != self._said:
            _log.error("sight.failed", exc_info=error)
        self._said = repr(error)

    def _forget(self, call_id: str) -> None:
        self._committed.pop(call_id, None)
        self._shown.pop(call_id, None)

    def _refresh(self) -> None:
        for record in self():
            look = _look(record)
            if self._shown.get(record.id) != look:
                self._shown[record.id] = look
                self._bus.publish(record)


def _laid(committed: CallRecord, live: CallRecord) -> CallRecord:
    return msgspec.structs.replace(
        live,
        version=committed.version,
        tags=committed.tags,
        source=committed.source,
        first_source=committed.first_source,
        kind=committed.kind,
        earlier=committed.earlier,
        responsible=committed.responsible,
        deals=committed.deals,
    )


def _look(record: CallRecord) -> tuple[object, ...]:
    """What of a record changes its line on the screen."""
    legs = tuple((leg.operator, leg.disposition) for leg in record.legs)
    talks = tuple((talk.operator, talk.to, talk.hold_s > 0) for talk in record.talks)
    return record.version, record.queue, record.queue_s > 0, legs, talks, len(record.digits)
