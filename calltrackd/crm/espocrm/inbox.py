"""EspoCRM's webhooks: signed, in batches, each batch of one webhook (pure).

`Signature: base64(WEBHOOK_ID:hex HMAC-SHA256 of the body)`; before version 9 `X-Signature` with the
raw HMAC. Each webhook has a key of its own, so several may be set, with spaces between them.
Source: espocrm/documentation, administration/webhooks.
"""

import hmac
from base64 import b64decode
from collections.abc import Mapping

import msgspec

from calltrackd.crm.returns.ports import Posted, Told


class _Changed(msgspec.Struct):
    id: str


def is_signed(posted: Posted, secrets: str) -> bool:
    """Whether one of the keys signed it. `secrets`: with white space between them."""
    given = _signature(posted.headers)
    if given is None:
        return False
    signed = [hmac.digest(key.encode(), posted.body, "sha256") for key in secrets.split()]
    return any(hmac.compare_digest(given, form) for one in signed for form in (one, _hex(one)))


def told(body: bytes) -> Told:
    """Which opportunities: `[{"id": "6561…", ...}, ...]`, each once. ValueError."""
    ids = dict.fromkeys(one.id for one in msgspec.json.decode(body, type=list[_Changed]))
    return Told([("deal", one) for one in ids])


def _signature(headers: Mapping[str, str]) -> bytes | None:
    """What follows the webhook's id."""
    text = headers.get("signature") or headers.get("x-signature") or ""
    try:
        _, colon, given = b64decode(text, validate=True).partition(b":")
    except ValueError:
        return None
    return given if colon else None


def _hex(digest: bytes) -> bytes:
    return digest.hex().encode()
