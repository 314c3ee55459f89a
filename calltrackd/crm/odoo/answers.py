"""What Odoo's answers mean (pure).

Odoo tells its errors as JSON `{"name": exception, "message": ..., "debug": traceback}`; the status
alone misleads: an unknown field is a 500, two changes of one record at once are `{"ids": false}`
inside 200. An exception that Odoo itself tells has rolled its transaction back: nothing was taken.
All measured on Odoo 19.0.
"""

from typing import Any

from calltrackd.crm.client import Answer, by_status
from calltrackd.crm.trouble import AuthFailed, Failing, NotYet, Permanent, Unknown

ERRORS_OF_OURS = frozenset(
    f"builtins.{name}"
    for name in ("AssertionError", "AttributeError", "IndexError", "KeyError", "TypeError")
) | {"builtins.ValueError"}
CONCURRENT = ("SerializationFailure", "DeadlockDetected", "LockNotAvailable", "ConcurrencyError")
"""Ends of the names of exceptions that mean two changes of one record at once."""
CONCURRENT_WORDS = (
    "serialize access", "deadlock", "obtain lock",
    "сериализовать доступ", "взаимоблокировк", "получить блокировку",
    "Zugriff nicht serialisieren", "Verklemmung",
)  # fmt: skip
"""PostgreSQL's words for the same, in the languages in which it is set up."""
BUSY = "Odoo was changing the same record"


def told(answer: Answer) -> tuple[str, str] | None:
    """Exception and message of an error that Odoo itself tells; None for any other answer."""
    value = answer.value if answer.status >= 400 and answer.is_json else None
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return None
    return value["name"], str(value.get("message") or "")


def judge(answer: Answer, *, of_records: bool) -> None:
    """Raise the Trouble that an answer means. `of_records`: the request named records by id.

    Such a request can be refused for one record only; any other refusal is one of the whole user.
    """
    error = told(answer)
    if error is None:
        _foreign(answer)
        return
    name, message = error
    status, reason = answer.status, f"{answer.where} answered {answer.status} {name}"
    if name.endswith(CONCURRENT):
        raise NotYet(BUSY, status=status)
    if name.endswith("MissingError") or (status == 403 and of_records):
        raise Permanent(reason, status=status, detail=message)
    if status in {401, 403}:
        raise AuthFailed(reason, status=status, detail=message)
    if name.endswith("NotFound"):
        raise AuthFailed(f"{reason}: a module is missing", status=status, detail=message)
    if name in ERRORS_OF_OURS or name.startswith("psycopg2.errors."):
        raise Permanent(reason, status=status, detail=message)
    if status == 500 and not name.startswith("psycopg2."):
        raise Failing(reason, status=status, detail=message)
    by_status(answer)


def _foreign(answer: Answer) -> None:
    """What a proxy, or Odoo before it knew the database, answers."""
    if answer.status == 404:
        reason = f"{answer.where} has no such database, or is no Odoo 19"
        raise AuthFailed(reason, status=404)
    by_status(answer)


def loaded(value: Any) -> int:
    """The id out of the answer to `load`. Raises NotYet, Permanent, Unknown."""
    if not isinstance(value, dict) or "ids" not in value:
        raise Unknown("Odoo answered an import with something else")
    if value["ids"]:
        return int(value["ids"][0])
    words = "; ".join(str(one.get("message")) for one in value.get("messages") or ())
    if any(sign in words for sign in CONCURRENT_WORDS):
        raise NotYet(BUSY)
    raise Permanent("Odoo did not take a record", detail=words)
