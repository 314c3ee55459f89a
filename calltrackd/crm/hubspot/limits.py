"""HubSpot's limits, and its answers when something is not as it should be.

An app has so many requests in any ten seconds and so many a day; searches have a limit a second of
their own, which all apps of an account share. A 429 says by `policyName` which one was passed, not
how long to wait. Days end at midnight in the account's own zone, so after a daily one we look once
an hour.
"""

from typing import Any

import msgspec

from calltrackd.crm.client import Answer, by_status
from calltrackd.crm.trouble import AuthFailed, Away, Failing, Limited, Permanent, Trouble, Unknown
from calltrackd.settings.crm import HubspotTarget

PAUSES_S = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0, "DAILY": 3600.0}
MIGRATION_S = 600.0
WINDOW_S = 10.0
USED = 0.9
"""Of what HubSpot allows: its clock and ours don't tick together."""
MIGRATING = 477


class Share(msgspec.Struct, frozen=True):
    """A leaky bucket: requests a second, and at once."""

    rate: float
    burst: int


def shares(settings: HubspotTarget) -> tuple[Share, Share]:
    """(searches, all other requests): together never more in any ten seconds than is allowed.

    >>> shares(HubspotTarget(kind="hubspot", name="h"))
    (Share(rate=3.0, burst=1), Share(rate=4.7, burst=11))
    """
    allowed = settings.requests_per_10s * USED
    left = allowed - settings.searches_per_s * WINDOW_S - 2
    burst = max(1, int(left / 5))
    return Share(settings.searches_per_s, 1), Share((left - burst) / WINDOW_S, burst)


def judged(answer: Answer) -> None:
    """Raises the Trouble that an answer means. 207 is no trouble: each part has its own word."""
    said = _object(answer.value)
    if answer.status == 429:
        policy = policy_of(answer)
        after = max(answer.wait or 0.0, PAUSES_S.get(policy, 0.0)) or None
        told = f"{answer.where}: limit {policy or 'of requests'} is reached"
        raise Limited(told, status=429, after=after, detail=answer.told)
    if answer.status == 403:
        raise _barred(answer, said)
    if answer.status == MIGRATING:
        what = f"{answer.where}: the account is moving to another data centre"
        raise Away(what, status=MIGRATING, after=answer.wait or MIGRATION_S)
    by_status(answer)


def policy_of(answer: Answer) -> str:
    """The limit that a 429 tells of, empty when it does not."""
    return str(_object(answer.value).get("policyName") or "").upper()


def part_refused(error: Any) -> Trouble:
    """What the error of one part of a batch (207) means."""
    said = _object(error)
    category, message = str(said.get("category") or ""), str(said.get("message") or "")[:300]
    if category == "RATE_LIMITS":
        return Limited("a part of a batch was over the limit", status=207)
    if category in {"VALIDATION_ERROR", "OBJECT_NOT_FOUND", "BANNED"}:
        return Permanent(f"refused in a batch: {category}", status=207, detail=message)
    if not category:
        return Unknown("a batch told nothing of its part", status=207)
    return Failing(f"failed in a batch: {category}", status=207, detail=message)


def missing_scopes(said: Any) -> list[str]:
    """The scopes that a refusal names."""
    listed = [_object(one).get("context") for one in _object(said).get("errors") or []]
    found = [
        str(scope)
        for context in listed
        for name in ("requiredGranularScopes", "requiredScopes", "missingScopes")
        for scope in _object(context).get(name) or []
    ]
    return list(dict.fromkeys(found))


def _barred(answer: Answer, said: dict[str, Any]) -> Trouble:
    """A missing scope is the admin's to mend, and he should know which."""
    scopes = ", ".join(missing_scopes(said))
    reason = f"{answer.where}: the app lacks a scope" + (f": {scopes}" if scopes else "")
    return AuthFailed(reason, status=403, detail="" if scopes else answer.told)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
