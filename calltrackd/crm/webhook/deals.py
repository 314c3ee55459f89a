"""Deals told by a receiver of our webhooks: signed as ours are, complete in themselves.

`{"deals": [{"id", "stage", "changed_at", "call_id"?, "title"?, "pipeline"?, "won"?, "amount"?,
"currency"?, "created_at"?, "closed_at"?, "responsible"?, "phones"?, "url"?}]}`; times RFC 3339,
amounts text or numbers. There is no API to ask again: `changed_at` tells late news from new.
"""

import time
from collections.abc import Callable

import msgspec

from calltrackd.crm.returns.ports import Posted, Told
from calltrackd.crm.webhook.signature import SignatureError, verify
from calltrackd.model.call import seconds
from calltrackd.model.deal import Deal, amount_of


class _Deal(msgspec.Struct, kw_only=True):
    """A deal of the body."""

    id: str | int
    stage: str
    changed_at: str
    call_id: str | None = None
    title: str | None = None
    pipeline: str | None = None
    won: bool | None = None
    amount: str | int | float | None = None
    currency: str | None = None
    created_at: str | None = None
    closed_at: str | None = None
    responsible: str | None = None
    phones: list[str] = []
    url: str | None = None


class _Body(msgspec.Struct):
    deals: list[msgspec.Raw]


_body = msgspec.json.Decoder(_Body)
_one = msgspec.json.Decoder(_Deal)


class SignedDeals:
    """The inbox of a webhook target. `keys`: its signing keys; without any nothing is believed."""

    def __init__(self, keys: tuple[bytes, ...], clock: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._clock = clock

    def verify(self, posted: Posted) -> bool:
        """Whether one of the keys signed it within five minutes."""
        try:
            verify(self._keys, posted.headers, posted.body, self._clock())
        except SignatureError:
            return False
        return True

    def told(self, _content_type: str, body: bytes) -> Told:
        """The deals. ValueError (msgspec's are): the body is none of those."""
        return Told(deals=[_found(raw) for raw in _body.decode(body).deals])


def _found(raw: msgspec.Raw) -> Deal:
    given = _one.decode(raw)
    return Deal(
        id=str(given.id),
        title=given.title,
        pipeline=given.pipeline,
        stage=given.stage,
        won=given.won,
        amount=_amount(given.amount),
        currency=given.currency,
        created_at=_time(given.created_at),
        changed_at=seconds(given.changed_at),
        closed_at=_time(given.closed_at),
        responsible=given.responsible,
        calls=[] if given.call_id is None else [given.call_id],
        phones=given.phones,
        url=given.url,
        raw=bytes(raw).decode(),
    )


def _time(given: str | None) -> float | None:
    return None if given is None else seconds(given)


def _amount(given: str | float | None) -> str | None:
    """The sum; ValueError for one that is no number, rather than a deal without money."""
    amount = amount_of(given)
    if amount is None and given not in (None, ""):
        raise ValueError("a deal's amount is no number")
    return amount
