"""What RetailCRM's answers mean (pure).

`{"success": true, ...}`, or `{"success": false, "errorMsg": "...", "errors": {...}}`. Too many
requests are a 503, a wrong key is a 403, an account that is not there a 404.
"""

from typing import Any

from calltrackd.crm.client import Answer, by_status
from calltrackd.crm.trouble import AuthFailed, Limited, Permanent, Unknown


def judge(answer: Answer) -> None:
    """Raise the Trouble that an answer means."""
    status, value = answer.status, answer.value
    said = value if isinstance(value, dict) else {}
    reason, detail = f"{answer.where} answered {status}", words(said)
    if status == 503:
        raise Limited(reason, status=status, after=answer.wait, detail=detail)
    if status == 403 or (status == 404 and "account" in detail.lower()):
        raise AuthFailed(reason, status=status, detail=detail)
    if status in {400, 404} or (200 <= status < 300 and said.get("success") is False):
        raise Permanent(reason, status=status, detail=detail)
    by_status(answer)
    if said.get("success") is not True:
        raise Unknown(f"{answer.where} answered {status} without saying success", status=status)


def words(said: dict[str, Any]) -> str:
    """What it says of an error, in a line."""
    errors = said.get("errors") or {}
    each = errors.values() if isinstance(errors, dict) else errors
    return "; ".join(str(one) for one in (said.get("errorMsg"), *each) if one)
