"""Reasons that an admin may read: no secret, no URL with its tokens, no client's number."""

from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote, urlsplit

from calltrackd.ops.masking import without_numbers

_TOKEN_CHARS = 6
"""Shorter parts of a URL (`api`, `hook`) are no secrets and would hide plain words."""
DETAIL_CHARS = 160


def place(url: str) -> str:
    """Scheme, host and port of a URL: all of it that may be shown.

    >>> place("https://user:pass@crm.example.com:8443/rest/1/s3cr3t/?auth=token")
    'https://crm.example.com:8443'
    """
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}{port}"


def secrets_of(url: str, headers: Iterable[str]) -> tuple[str, ...]:
    """Everything in a URL and header values that may be a secret, longest first."""
    parts = urlsplit(url)
    found = {parts.username or "", parts.password or "", *headers}
    found.update(unquote(part) for part in parts.path.split("/"))
    found.update(value for _, value in parse_qsl(parts.query))
    return tuple(sorted((one for one in found if len(one) >= _TOKEN_CHARS), key=len, reverse=True))


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """One short line of a target's own words without secrets and numbers."""
    line = " ".join(text.split())
    for secret in secrets:
        line = line.replace(secret, "***")
    return without_numbers(line)[:DETAIL_CHARS]
