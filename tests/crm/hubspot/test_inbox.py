"""Webhooks of HubSpot: signed by v3, in batches, doubled and in any order."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest

from calltrackd.crm.hubspot import inbox
from calltrackd.crm.returns.ports import Inbox, Posted
from tests.crm.hubspot.conftest import Alone

SECRET = "client-secret"
URL = "https://calls.example/v1/crm/hub"
AT = 1_795_000_000.0


def event(kind: str = "deal.propertyChange", deal: Any = 9, **more: Any) -> dict[str, Any]:
    """One event."""
    return {
        "eventId": 1, "subscriptionId": 5, "portalId": 4242, "appId": 7,
        "occurredAt": int(AT * 1000), "subscriptionType": kind, "attemptNumber": 0,
        "objectId": deal, "propertyName": "dealstage", "propertyValue": "closedwon", **more,
    }  # fmt: skip


def posted(
    body: bytes, *, at: float = AT, url: str = URL, signs: str = URL, **headers: str
) -> Posted:
    """A webhook as HubSpot sends it: `signs` is the address as it stands in the signature."""
    moment = str(int(AT * 1000))
    text = b"POST" + signs.encode() + body + moment.encode()
    digest = hmac.new(SECRET.encode(), text, hashlib.sha256).digest()
    given = {
        "x-hubspot-signature-v3": base64.b64encode(digest).decode(),
        "x-hubspot-request-timestamp": moment,
        "content-type": "application/json",
        **headers,
    }
    return Posted(path="", query={}, headers=given, body=body, at=at, url=url)


def test_what_hubspot_signed_is_taken() -> None:
    """Method, address, body and time are under the signature."""
    assert inbox.is_genuine(posted(b"[]"), SECRET)


def test_an_address_is_signed_decoded() -> None:
    """HubSpot decodes some letters before it signs, and no others."""
    url = f"{URL}?a=%3Ab%2fc%40&d=%20%26"
    assert inbox.is_genuine(posted(b"[]", url=url, signs=f"{URL}?a=:b/c@&d=%20%26"), SECRET)


def forged() -> Iterator[tuple[str, Posted, str]]:
    """What must not pass."""
    good = posted(b"[]")
    old = AT + inbox.OLDEST_S + 1
    yield "another body", Posted("", {}, good.headers, b"[1]", AT, URL), SECRET
    yield "another address", Posted("", {}, good.headers, b"[]", AT, f"{URL}/x"), SECRET
    yield "another secret", good, "other"
    yield "no secret", good, ""
    yield "too old", posted(b"[]", at=old), SECRET
    yield "from the future", posted(b"[]", at=AT - inbox.OLDEST_S - 1), SECRET
    yield "another time", posted(b"[]", **{"x-hubspot-request-timestamp": "1795000001000"}), SECRET
    yield "no time", posted(b"[]", **{"x-hubspot-request-timestamp": ""}), SECRET
    yield "a time of letters", posted(b"[]", **{"x-hubspot-request-timestamp": "soon"}), SECRET
    yield "no signature", posted(b"[]", **{"x-hubspot-signature-v3": ""}), SECRET
    yield "letters", posted(b"[]", **{"x-hubspot-signature-v3": "подпись"}), SECRET


@pytest.mark.parametrize(
    ("request_", "secret"), [one[1:] for one in forged()], ids=[one[0] for one in forged()]
)
def test_all_else_is_not(request_: Posted, secret: str) -> None:
    """Not even a byte, a second or a letter of it may be another one."""
    assert not inbox.is_genuine(request_, secret)


def test_a_batch_names_each_deal_once() -> None:
    """Doubled, out of order, with events of other objects between them."""
    events = [
        event(deal=9, attemptNumber=1), event(deal=7), event(deal=9),
        event("contact.propertyChange", 5), event("deal.deletion", 8),
        event("object.propertyChange", 11, objectTypeId="0-3"),
        event("object.propertyChange", 12, objectTypeId="0-1"),
        event("deal.merge", 20, mergedObjectIds=[21, 22]),
        event("deal.associationChange", None, fromObjectId=30, toObjectId=31),
    ]  # fmt: skip
    told = inbox.told(json.dumps(events).encode())
    ids = ["9", "7", "8", "11", "20", "21", "22", "30"]
    assert told.keys == [("deal", one) for one in ids]
    assert told.deals == []


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"objectId": 9}', b"\xff"])
def test_what_is_no_batch_is_said_so(body: bytes) -> None:
    """It is kept, and never read."""
    with pytest.raises(ValueError, match=r"no JSON|no batch"):
        inbox.told(body)


def test_odd_events_are_passed_over() -> None:
    """One of them does not spoil the others."""
    body = json.dumps([1, None, {}, event(deal="x"), event(deal=None), event(deal=3)]).encode()
    assert inbox.told(body).keys == [("deal", "3")]


async def test_the_connector_offers_an_inbox(alone: Alone) -> None:
    """By its app's client secret; without one everything is refused."""
    async with alone(deals={"secret": SECRET}) as hub:
        assert isinstance(hub, Inbox)
        assert hub.verify(posted(b"[]"))
        assert hub.told("application/json", json.dumps([event()]).encode()).keys
    async with alone() as hub:
        assert not hub.verify(posted(b"[]"))
