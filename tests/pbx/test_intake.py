"""The intake: bounded memory, nothing lost, nothing out of order."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calltrackd.pbx.intake import Intake
from calltrackd.pbx.journal import Journal, JournalError
from calltrackd.pbx.stream import Chunk


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal in an empty folder."""
    journal = Journal(tmp_path, "office")
    yield journal
    journal.close()


def put(journal: Journal, intake: Intake, data: bytes) -> None:
    """One socket read, as a link does it."""
    seq = journal.append(1.0, data)
    intake.chunk(seq, 1.0, data)


async def take(intake: Intake, count: int) -> list[Chunk]:
    """The next so many chunks."""
    found: list[Chunk] = []
    stream = aiter(intake)
    while len(found) < count:
        found.append(await anext(stream))
    return found


async def test_chunks_and_marks_in_order(journal: Journal) -> None:
    """What a link tells comes out as chunks and marks; then it ends."""
    intake = Intake(journal)
    intake.up(journal.mark(1.0, "reconnect"), 1.0)
    put(journal, intake, b"a")
    intake.lost(journal.mark(2.0, "eof"), 2.0)
    intake.close()
    assert [chunk async for chunk in intake] == list(journal.read())


async def test_consumer_waits_for_the_next(journal: Journal) -> None:
    """An empty intake lets its consumer sleep until something comes."""
    intake = Intake(journal)
    waiting = asyncio.create_task(take(intake, 1))
    await asyncio.sleep(0)
    assert not waiting.done()
    put(journal, intake, b"a")
    assert [chunk.data for chunk in await waiting] == [b"a"]


async def test_marks_are_spilled_too(journal: Journal) -> None:
    """A mark between spilled chunks keeps its place."""
    intake = Intake(journal, budget=1)
    put(journal, intake, b"aa")
    intake.lost(journal.mark(1.0, "eof"), 1.0)
    intake.up(journal.mark(1.0, "reconnect"), 1.0)
    put(journal, intake, b"bb")
    assert await take(intake, 4) == list(journal.read())
    assert intake.held == 0


async def test_a_pruned_chunk_is_an_error(journal: Journal) -> None:
    """A chunk that the journal has no more is never skipped silently."""
    intake = Intake(journal, budget=0)
    intake.chunk(7, 1.0, b"never written")
    with pytest.raises(JournalError, match="chunk 7"):
        await take(intake, 1)


async def test_a_cancelled_consumer_leaves_the_rest(journal: Journal) -> None:
    """Who goes on after a cancel gets all that was not taken, spilled or not."""
    intake = Intake(journal, budget=10)
    for number in range(9):
        put(journal, intake, bytes([65 + number]) * 6)
    found = await take(intake, 1)
    for _ in range(3):
        reading = asyncio.create_task(take(intake, 2))
        await asyncio.sleep(0)
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading
    intake.close()
    found += [chunk async for chunk in intake]
    assert [chunk.seq for chunk in found] == list(range(1, 10))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.lists(st.integers(-5, 30), max_size=40))
async def test_any_order_of_putting_and_taking(journal: Journal, steps: list[int]) -> None:
    """However producer and consumer take turns, all comes once, in order, within the budget."""
    intake, first, due = Intake(journal, budget=60), journal.next_seq, 0
    found: list[int] = []
    stream = aiter(intake)
    for step in steps:
        if step > 0:
            put(journal, intake, b"x" * step)
            due += 1
            assert intake.held <= 60
        for _ in range(min(-step, due)):
            found.append((await anext(stream)).seq)
            due -= 1
    intake.close()
    found += [chunk.seq async for chunk in stream]
    assert found == list(range(first, journal.next_seq))
