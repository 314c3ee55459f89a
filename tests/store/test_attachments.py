from calltrackd.store import attachments

from .build import START, read, write


async def test_position_starts_at_zero_and_moves(store):
    """Each attachment has its own position in its own journal."""
    assert await read(store, attachments.applied, "hq") == 0
    await write(store, attachments.set_applied, "hq", 5, START)
    await write(store, attachments.set_applied, "branch", 2**40, START)
    await write(store, attachments.set_applied, "hq", 6, START)
    assert await read(store, attachments.applied, "hq") == 6
    assert await read(store, attachments.applied, "branch") == 2**40
