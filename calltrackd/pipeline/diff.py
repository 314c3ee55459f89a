"""What a replay finds different from the store: a fault of then, or settings that changed since."""

from collections.abc import Sequence
from typing import Any

import msgspec

from calltrackd.model.call import CallRecord, public
from calltrackd.store import calls
from calltrackd.store.engine import Store

NOT_COMPARED = frozenset({"version", "tags", "kind", "earlier", "first_source", "source"})
"""Versions count publishings; tags of people and the client's history come from elsewhere."""


class Difference(msgspec.Struct):
    """One call. `fields`: name -> (in the store, replayed); empty when the store lacks the call."""

    id: str
    missing: bool
    fields: dict[str, tuple[Any, Any]]

    def told(self) -> str:
        """One line for a person."""
        if self.missing:
            return f"{self.id}: not in the store"
        parts = [f"{name}: {old!r} -> {new!r}" for name, (old, new) in self.fields.items()]
        return f"{self.id}: {'; '.join(parts)}"


async def compared(store: Store, records: Sequence[CallRecord]) -> list[Difference]:
    """The calls whose stored record is absent or differs."""
    async with store.read() as conn:
        pairs = [(record, await calls.get(conn, record.id)) for record in records]
    found = [_difference(new, old) for new, old in pairs]
    return [difference for difference in found if difference.missing or difference.fields]


def _difference(new: CallRecord, old: CallRecord | None) -> Difference:
    if old is None:
        return Difference(new.id, True, {})
    stored, replayed = public(old), public(new)
    fields = {
        name: (stored[name], replayed[name])
        for name in replayed
        if name not in NOT_COMPARED and stored[name] != replayed[name]
    }
    return Difference(new.id, False, fields)
