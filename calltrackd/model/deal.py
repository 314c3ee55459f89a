"""A deal or lead of a CRM: how far it is, what it is worth, and which call it came of.

Times are unix seconds, by the CRM's clock unless said otherwise. Amounts are decimals as text: a
sum of money never passes through a float.
"""

from decimal import Decimal, InvalidOperation
from typing import Literal

import msgspec

DealKind = Literal["deal", "lead"]
DealStatus = Literal["open", "won", "lost"]
DealWay = Literal["webhook", "poll"]
"""How news of a deal reached us."""
JoinWay = Literal["link", "phone"]
"""How a deal was joined to its call: link = the CRM's object was made for the call or is written
at it; phone = the client's number and the time."""


class Deal(msgspec.Struct, kw_only=True):
    """A deal as it was when the CRM was asked."""

    id: str
    kind: DealKind = "deal"
    title: str | None = None
    pipeline: str | None = None
    stage: str
    """The stage by the CRM's own id."""
    won: bool | None = None
    """The CRM's own word: True won, False lost, None in progress or not said."""
    amount: str | None = None
    """A decimal number, as `amount_of` makes it."""
    currency: str | None = None
    """ISO 4217."""
    created_at: float | None = None
    changed_at: float
    closed_at: float | None = None
    contacts: list[str] = []
    """Ids of the CRM's contacts and companies."""
    leads: list[str] = []
    """Ids of leads that the deal came of."""
    phones: list[str] = []
    """E.164, of the contacts that were read with it."""
    calls: list[str] = []
    """Our ids of calls that stand in the deal's own fields."""
    responsible: str | None = None
    """The CRM's id of the user."""
    url: str | None = None
    """Where a person can look at it."""
    raw: str = "{}"
    """The CRM's answer, JSON."""


class KeptDeal(Deal, kw_only=True):
    """A deal as the store has it."""

    target: str
    status: DealStatus
    """By the stages of the settings, else by the CRM's own word."""
    read_at: float
    """When the CRM was asked (our clock)."""
    seen_at: float
    """When it was first seen (our clock)."""
    updated_at: float
    """When its history last grew (our clock)."""
    seen_by: DealWay
    """By which way that change came."""
    call_id: str | None = None
    way: JoinWay | None = None
    """How it was joined to that call."""


class DealChange(msgspec.Struct, kw_only=True):
    """One step of a deal's history: how it stood from then on."""

    at: float
    """When we heard of it (our clock)."""
    changed_at: float
    status: DealStatus
    stage: str
    amount: str | None
    currency: str | None
    seen_by: DealWay


class CallDeal(msgspec.Struct, kw_only=True):
    """What a call's record tells of a deal that was joined to it."""

    target: str
    kind: DealKind
    id: str
    status: DealStatus
    stage: str
    amount: str | None = None
    currency: str | None = None
    created_at: float | None = None
    closed_at: float | None = None
    way: JoinWay


def amount_of(value: object) -> str | None:
    """A sum as CRMs write it, exact and in one form; None for nothing, and for what is no number.

    >>> [amount_of(sum) for sum in ("12500.50", 99.9, "12 500,5", 100, "1E+3", "", "?", None)]
    ['12500.5', '99.9', '12500.5', '100', '1000', None, None, None]
    """
    text = "".join(str(value).split()) if isinstance(value, int | float | str | Decimal) else ""
    if "." not in text:
        text = text.replace(",", ".")
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    if not found.is_finite() or abs(found.adjusted()) > 30:
        return None
    plain = format(found, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
