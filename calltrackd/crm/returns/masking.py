"""What a webhook bears besides its news: tokens, which are told here and stored nowhere (pure).

Bitrix24 sends an access token of the application with each event; whoever reads the database must
not get it. The words that `Inbox.told` reads stay as they are.
"""

from typing import Any
from urllib.parse import unquote_plus

import msgspec

SECRETS = frozenset(
    {
        "access_token",
        "api_key",
        "apikey",
        "application_token",
        "auth_token",
        "authorization",
        "client_secret",
        "id_token",
        "password",
        "refresh_token",
        "secret",
        "token",
    }
)
"""Names in lower case, of fields in forms (the last of PHP's brackets) and in JSON."""
MASK = "***"


def masked(body: bytes) -> bytes:
    """A form or JSON as it may be stored; the very same bytes where it bears no secret."""
    try:
        value = msgspec.json.decode(body)
        return msgspec.json.encode(_without(value)) if _bears(value) else body
    except (msgspec.DecodeError, RecursionError):
        return b"&".join(map(_field, body.split(b"&")))


def _field(field: bytes) -> bytes:
    name, is_given, value = field.partition(b"=")
    word = unquote_plus(name.decode(errors="replace")).rstrip("]").rpartition("[")[2]
    return b"=".join((name, MASK.encode())) if is_given and value and _is_secret(word) else field


def _bears(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_is_secret(name) or _bears(one) for name, one in value.items())
    return isinstance(value, list) and any(map(_bears, value))


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: MASK if _is_secret(name) else _without(one) for name, one in value.items()}
    return [_without(one) for one in value] if isinstance(value, list) else value


def _is_secret(name: str) -> bool:
    return name.lower() in SECRETS
