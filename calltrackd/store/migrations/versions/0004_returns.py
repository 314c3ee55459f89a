"""What comes back from CRMs: deals and their history, inbound webhooks, responsible managers."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, *, must: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=not must)


def _time(name: str, *, must: bool = False) -> "sa.Column[float]":
    return sa.Column(name, sa.Double(), nullable=not must)


def _call_key() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["call_id"],
        ["calls.id"],
        name="call_fk",
        ondelete="CASCADE",
        deferrable=True,
        initially="DEFERRED",
    )


def _deals() -> None:
    op.create_table(
        "deals",
        *(_text(name, must=True) for name in ("target", "kind", "id")),
        *(_text(name) for name in ("title", "pipeline")),
        _text("stage", must=True),
        sa.Column("won", sa.Boolean()),
        _text("status", must=True),
        *(_text(name) for name in ("amount", "currency")),
        _time("created_at"),
        _time("changed_at", must=True),
        _time("closed_at"),
        *(_text(name, must=True) for name in ("contacts", "leads", "phones", "calls")),
        *(_text(name) for name in ("responsible", "url")),
        _text("raw", must=True),
        *(_time(name, must=True) for name in ("read_at", "seen_at", "updated_at")),
        _text("seen_by", must=True),
        sa.PrimaryKeyConstraint("target", "kind", "id", name="deals_pk"),
    )
    op.create_index("deals_updated", "deals", ["updated_at"])
    op.create_index("deals_status", "deals", ["target", "status"])
    op.create_table(
        "deal_changes",
        sa.Column("number", _SERIAL, nullable=False),
        *(_text(name, must=True) for name in ("target", "kind", "deal_id")),
        *(_time(name, must=True) for name in ("at", "changed_at")),
        *(_text(name, must=True) for name in ("status", "stage")),
        *(_text(name) for name in ("amount", "currency")),
        _text("seen_by", must=True),
        sa.PrimaryKeyConstraint("number", name="deal_changes_pk"),
    )
    op.create_index("deal_changes_deal", "deal_changes", ["target", "kind", "deal_id", "number"])


def _of_calls() -> None:
    op.create_table(
        "call_deals",
        *(_text(name, must=True) for name in ("target", "kind", "deal_id", "call_id", "way")),
        _time("at", must=True),
        _call_key(),
        sa.PrimaryKeyConstraint("target", "kind", "deal_id", name="call_deals_pk"),
    )
    op.create_index("call_deals_call", "call_deals", ["call_id"])
    op.create_table(
        "call_people",
        *(_text(name, must=True) for name in ("call_id", "target", "user")),
        *(_text(name) for name in ("name", "extension")),
        _time("at", must=True),
        _call_key(),
        sa.PrimaryKeyConstraint("call_id", name="call_people_pk"),
    )


def _people() -> None:
    op.create_table(
        "people",
        *(_text(name, must=True) for name in ("phone", "target", "user")),
        *(_text(name) for name in ("name", "extension")),
        _time("looked_at", must=True),
        sa.PrimaryKeyConstraint("phone", "target", name="people_pk"),
    )
    op.create_index("people_looked", "people", ["looked_at"])


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", _SERIAL, nullable=False),
        *(_text(name, must=True) for name in ("target", "digest")),
        _time("received_at", must=True),
        _text("content_type", must=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("repeats", sa.Integer(), nullable=False),
        _text("state", must=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _time("next_at", must=True),
        _text("error"),
        _time("done_at"),
        sa.PrimaryKeyConstraint("id", name="inbox_pk"),
        sa.UniqueConstraint("target", "digest", name="inbox_target_digest"),
    )
    _partial("inbox_waiting", ["target", "next_at"], "state = 'waiting'")
    _partial("inbox_aside", ["target"], "state = 'aside'")
    op.create_index("inbox_received", "inbox", ["received_at"])


def _partial(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, "inbox", columns, sqlite_where=condition, postgresql_where=condition)


def _watermarks() -> None:
    op.create_table(
        "watermarks",
        _text("target", must=True),
        *(_time(name, must=True) for name in ("at", "updated_at")),
        sa.PrimaryKeyConstraint("target", name="watermarks_pk"),
    )


def upgrade() -> None:
    """Create what coming back needs."""
    for create in (_deals, _of_calls, _people, _inbox, _watermarks):
        create()
