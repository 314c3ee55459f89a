"""What can be said of any target, once its CRM's users are known (pure)."""

from collections.abc import Mapping, Sequence

from calltrackd.crm.finding import Finding
from calltrackd.crm.people import CrmUser


def user_findings(
    mapped: Mapping[str, str], fallback: str | None, users: Sequence[CrmUser]
) -> list[Finding]:
    """Whether the settings' `users` and `fallback_user` are users of the CRM, and at work."""
    known = {user.id: user for user in users}
    named = [(f"extension {extension}", user) for extension, user in mapped.items()]
    if fallback is not None:
        named.append(("fallback_user", fallback))
    wrong = [_finding(where, user, known.get(user)) for where, user in named]
    found = [finding for finding in wrong if finding is not None]
    if not named:
        return [_nobody()]
    what = f"{len(named)} users of the settings are users of the CRM"
    return found or [Finding(check="users", severity="fine", what=what)]


def _finding(where: str, user: str, known: CrmUser | None) -> Finding | None:
    if known is None:
        what = f"{where}: the CRM has no user {user}"
        mend = "calltrackd crm users TARGET lists them; put the right id under users"
        return Finding(check="users", severity="error", what=what, mend=mend)
    if not known.active:
        what = f"{where}: {known.name} is not active in the CRM"
        return Finding(check="users", severity="warning", what=what, mend="map somebody else")
    return None


def _nobody() -> Finding:
    return Finding(
        check="users",
        severity="warning",
        what="the settings map no extension to a user of the CRM, so no card is shown",
        mend="calltrackd crm users TARGET proposes the lines",
    )
