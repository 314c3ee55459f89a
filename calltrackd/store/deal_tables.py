"""The tables of what comes back from CRMs: deals, inbound webhooks, responsible managers.

The same conventions as in `tables.py`. Amounts are decimals as text: exact on both databases.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)

from calltrackd.store.tables import SERIAL, call_key, metadata

deals = Table(
    "deals",
    metadata,
    Column("target", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("title", Text),
    Column("pipeline", Text),
    Column("stage", Text, nullable=False),
    Column("won", Boolean),
    Column("status", Text, nullable=False),
    Column("amount", Text),
    Column("currency", Text),
    Column("created_at", Double),
    Column("changed_at", Double, nullable=False),
    Column("closed_at", Double),
    Column("contacts", Text, nullable=False),
    Column("leads", Text, nullable=False),
    Column("phones", Text, nullable=False),
    Column("calls", Text, nullable=False),
    Column("responsible", Text),
    Column("url", Text),
    Column("raw", Text, nullable=False),
    Column("read_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("seen_by", Text, nullable=False),
)
"""`contacts`, `leads`, `phones` and `calls` are JSON lists; `raw` is the CRM's answer."""

Index("deals_updated", deals.c.updated_at)
Index("deals_status", deals.c.target, deals.c.status)

deal_changes = Table(
    "deal_changes",
    metadata,
    Column("number", SERIAL, primary_key=True),
    Column("target", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("deal_id", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
    Column("status", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("amount", Text),
    Column("currency", Text),
    Column("seen_by", Text, nullable=False),
)
"""A deal's history: one row a change of status, stage, amount or currency."""

Index(
    "deal_changes_deal",
    deal_changes.c.target,
    deal_changes.c.kind,
    deal_changes.c.deal_id,
    deal_changes.c.number,
)

call_deals = Table(
    "call_deals",
    metadata,
    Column("target", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("deal_id", Text, primary_key=True),
    Column("call_id", Text, call_key(), nullable=False),
    Column("way", Text, nullable=False),
    Column("at", Double, nullable=False),
)
"""A deal belongs to one call, so that no sum counts it twice; a call can have several."""

Index("call_deals_call", call_deals.c.call_id)

call_people = Table(
    "call_people",
    metadata,
    Column("call_id", Text, call_key(), primary_key=True),
    Column("target", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("name", Text),
    Column("extension", Text),
    Column("at", Double, nullable=False),
)
"""Who was responsible for the client when the call came."""

people = Table(
    "people",
    metadata,
    Column("phone", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("user", Text, nullable=False),
    Column("name", Text),
    Column("extension", Text),
    Column("looked_at", Double, nullable=False),
)
"""What CRMs said of who is responsible, so that a restart need not ask them all again."""

Index("people_looked", people.c.looked_at)

inbox = Table(
    "inbox",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("target", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("received_at", Double, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("repeats", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Double, nullable=False),
    Column("error", Text),
    Column("done_at", Double),
    UniqueConstraint("target", "digest"),
)
"""Inbound webhooks of CRMs, stored before they are answered. The same body again is the same row,
which then waits again: what it points at may have changed since."""

INBOX_WAITS = inbox.c.state == literal_column("'waiting'")
INBOX_ASIDE = inbox.c.state == literal_column("'aside'")

Index(
    "inbox_waiting",
    inbox.c.target,
    inbox.c.next_at,
    sqlite_where=INBOX_WAITS,
    postgresql_where=INBOX_WAITS,
)
Index("inbox_aside", inbox.c.target, sqlite_where=INBOX_ASIDE, postgresql_where=INBOX_ASIDE)
Index("inbox_received", inbox.c.received_at)

watermarks = Table(
    "watermarks",
    metadata,
    Column("target", Text, primary_key=True),
    Column("at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)
"""Up to which change of deals a target was polled (`at`: the CRM's clock), and when that ended."""
