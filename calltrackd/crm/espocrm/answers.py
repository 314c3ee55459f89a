"""What EspoCRM's answers mean (pure).

The reason stands in the header `X-Status-Reason`, the body is often empty or a page. A record is
saved before what hangs on it (stream, notifications, workflows), so a 500 may have been taken.
Source: espocrm/espocrm 9, Core/Api/ErrorOutput and Core/Record/Service.
"""

from typing import Any

from calltrackd.crm.client import Answer, by_status
from calltrackd.crm.trouble import AuthFailed, Failing, Permanent, Unknown


def judge(answer: Answer, *, of_record: bool) -> None:
    """Raise the Trouble that an answer means. `of_record`: the request named a record by its id.

    Such a request can be refused for one record only; any other refusal is one of the whole user,
    but for an assignment, which depends on to whom.
    """
    status = answer.status
    if status not in {400, 403, 404, 409}:
        by_status(answer)
        return
    why = answer.headers.get("x-status-reason", "")
    reason, detail = f"{answer.where} answered {status}", why or answer.told
    if status == 403 and not of_record and "assignment" not in why.lower():
        raise AuthFailed(f"{reason}: the role does not allow it", status=status, detail=detail)
    if status == 404 and not of_record:
        raise AuthFailed(f"{reason}: there is no EspoCRM, or no such entity type", status=status)
    raise Permanent(reason, status=status, detail=detail)


def rows(value: Any) -> list[dict[str, Any]]:
    """The records of a list. Raises Failing."""
    if not isinstance(value, dict) or not isinstance(value.get("list"), list):
        raise Failing("EspoCRM answered a list with something else")
    found: list[dict[str, Any]] = value["list"]
    return found


def made(value: Any) -> str:
    """The id of a new record. Raises Unknown when the answer tells none."""
    if not isinstance(value, dict) or not value.get("id"):
        raise Unknown("EspoCRM answered without the id of what it made")
    return str(value["id"])
