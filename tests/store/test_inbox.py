"""The inbox of CRMs' webhooks."""

from typing import Any

from msgspec.structs import replace

from calltrackd.store import inbox
from tests.store.build import START, read, write


async def put(store, body: bytes = b"a", at: float = START, target: str = "crm", room: int = 9):
    """Keep a body."""
    return await write(store, inbox.put, target, "text/plain", body, at, room=room)


async def due(store, at: float = START, target: str = "crm") -> list[inbox.Posting]:
    """What is due."""
    return await read(store, inbox.due, target, at, 10)


async def settle(store, row: inbox.Posting, **fields: Any) -> None:
    """Write how it went."""
    await write(store, inbox.settle, [replace(row, **fields)])


async def test_stored_webhook_waits(store):
    """As it came, for its target."""
    assert await put(store, b"\x00\xffbytes") == "stored"
    (row,) = await due(store)
    assert (row.body, row.content_type, row.state) == (b"\x00\xffbytes", "text/plain", "waiting")
    assert await due(store, target="other") == []
    assert await due(store, at=START - 1) == []


async def test_same_body_again_is_the_same_row(store):
    """A CRM that repeats itself makes no second question."""
    await put(store)
    assert await put(store, at=START + 5) == "repeated"
    (row,) = await due(store, START + 5)
    assert (row.repeats, row.received_at) == (1, START + 5)


async def test_done_webhook_that_comes_again_waits_again(store):
    """The same words can tell of another change."""
    await put(store)
    (row,) = await due(store)
    await settle(store, row, state="done", done_at=START)
    assert await due(store) == []
    await put(store, at=START + 9)
    assert len(await due(store, START + 9)) == 1


async def test_webhook_that_comes_again_meanwhile_is_not_settled_by_the_older_look(store):
    """What came while the deal was being read is read once more."""
    await put(store)
    (row,) = await due(store)
    await put(store, at=START + 1)
    await settle(store, row, state="done", done_at=START + 2)
    assert len(await due(store, START + 3)) == 1


async def test_full_inbox_takes_no_more_but_repeats(store):
    """A flood is bounded, a target at a time."""
    await put(store, b"1", room=2)
    await put(store, b"2", room=2)
    assert await put(store, b"3", room=2) == "full"
    assert await put(store, b"1", room=2) == "repeated"
    assert await put(store, b"3", target="other", room=2) == "stored"
    (row, _) = await due(store)
    await settle(store, row, state="done", done_at=START)
    assert await put(store, b"3", room=2) == "stored"


async def test_later_webhook_is_due_later(store):
    """And says when."""
    await put(store)
    (row,) = await due(store)
    await settle(store, row, next_at=START + 30, attempts=1, error="away")
    assert await due(store, START + 29) == []
    assert await read(store, inbox.next_at, "crm") == START + 30
    (row,) = await due(store, START + 30)
    assert (row.attempts, row.error) == (1, "away")


async def test_standing_counts_by_target(store):
    """Waiting, aside, and since when."""
    await put(store, b"1", at=START + 3)
    await put(store, b"2", at=START + 1)
    await put(store, b"3", target="other")
    (row,) = await due(store, target="other")
    await settle(store, row, state="aside", done_at=START)
    assert await read(store, inbox.standing) == {
        "crm": inbox.Depth(2, 0, START + 1),
        "other": inbox.Depth(0, 1, None),
    }


async def test_old_webhooks_go_when_they_are_settled(store):
    """What waits stays."""
    await put(store, b"1")
    await put(store, b"2")
    (row, _) = await due(store)
    await settle(store, row, state="done", done_at=START)
    assert await write(store, inbox.prune, START + 1) == 1
    assert len(await due(store)) == 1


async def test_forgotten_number_is_in_no_body(store):
    """However the body writes it."""
    await put(store, b"phone=%2B79161234567")
    await put(store, b"phone=89990000000")
    assert await write(store, inbox.forget, "+79161234567") == 1
    assert [row.body for row in await due(store)] == [b"phone=89990000000"]
