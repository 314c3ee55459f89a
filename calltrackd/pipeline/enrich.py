"""Source, kind and history of a call: added before its record is first published."""

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.calls.kinds import judge
from calltrackd.model.call import CallRecord, Change, Tag
from calltrackd.settings import Kinds
from calltrackd.sources.first import first_source
from calltrackd.sources.numbers import Sources
from calltrackd.store import history
from calltrackd.store.history import History


class Enricher:
    """Remembers what was known of a client when its call began, while the call lives."""

    def __init__(self, sources: Sources, kinds: Kinds) -> None:
        self._sources = sources
        self._kinds = kinds
        self._histories: dict[str, History] = {}

    def adopt(self, sources: Sources, kinds: Kinds) -> None:
        """New settings hold for what is published from now on."""
        self._sources, self._kinds = sources, kinds

    async def enrich(
        self,
        conn: AsyncConnection,
        changes: Sequence[Change],
        standing: Mapping[str, Sequence[Tag]],
    ) -> None:
        """Complete the records in place, in the order in which they will be saved.

        `standing`: call id -> its tags, as this transaction sees them.
        """
        for change in changes:
            change.record.source = self._sources.of(change.record.did)
        await self._look_back(conn, [change.record for change in changes])
        for change in changes:
            change.record.tags = list(standing.get(change.record.id, ()))
            self._complete(change.record)

    async def _look_back(self, conn: AsyncConnection, records: Sequence[CallRecord]) -> None:
        """Histories of calls seen first here; other calls of their clients here count as well."""
        clients = {r.caller for r in records if r.id not in self._histories}
        theirs = [record for record in records if record.caller in clients]
        for call_id, found in (await history.before(conn, theirs)).items():
            self._histories.setdefault(call_id, found)

    def forget(self, changes: Sequence[Change]) -> None:
        """These are committed: drop the histories of calls that ended."""
        for change in changes:
            if change.step == "ended":
                self._histories.pop(change.record.id, None)

    def _complete(self, record: CallRecord) -> None:
        known = self._histories.get(record.id, History())
        record.earlier = known.earlier
        record.first_source = first_source(record, known.first)
        record.kind = judge(record, known.earlier, self._kinds)
