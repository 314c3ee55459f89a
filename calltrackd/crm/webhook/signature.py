"""Standard Webhooks signatures: who sent it, that it is whole, and that it is fresh.

Signed is `id.timestamp.body`, HMAC-SHA256, as `v1,<base64>`; during a rotation of secrets a
request bears one signature for each. https://github.com/standard-webhooks/standard-webhooks
"""

import hmac
from base64 import b64encode
from collections.abc import Mapping, Sequence

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE_S = 300


class SignatureError(Exception):
    """The request is not to be trusted; the text says why and holds no secret."""


def _one(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    signed = b"%b.%d.%b" % (message_id.encode(), timestamp, body)
    return "v1," + b64encode(hmac.digest(key, signed, "sha256")).decode()


def sign(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` header: one signature a key, parted by spaces."""
    return " ".join([_one(key, message_id, timestamp, body) for key in keys])


def verify(
    keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: float
) -> tuple[str, int]:
    """(id, timestamp) of a request that one of the keys signed within the last five minutes.

    `headers`: looked up in lower case. Raises SignatureError.
    """
    try:
        message_id, stamp = headers[ID], int(headers[TIMESTAMP])
        offered = headers[SIGNATURE].split()
    except (KeyError, ValueError):
        raise SignatureError("a webhook header is missing or no number") from None
    if abs(now - stamp) > TOLERANCE_S:
        raise SignatureError(f"{now - stamp:.0f} s away from our clock")
    good = [_one(key, message_id, stamp, body).encode() for key in keys]
    if not any(hmac.compare_digest(one, text.encode()) for one in good for text in offered):
        raise SignatureError("no signature fits")
    return message_id, stamp
