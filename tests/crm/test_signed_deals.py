"""Deals that a receiver of our webhooks sends back."""

import json
from typing import Any

import pytest

from calltrackd.crm.returns.ports import Posted
from calltrackd.crm.webhook.deals import SignedDeals
from calltrackd.crm.webhook.signature import ID, SIGNATURE, TIMESTAMP, sign
from calltrackd.model.deal import Deal

NOW = 1_795_423_338
KEY, OTHER = b"k" * 32, b"o" * 32
LEAST = {"id": "9", "stage": "NEW", "changed_at": "2026-11-23T08:42:18Z"}


def posted(body: bytes = b"{}", key: bytes = KEY, at: int = NOW, said: bytes = b"") -> Posted:
    """A signed webhook; `said`: the body that comes instead of the one that was signed."""
    headers = {ID: "m1", TIMESTAMP: str(at), SIGNATURE: sign((key,), "m1", at, body)}
    return Posted("", {}, headers, said or body, NOW)


def told(*found: Any) -> list[Deal]:
    """What a body with these deals says."""
    body = json.dumps({"deals": found}).encode()
    return SignedDeals((KEY,)).told("application/json", body).deals


def test_signature_is_that_of_our_own_webhooks() -> None:
    """By any of the target's keys, of these words, of these five minutes."""
    inbox = SignedDeals((OTHER, KEY), clock=lambda: NOW)
    assert inbox.verify(posted())
    assert not inbox.verify(posted(key=b"x" * 32))
    assert not inbox.verify(posted(said=b"{ }"))
    assert not inbox.verify(posted(at=NOW - 301))
    assert not inbox.verify(Posted("", {}, {}, b"{}", NOW))


def test_target_without_keys_believes_nothing() -> None:
    """Unsigned targets take no deals."""
    assert not SignedDeals((), clock=lambda: NOW).verify(posted())


def test_least_that_a_deal_needs() -> None:
    """Id, stage, and when it changed; an id may be a number."""
    (one,) = told({**LEAST, "id": 9})
    assert (one.id, one.kind, one.stage, one.changed_at) == ("9", "deal", "NEW", NOW)
    assert (one.calls, one.amount, one.created_at) == ([], None, None)


def test_all_that_a_deal_may_tell() -> None:
    """Sums exact, times of any zone, the words as they came."""
    more = {"call_id": "c", "amount": "12 500,50", "currency": "RUB", "won": True, "phones": ["8"]}
    times = {"created_at": "2026-11-23T11:42:18+03:00", "closed_at": "2026-11-23T08:42:18.5Z"}
    (one,) = told({**LEAST, **more, **times, "pipeline": "1", "title": "t", "responsible": "3"})
    assert (one.calls, one.amount, one.won, one.phones) == (["c"], "12500.5", True, ["8"])
    assert (one.created_at, one.closed_at) == (NOW, NOW + 0.5)
    assert json.loads(one.raw)["amount"] == "12 500,50"


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "9"},
        {**LEAST, "changed_at": "yesterday"},
        {**LEAST, "amount": "much"},
        {**LEAST, "amount": [1]},
        {**LEAST, "won": "yes"},
        "9",
    ],
)
def test_deal_that_cannot_be_read_is_an_error(wrong: Any) -> None:
    """Rather than a deal without money or time."""
    with pytest.raises(ValueError, match=r"."):
        told(LEAST, wrong)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff", b'{"deals": {}}'])
def test_body_that_is_none_is_an_error(body: bytes) -> None:
    """It is set aside with its reason."""
    with pytest.raises(ValueError, match=r"."):
        SignedDeals((KEY,)).told("", body)
