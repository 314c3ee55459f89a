"""Speech: transcripts with full-text search, what is to be listened to, talk maps."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _call_key() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["call_id"],
        ["calls.id"],
        name="call_fk",
        ondelete="CASCADE",
        deferrable=True,
        initially="DEFERRED",
    )


def _transcripts() -> None:
    op.create_table(
        "transcripts",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("heard_from", sa.Double(), nullable=False),
        sa.Column("duration_s", sa.Double(), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("turns", sa.Text(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        _call_key(),
        sa.PrimaryKeyConstraint("id", name="transcripts_pk"),
        sa.UniqueConstraint("call_id", "path", name="transcripts_call_id_path"),
    )
    op.create_index("transcripts_language_heard", "transcripts", ["language", "heard_from"])


def _search() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE transcript_terms"
            " USING fts5(terms, tokenize='unicode61 remove_diacritics 0')"
        )
        op.execute(
            "CREATE TRIGGER transcripts_gone AFTER DELETE ON transcripts"
            " BEGIN DELETE FROM transcript_terms WHERE rowid = old.id; END"
        )
        return
    op.execute(
        "CREATE TABLE transcript_terms (id BIGINT PRIMARY KEY"
        " REFERENCES transcripts (id) ON DELETE CASCADE, terms TSVECTOR NOT NULL)"
    )
    op.execute("CREATE INDEX transcript_terms_terms ON transcript_terms USING gin (terms)")


def _jobs() -> None:
    op.create_table(
        "speech_jobs",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("call_started_at", sa.Double(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ready_at", sa.Double(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("deaths", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text()),
        sa.Column("lease_until", sa.Double()),
        sa.Column("reason", sa.Text()),
        sa.Column("note", sa.Text()),
        sa.Column("ended_at", sa.Double()),
        _call_key(),
        sa.PrimaryKeyConstraint("id", name="speech_jobs_pk"),
        sa.UniqueConstraint("call_id", "path", name="speech_jobs_call_id_path"),
    )
    _index("speech_jobs_waiting", ["live", "call_started_at", "id"], "state = 'waiting'")
    _index("speech_jobs_undone", ["state", "created_at"], "state != 'done'")


def _index(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(
        name, "speech_jobs", columns, sqlite_where=condition, postgresql_where=condition
    )


def _talk_maps() -> None:
    op.create_table(
        "talk_maps",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("map", sa.Text(), nullable=False),
        _call_key(),
        sa.PrimaryKeyConstraint("call_id", name="talk_maps_pk"),
    )


def upgrade() -> None:
    """Create what speech needs."""
    for create in (_transcripts, _search, _jobs, _talk_maps):
        create()
