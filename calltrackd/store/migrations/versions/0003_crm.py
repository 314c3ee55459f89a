"""CRM targets: deliveries whose outcome is unknown, memos, and which entity holds which call."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_OWED = sa.text("state IN ('waiting', 'sending', 'unknown')")


def _outbox() -> None:
    op.drop_index("outbox_waiting", "outbox")
    columns = ["target", "next_at", "created_at"]
    op.create_index("outbox_owed", "outbox", columns, sqlite_where=_OWED, postgresql_where=_OWED)


def _memos() -> None:
    op.create_table(
        "crm_memos",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("target", "about", "key", name="crm_memos_pk"),
    )
    op.create_index("crm_memos_key", "crm_memos", ["key"])


def _links() -> None:
    op.create_table(
        "crm_links",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("target", "kind", "remote_id", "call_id", name="crm_links_pk"),
    )
    op.create_index("crm_links_call_id", "crm_links", ["call_id"])


def upgrade() -> None:
    """Create what connectors need."""
    for create in (_outbox, _memos, _links):
        create()
