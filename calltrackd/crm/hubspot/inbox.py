"""HubSpot's webhooks: batches of small events, signed, at least once, in no order (pure).

What they say is not believed: it names deals, which are read again.
"""

import hmac
import re
from base64 import b64encode
from hashlib import sha256
from typing import Any

import msgspec

from calltrackd.crm.returns.ports import Posted, Told
from calltrackd.model.deal import DealKind

OLDEST_S = 300.0
"""A signed request may be so old (HubSpot's own rule)."""
DEALS = "0-3"
"""The type of deals, where events name types of objects."""
_DECODED = {f"%{ord(sign):02X}": sign for sign in ":/?@!$'()*,;"}
"""What HubSpot decodes in an address before it signs."""
_CODED = re.compile("|".join(_DECODED), re.IGNORECASE)


def is_genuine(posted: Posted, secret: str) -> bool:
    """Whether the app signed it (signature v3), within five minutes."""
    told = posted.headers.get("x-hubspot-signature-v3", "")
    moment = posted.headers.get("x-hubspot-request-timestamp", "")
    if not secret or not told or not (moment.isascii() and moment.isdigit()):
        return False
    if abs(posted.at - int(moment) / 1000) > OLDEST_S:
        return False
    signed = signature(secret, posted.url, posted.body, moment)
    return hmac.compare_digest(signed.encode(), told.encode())


def signature(secret: str, url: str, body: bytes, moment: str) -> str:
    """Signature v3 of a POST. `moment`: milliseconds, as its header has them."""
    decoded = _CODED.sub(lambda found: _DECODED[found[0].upper()], url)
    text = b"POST" + decoded.encode() + body + moment.encode()
    return b64encode(hmac.new(secret.encode(), text, sha256).digest()).decode()


def told(body: bytes) -> Told:
    """The deals that it names. ValueError: it is no batch of events."""
    try:
        events = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise ValueError(f"no JSON: {error}") from error
    if not isinstance(events, list):
        raise ValueError("no batch of events")  # noqa: TRY004 - what was sent is wrong, not a type
    keys: dict[tuple[DealKind, str], None] = {}
    for event in events:
        for deal in _deals_of(event) if isinstance(event, dict) else []:
            keys["deal", deal] = None
    return Told(keys=list(keys))


def _deals_of(event: dict[str, Any]) -> list[str]:
    """`deal.propertyChange` of apps of the old kind, `object.propertyChange` of the new one."""
    family, _, what = str(event.get("subscriptionType", "")).partition(".")
    if family != "deal" and (family != "object" or event.get("objectTypeId") != DEALS):
        return []
    if what == "associationChange":
        ids = [event.get("fromObjectId")]
    else:
        ids = [event.get("objectId"), *(event.get("mergedObjectIds") or [])]
    return [str(one) for one in ids if str(one).isdigit()]
