"""Recorded streams through the very same pipeline, without network, into a store of their own."""

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from calltrackd.model.call import CallRecord
from calltrackd.pbx.stream import Header, Kind, Stream, StreamError
from calltrackd.pipeline.build import enricher_of, stream_of, street_of
from calltrackd.pipeline.commit import Committed, Committer
from calltrackd.pipeline.street import Effects, Street
from calltrackd.settings import AsteriskPbx, FreeswitchPbx, Pbx, Settings
from calltrackd.store.engine import Store

BATCH_CHUNKS = 500
MAKES: dict[Kind, str] = {"ami": "asterisk", "esl-plain": "freeswitch"}
"""The make of the PBX that speaks so."""


class Replay:
    """Feeds streams and keeps the last version of every record, in the order of first sight."""

    def __init__(self, settings: Settings, make: str | None = None) -> None:
        self._settings = settings
        self._make = make
        """What all streams must come from, `asterisk` or `freeswitch`; None: anything."""
        self.records: dict[str, CallRecord] = {}
        self.unusable: dict[str, int] = {}
        """Events that lacked something, and changes that no transaction took, by name."""

    async def run(self, paths: Sequence[Path]) -> list[CallRecord]:
        """The final records of all streams. StreamError names a file that can't be read."""
        async with _scratch_store() as store:
            committer = Committer(
                store,
                enricher_of(self._settings),
                [],
                told=self._told,
                unusable=self._count,
                clock=lambda: 0.0,
            )
            for group in _journals([self._opened(path) for path in paths]):
                await self._feed(group, committer)
        return list(self.records.values())

    def _opened(self, path: Path) -> Stream:
        stream = Stream(path)
        if self._make not in (None, MAKES[stream.header.stream]):
            raise StreamError(f"{path}: a stream of {MAKES[stream.header.stream]}")
        return stream

    async def _feed(self, streams: Sequence[Stream], committer: Committer) -> None:
        street = street_of(self._settings, attachment(self._settings, streams[0].header))
        for number, chunk in enumerate(chunk for stream in streams for chunk in stream):
            await _put(committer, street, street.feed(chunk))
            if number % BATCH_CHUNKS == 0:
                await committer.flush()
        await _put(committer, street, street.finish())
        await committer.flush()
        for event, count in street.unusable.items():
            self._count(event, count)

    def _told(self, done: Committed) -> None:
        for record in done.records:
            self.records[record.id] = record

    def _count(self, kind: str, count: int = 1) -> None:
        self.unusable[kind] = self.unusable.get(kind, 0) + count


async def _put(committer: Committer, street: Street, effects: Effects) -> None:
    await committer.put(street.pbx, street.seq, effects.changes, effects.first_seqs)


def attachment(settings: Settings, header: Header) -> Pbx:
    """The attachment of the stream's name; the only one of its make; else the make's defaults."""
    alike = [pbx for pbx in settings.pbx if stream_of(pbx) == header.stream]
    named = [pbx for pbx in alike if pbx.name == header.pbx]
    if named or len(alike) == 1:
        return (named or alike)[0]
    if header.stream == "esl-plain":
        return FreeswitchPbx.model_construct(kind="freeswitch", name=header.pbx)
    return AsteriskPbx.model_construct(kind="asterisk", name=header.pbx)


def _journals(streams: Sequence[Stream]) -> list[list[Stream]]:
    """Segments of one journal are one stream; other files, which name a scenario, stand alone."""
    found: dict[tuple[Kind, str, str, int], list[Stream]] = {}
    for number, stream in enumerate(streams):
        header = stream.header
        alone = number if header.scenario else -1
        found.setdefault((header.stream, header.pbx, header.scenario, alone), []).append(stream)
    for segments in found.values():
        segments.sort(key=lambda stream: stream.header.seq)
    return list(found.values())


@asynccontextmanager
async def _scratch_store() -> AsyncIterator[Store]:
    with tempfile.TemporaryDirectory(prefix="calltrackd-replay-") as folder:
        store = await Store.open(f"sqlite:///{folder}/replay.db")
        try:
            yield store
        finally:
            await store.close()
