"""The questions asked all the time use an index, however large the tables grow."""

import re

import pytest
from sqlalchemy import event

from calltrackd.model.terms import Term
from calltrackd.store import (
    calls,
    history,
    links,
    memos,
    outbox,
    retention,
    speech_jobs,
    tags,
    talk_maps,
    transcripts,
)
from calltrackd.store.calls import CallFilter
from calltrackd.store.transcripts import Wanted

from .build import CLIENT, START, change, on_postgresql, on_sqlite, record, row, tag

TABLES = {
    "calls",
    "tags",
    "recordings",
    "outbox",
    "attachments",
    "transcripts",
    "speech_jobs",
    "talk_maps",
    "crm_memos",
    "crm_links",
}
LATER = START + 3600
QUESTIONS = {
    "save": lambda conn: calls.save(conn, [change(record())]),
    "history": lambda conn: history.before(conn, [record(1), record(2)]),
    "list": lambda conn: calls.list_calls(conn, CallFilter()),
    "get": lambda conn: calls.get(conn, record().id),
    "open": lambda conn: calls.open_calls(conn, "hq"),
    "oldest open": lambda conn: calls.oldest_open_seq(conn, "hq"),
    "tags": lambda conn: tags.of_calls(conn, ["a", "b"]),
    "waiting": lambda conn: outbox.waiting(conn, "crm", 10, due=1.0),
    "settle": lambda conn: outbox.settle(conn, [row()]),
    "backlog": outbox.backlog,
    "intend": lambda conn: outbox.intend(conn, "a"),
    "memo": lambda conn: memos.get(conn, "crm", "call", "a"),
    "memos of calls": lambda conn: memos.drop(conn, "call", ["a"]),
    "calls of a lead": lambda conn: links.calls_of(conn, "crm", "lead", ["1"]),
    "links of a call": lambda conn: links.of_call(conn, "a"),
    "prune": lambda conn: retention.prune(conn, LATER),
    "prune deliveries": lambda conn: retention.prune_deliveries(conn, LATER),
    "claim": lambda conn: speech_jobs.claim(conn, "w", LATER, 60.0, 3),
    "release": lambda conn: speech_jobs.release(conn, "w", LATER),
    "finish": lambda conn: speech_jobs.finish(conn, "w", 1, LATER),
    "how the work stands": speech_jobs.standing,
    "talk maps": lambda conn: talk_maps.of_calls(conn, ["a"]),
    "transcripts": lambda conn: transcripts.of_call(conn, "a"),
    "search": lambda conn: transcripts.search(
        conn, Wanted(language="ru", terms=Term("деньги"), since=START)
    ),
    "tags of words": lambda conn: tags.add(conn, [(record().id, tag(source="phrase"))]),
    "forget": lambda conn: retention.forget(conn, CLIENT),
}


READ_WHOLE = {"forget": ("deals", "inbox")}
"""What a CRM told may bear a number anywhere; that is asked once in a long while."""


async def plans(store, question, explain, prepare="SELECT 1"):
    """How the database would go about each statement of a question about one ended call."""
    asked = []

    async def work(conn):
        await calls.save(conn, [change(record(ended_at=START))])
        await conn.exec_driver_sql(prepare)

        def note(_conn, _cursor, statement, parameters, _context, many):
            asked.append((statement, parameters[0] if many else parameters))

        event.listen(conn.sync_connection, "before_cursor_execute", note)
        await question(conn)
        event.remove(conn.sync_connection, "before_cursor_execute", note)
        return [
            "\n".join(str(line[-1]) for line in await conn.exec_driver_sql(explain + sql, given))
            for sql, given in asked
        ]

    return await store.writer.submit(work)


@on_sqlite
@pytest.mark.parametrize("name", QUESTIONS)
async def test_no_table_is_read_whole_by_sqlite(store, name):
    """A scan may walk an index, or the question itself, but never a table."""
    for plan in await plans(store, QUESTIONS[name], "EXPLAIN QUERY PLAN "):
        scans = [line for line in plan.splitlines() if line.startswith("SCAN")]
        assert [s for s in scans if "INDEX" not in s and s.split()[1] in TABLES] == [], plan


@on_postgresql
@pytest.mark.parametrize("name", QUESTIONS)
async def test_no_table_is_read_whole_by_postgresql(store, name):
    """With sequential scans made dear, none is left where an index can serve."""
    dear = "SET LOCAL enable_seqscan = off"
    for plan in await plans(store, QUESTIONS[name], "EXPLAIN ", dear):
        scanned = re.findall(r"Seq Scan on (\w+)", plan)
        assert [table for table in scanned if table not in READ_WHOLE.get(name, ())] == [], plan
