"""What a portal's answers mean (pure).

    {"result": ..., "total"?, "next"?, "time": {"finish", "operating_reset_at", ...}}
    {"error": TEXT, "error_description": TEXT}

An error is the presence of the key: its text may be empty. PHP writes an empty object as `[]`.
"""

from typing import Any

from calltrackd.crm.client import Answer, by_status
from calltrackd.crm.trouble import (
    AuthFailed,
    Barred,
    Failing,
    Limited,
    NotYet,
    Permanent,
    Trouble,
    Unknown,
)

OPERATING_S = 60.0
"""The portal counts a method's time in buckets of a minute: what to wait when it does not say."""
MOVES = frozenset({301, 302, 303, 307, 308})


class Expired(AuthFailed):
    """The access token is over; a refreshed one will do."""


class Moved(Failing):
    """The portal bears another name now. `to`: the address that it names."""

    def __init__(self, reason: str, *, status: int, to: str) -> None:
        super().__init__(reason, status=status)
        self.to = to


class Absent(Permanent):
    """The call or entity that was named is not there."""


_KINDS: dict[str, type[Trouble]] = {
    "expired_token": Expired,
    "no_auth_found": AuthFailed,
    "invalid_credentials": AuthFailed,
    "insufficient_scope": AuthFailed,
    "user_access_error": AuthFailed,
    "wrong_auth_type": AuthFailed,
    "invalid_token": AuthFailed,
    "authorization_error": AuthFailed,
    "error_method_not_found": AuthFailed,
    "allowed_only_intranet_user": AuthFailed,
    "portal_deleted": Barred,
    "overload_limit": Barred,
    "payment_required": Barred,
    "query_limit_exceeded": Limited,
    "operation_time_limit": Limited,
    "internal_server_error": Unknown,
    "error_unexpected_answer": Unknown,
    "not_found": Absent,
    "owner_not_found": Absent,
}
_WORDS: tuple[tuple[str, type[Trouble]], ...] = (
    ("not finished yet", NotYet),
    ("is it finished", NotYet),
    ("call is not found", Absent),
    ("server returns http error", Failing),
)
"""Errors that are told by their text alone; the first one that fits."""


def judged(answer: Answer, rest_s: float | None = None) -> dict[str, Any]:
    """The envelope of a success. Raises what the answer means.

    `rest_s`: seconds until the time counted for this method is forgotten, as it said last.
    """
    if answer.status in MOVES:
        reason = f"{answer.where} answered {answer.status}, a redirect"
        raise Moved(reason, status=answer.status, to=answer.headers.get("location", ""))
    value = answer.value
    if isinstance(value, dict) and "error" in value:
        raise trouble_of(answer, value, rest_s)
    by_status(answer)
    if not isinstance(value, dict) or "result" not in value:
        raise Unknown(f"{answer.where} answered {answer.status} without a result")
    return value


def trouble_of(
    answer: Answer, error: dict[str, Any], rest_s: float | None = None, status: int | None = None
) -> Trouble:
    """What an error means, whether it is the whole answer or one command's in a batch."""
    status = answer.status if status is None else status
    code, text = (str(error.get(key) or "") for key in ("error", "error_description"))
    kind = _KINDS.get(code.lower()) or _by_text(f"{code} {text}") or _by_status(status)
    reason = f"{answer.where} answered {status} {code}".rstrip()
    trouble = kind(reason, status=status, detail=answer.told, after=_after(kind, answer))
    if isinstance(trouble, Limited) and code.lower() == "operation_time_limit":
        trouble.of_method = True
        trouble.after = OPERATING_S if rest_s is None else max(1.0, rest_s)
    return trouble


def _by_text(text: str) -> type[Trouble] | None:
    lower = text.lower()
    return next((kind for words, kind in _WORDS if words in lower), None)


def _by_status(status: int) -> type[Trouble]:
    if status in {401, 403}:
        return AuthFailed
    if status in {429, 503}:
        return Limited
    return Unknown if status >= 500 else Permanent


def _after(kind: type[Trouble], answer: Answer) -> float | None:
    return None if issubclass(kind, Permanent | AuthFailed) else answer.wait


def mapping(value: Any) -> dict[str, Any]:
    """An object, which PHP writes as `[]` when it is empty and as a list when its keys count up.

    >>> mapping([]), mapping({"a": 1}), mapping(["x", "y"]), mapping(None)
    ({}, {'a': 1}, {'0': 'x', '1': 'y'}, {})
    """
    if isinstance(value, dict):
        return value
    return {str(n): one for n, one in enumerate(value)} if isinstance(value, list) else {}


def listing(value: Any) -> list[Any]:
    """A list, which PHP writes as an object when its keys have gaps.

    >>> listing({"0": "x", "2": "y"}), listing(["x"]), listing(None)
    (['x', 'y'], ['x'], [])
    """
    if isinstance(value, list):
        return value
    return list(value.values()) if isinstance(value, dict) else []
