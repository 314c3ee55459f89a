"""The first schema: calls with tags and recordings, outbox, attachments."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _call_key() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["call_id"],
        ["calls.id"],
        name="call_fk",
        ondelete="CASCADE",
        deferrable=True,
        initially="DEFERRED",
    )


def _index(name: str, table: str, columns: list[str], where: str | None = None) -> None:
    condition = sa.text(where) if where else None
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def _calls() -> None:
    op.create_table(
        "calls",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("pbx", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("tracked", sa.Boolean(), nullable=False),
        sa.Column("did", sa.Text()),
        sa.Column("caller", sa.Text()),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("lost", sa.Boolean(), nullable=False),
        sa.Column("queue", sa.Text()),
        sa.Column("operators", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("answered_at", sa.Double()),
        sa.Column("ended_at", sa.Double()),
        sa.Column("first_seq", sa.BigInteger()),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="calls_pk"),
    )
    _index("calls_caller_started", "calls", ["caller", "started_at"])
    _index("calls_started", "calls", ["started_at"])
    _index("calls_open", "calls", ["pbx", "first_seq"], "ended_at IS NULL")


def _tags_and_recordings() -> None:
    op.create_table(
        "tags",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("by", sa.Text()),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("removed_at", sa.Double()),
        _call_key(),
        sa.PrimaryKeyConstraint("call_id", "at", "name", "source", name="tags_pk"),
    )
    op.create_table(
        "recordings",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        _call_key(),
        sa.PrimaryKeyConstraint("call_id", "path", name="recordings_pk"),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.Double(), nullable=False),
        sa.Column("first_tried_at", sa.Double()),
        sa.Column("sent_at", sa.Double()),
        sa.Column("last_error", sa.Text()),
        sa.Column("last_status", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name="outbox_pk"),
    )
    _index("outbox_call", "outbox", ["call_id", "target", "version"])
    _index("outbox_created", "outbox", ["created_at"])
    _index("outbox_waiting", "outbox", ["target", "next_at", "created_at"], "state = 'waiting'")
    _index("outbox_dead", "outbox", ["target"], "state = 'dead'")


def _attachments() -> None:
    op.create_table(
        "attachments",
        sa.Column("pbx", sa.Text(), nullable=False),
        sa.Column("applied_seq", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("pbx", name="attachments_pk"),
    )


def upgrade() -> None:
    """Create everything."""
    for create in (_calls, _tags_and_recordings, _outbox, _attachments):
        create()
