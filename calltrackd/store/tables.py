"""The tables. Times are unix seconds; text is UTF-8; the same on SQLite and PostgreSQL.

`calls.record` is the record as JSON in its in-memory shape, so that it decodes back; the columns
beside it are those that queries filter and sort by. Tags live in their own table only: they come
from several sides (keys, words, people, CRM), and a removed one must stay known as removed.

A change here needs a revision in `migrations/versions`; the tests compare the two.
"""

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    event,
    literal_column,
)

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "pk": "%(table_name)s_pk",
        "uq": "%(table_name)s_%(column_0_N_name)s",
    }
)

SERIAL = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts by itself only in a column of this very type."""


def call_key() -> ForeignKey:
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
    Column("call_id", Text, call_key(), primary_key=True),
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
    Column("call_id", Text, call_key(), primary_key=True),
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

OWED_STATES: list[ColumnElement[str]] = [
    literal_column(f"'{state}'") for state in ("waiting", "sending", "unknown")
]
OWED = outbox.c.state.in_(OWED_STATES)
DEAD = outbox.c.state == literal_column("'dead'")
"""Literals, not parameters: SQLite uses a partial index only when it can read its condition."""

Index("outbox_call", outbox.c.call_id, outbox.c.target, outbox.c.version)
Index("outbox_created", outbox.c.created_at)
Index(
    "outbox_owed",
    outbox.c.target,
    outbox.c.next_at,
    outbox.c.created_at,
    sqlite_where=OWED,
    postgresql_where=OWED,
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

crm_memos = Table(
    "crm_memos",
    metadata,
    Column("target", Text, primary_key=True),
    Column("about", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("updated_at", Double, nullable=False),
)
"""What a CRM target knows: `about` a call (key: its id), a client (key: E.164) or the target itself
(key: what of it, such as its tokens). `value` is JSON."""

Index("crm_memos_key", crm_memos.c.key)

crm_links = Table(
    "crm_links",
    metadata,
    Column("target", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("remote_id", Text, primary_key=True),
    Column("call_id", Text, primary_key=True),
    Column("at", Double, nullable=False),
)
"""Under which entities of a CRM a call is kept there."""

Index("crm_links_call_id", crm_links.c.call_id)

transcripts = Table(
    "transcripts",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("call_id", Text, call_key(), nullable=False),
    Column("path", Text, nullable=False),
    Column("engine", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("heard_from", Double, nullable=False),
    Column("duration_s", Double, nullable=False),
    Column("made_at", Double, nullable=False),
    Column("turns", Text, nullable=False),
    Column("findings", Text, nullable=False),
    UniqueConstraint("call_id", "path"),
)
"""`path`: the recording as the call's record has it, or the name of the tap. `heard_from`: the
moment of second 0. `turns` and `findings` (scripts, tone) are JSON."""

Index("transcripts_language_heard", transcripts.c.language, transcripts.c.heard_from)

SEARCH = {
    "sqlite": (
        (
            "CREATE VIRTUAL TABLE transcript_terms"
            " USING fts5(terms, tokenize='unicode61 remove_diacritics 0')"
        ),
        (
            "CREATE TRIGGER transcripts_gone AFTER DELETE ON transcripts"
            " BEGIN DELETE FROM transcript_terms WHERE rowid = old.id; END"
        ),
    ),
    "postgresql": (
        (
            "CREATE TABLE transcript_terms (id BIGINT PRIMARY KEY"
            " REFERENCES transcripts (id) ON DELETE CASCADE, terms TSVECTOR NOT NULL)"
        ),
        "CREATE INDEX transcript_terms_terms ON transcript_terms USING gin (terms)",
    ),
}
"""The words of a transcript, for full-text search: each database has its own kind of index."""


def _at(moment: str, statement: str, database: str) -> None:
    """Run the statement when `transcripts` is made or dropped in that kind of database."""
    ddl = DDL(statement)  # type: ignore[no-untyped-call]  # SQLAlchemy left it untyped
    event.listen(transcripts, moment, ddl.execute_if(dialect=database))


for _database, _statements in SEARCH.items():
    for _statement in _statements:
        _at("after_create", _statement, _database)
    _at("before_drop", "DROP TABLE IF EXISTS transcript_terms", _database)

speech_jobs = Table(
    "speech_jobs",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("call_id", Text, call_key(), nullable=False),
    Column("path", Text, nullable=False),
    Column("live", Boolean, nullable=False),
    Column("call_started_at", Double, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("state", Text, nullable=False),
    Column("ready_at", Double, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("deaths", Integer, nullable=False),
    Column("worker", Text),
    Column("lease_until", Double),
    Column("reason", Text),
    Column("note", Text),
    Column("ended_at", Double),
    UniqueConstraint("call_id", "path"),
)
"""What is to be listened to. `note` is the worker's own, such as how large a file was a moment
ago; `reason`: why the job waits or was set aside."""

JOB_WAITS = speech_jobs.c.state == literal_column("'waiting'")
JOB_UNDONE = speech_jobs.c.state != literal_column("'done'")
"""Almost all jobs are done: what is asked often must not look at those."""
Index(
    "speech_jobs_waiting",
    speech_jobs.c.live,
    speech_jobs.c.call_started_at,
    speech_jobs.c.id,
    sqlite_where=JOB_WAITS,
    postgresql_where=JOB_WAITS,
)
Index(
    "speech_jobs_undone",
    speech_jobs.c.state,
    speech_jobs.c.created_at,
    sqlite_where=JOB_UNDONE,
    postgresql_where=JOB_UNDONE,
)

talk_maps = Table(
    "talk_maps",
    metadata,
    Column("call_id", Text, call_key(), primary_key=True),
    Column("made_at", Double, nullable=False),
    Column("map", Text, nullable=False),
)
"""Who spoke when, as JSON; needs no language, so a call may have one and no transcript."""
