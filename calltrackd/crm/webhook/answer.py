"""What an HTTP answer says about a delivery (pure)."""

from calltrackd.crm.backoff import retry_after
from calltrackd.crm.outcome import Delivered, Failed, Gone, Outcome, Scope

_ROW_STATUSES = frozenset({400, 406, 409, 411, 412, 413, 414, 415, 417, 421, 422, 424, 428, 431})
"""These speak of one request's content."""
_OUTAGES = frozenset({429, 502, 503, 504})
"""These are said before the content is looked at."""


def outcome_of(status: int, *, page: bool, wait: str | None, detail: str, now: float) -> Outcome:
    """The outcome of an answered request.

    `page`: the body is an HTML page, which no webhook receiver sends on purpose: a proxy's login or
    maintenance page with status 200. `wait`: the Retry-After header. `now`: unix seconds.
    """
    if 200 <= status < 300 and not page:
        return Delivered(status)
    if status == 410:
        return Gone(detail=detail)
    return Failed(
        reason=_reason(status),
        scope=_scope(status),
        status=status,
        after=retry_after(wait, now),
        unknown=status in {502, 504},
        detail=detail,
    )


def is_page(media_type: str, start: bytes) -> bool:
    """True for a whole HTML page.

    A bare `ok` that PHP labels text/html is not one.
    """
    head = start.lstrip()[:15].lower()
    return "html" in media_type and head.startswith((b"<!doctype html", b"<html"))


def _scope(status: int) -> Scope:
    if status in _OUTAGES:
        return "outage"
    return "row" if status in _ROW_STATUSES else "target"


def _reason(status: int) -> str:
    if status < 300:
        return f"{status} with an HTML page instead of an answer"
    if status < 400:
        return f"{status} redirect, which is not followed"
    return f"answered {status}"
