"""Memos and links of CRM targets, and rows whose outcome is not known."""

from calltrackd.store import calls, links, memos, outbox, retention
from calltrackd.store.links import Link

from .build import CLIENT, START, change, record, row


async def write(store, work, *args):
    """One unit of work."""
    return await store.writer.submit(lambda conn: work(conn, *args))


async def read(store, question, *args):
    """One question."""
    async with store.read() as conn:
        return await question(conn, *args)


async def remember(store, about, key, value):
    """A memo of the target crm."""
    await store.writer.submit(
        lambda conn: memos.put(conn, "crm", about, key, value=value, at=START)
    )


async def test_a_memo_is_what_was_written_last(store):
    """By target, subject and key."""
    await remember(store, "call", "c1", '{"a": 1}')
    await remember(store, "call", "c1", '{"a": 2}')
    assert await read(store, memos.get, "crm", "call", "c1") == '{"a": 2}'
    assert await read(store, memos.get, "crm", "phone", "c1") is None
    assert await read(store, memos.get, "other", "call", "c1") is None


async def test_links_lead_from_entities_to_calls(store):
    """Newest call first; a repeated link is one."""
    made = [Link("crm", "contact", "7", "c1", 1.0), Link("crm", "contact", "7", "c2", 2.0)]
    await write(store, links.add, made)
    await write(store, links.add, [Link("crm", "contact", "7", "c1", 9.0)])
    found = await read(store, links.calls_of, "crm", "contact", ["7", "8"])
    assert [(link.call_id, link.at) for link in found] == [("c2", 2.0), ("c1", 1.0)]
    assert await read(store, links.calls_of, "crm", "lead", ["7"]) == []
    assert [link.remote_id for link in await read(store, links.of_call, "c1")] == ["7"]


async def test_forgetting_a_client_forgets_what_crms_know_of_him(store):
    """Memos of his number and of his calls, and their links; others' stay."""
    mine = record()
    await write(store, calls.save, [change(mine)])
    for about, key in (("phone", CLIENT), ("call", mine.id), ("call", "other"), ("target", "t")):
        await remember(store, about, key, "{}")
    await write(store, links.add, [Link("crm", "lead", "7", mine.id, 1.0)])
    await write(store, retention.forget, CLIENT)
    assert await read(store, memos.get, "crm", "phone", CLIENT) is None
    assert await read(store, memos.get, "crm", "call", mine.id) is None
    assert await read(store, memos.get, "crm", "call", "other") == "{}"
    assert await read(store, memos.get, "crm", "target", "t") == "{}"
    assert await read(store, links.of_call, mine.id) == []


async def test_clients_are_forgotten_by_crms_with_their_last_call(store):
    """Retention: a memo of a number lives as long as the number's newest call."""
    old, new = record(1, ended_at=START + 1), record(9, ended_at=START + 2)
    await write(store, calls.save, [change(old), change(new)])
    await remember(store, "phone", CLIENT, "{}")
    await write(store, retention.prune, new.started_at)
    assert await read(store, memos.get, "crm", "phone", CLIENT) == "{}"
    await write(store, retention.prune, new.started_at + 1)
    assert await read(store, memos.get, "crm", "phone", CLIENT) is None


async def test_what_a_kill_interrupted_is_unknown_and_still_owed(store):
    """A row that was being sent is shown as unknown, and offered again."""
    one = row()
    await write(store, outbox.add, [one])
    await write(store, outbox.intend, one.id)
    assert (await read(store, outbox.show, one.id)).state == "sending"
    assert await write(store, outbox.interrupted) == 1
    (found,) = await read(store, outbox.waiting, one.target, 10)
    assert (found.id, found.state) == (one.id, "unknown")
    assert (await read(store, outbox.backlog))[one.target].waiting == 1


async def test_a_settled_row_is_not_sent_again_by_an_intention(store):
    """An admin dropped it while it was being worked on."""
    one = row()
    await write(store, outbox.add, [one])
    await write(store, outbox.drop, [one.id])
    await write(store, outbox.intend, one.id)
    assert (await read(store, outbox.show, one.id)).state == "dropped"
