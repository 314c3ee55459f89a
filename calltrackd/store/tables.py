"""The tables. Times are unix seconds; text is UTF-8; the same on SQLite and PostgreSQL.

`calls.record` is the record as JSON in its in-memory shape, so that it decodes back; the columns
beside it are those that queries filter and sort by. Tags live in their own table only: they come
from several sides (keys, words, people, CRM), and a removed one must stay known as removed.

A change here needs a revision in `migrations/versions`; the tests compare the two.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    literal_column,
)

metadata = MetaData(
    naming_convention={"ix": "%(table_name)s_%(column_0_N_name)s", "pk": "%(table_name)s_pk"}
)


def _call_key() -> ForeignKey:
    """Checked at commit, since a tag can be written before the first version of its call."""
    return ForeignKey(
        "calls.id",
        name="call_fk",
        ondelete="CASCADE",
        deferrable=True,
        initially="DEFERRED",
    )


calls = Table(
    "calls",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("pbx", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("tracked", Boolean, nullable=False),
    Column("did", Text),
    Column("caller", Text),
    Column("outcome", Text, nullable=False),
    Column("lost", Boolean, nullable=False),
    Column("queue", Text),
    Column("operators", Text, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("answered_at", Double),
    Column("ended_at", Double),
    Column("first_seq", BigInteger),
    Column("updated_at", Double, nullable=False),
    Column("record", Text, nullable=False),
)
"""`operators`: those who talked, each between spaces (` 101 102 `). `first_seq`: the journal's
number from which on the call can be rebuilt, null for a call that no journal holds."""

Index("calls_caller_started", calls.c.caller, calls.c.started_at)
Index("calls_started", calls.c.started_at)
_OPEN = calls.c.ended_at.is_(None)
Index("calls_open", calls.c.pbx, calls.c.first_seq, sqlite_where=_OPEN, postgresql_where=_OPEN)

tags = Table(
    "tags",
    metadata,
    Column("call_id", Text, _call_key(), primary_key=True),
    Column("at", Double, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("by", Text),
    Column("evidence", Text, nullable=False),
    Column("removed_at", Double),
)
"""The key is the evidence's moment: the same press read again is the same tag."""

recordings = Table(
    "recordings",
    metadata,
    Column("call_id", Text, _call_key(), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("side", Text, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("target", Text, nullable=False),
    Column("call_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("step", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Double, nullable=False),
    Column("first_tried_at", Double),
    Column("sent_at", Double),
    Column("last_error", Text),
    Column("last_status", Integer),
)

WAITING = outbox.c.state == literal_column("'waiting'")
DEAD = outbox.c.state == literal_column("'dead'")
"""Literals, not parameters: SQLite uses a partial index only when it can read its condition."""

Index("outbox_call", outbox.c.call_id, outbox.c.target, outbox.c.version)
Index("outbox_created", outbox.c.created_at)
Index(
    "outbox_waiting",
    outbox.c.target,
    outbox.c.next_at,
    outbox.c.created_at,
    sqlite_where=WAITING,
    postgresql_where=WAITING,
)
Index("outbox_dead", outbox.c.target, sqlite_where=DEAD, postgresql_where=DEAD)

attachments = Table(
    "attachments",
    metadata,
    Column("pbx", Text, primary_key=True),
    Column("applied_seq", BigInteger, nullable=False),
    Column("updated_at", Double, nullable=False),
)
"""How far the journal of an attachment is in the tables above."""
