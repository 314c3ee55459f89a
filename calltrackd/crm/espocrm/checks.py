"""`calltrackd crm check`: what this EspoCRM and its API user lack, and what mends it."""

from typing import Any

from calltrackd.crm.espocrm.api import Api, Row
from calltrackd.crm.espocrm.stages import Stages
from calltrackd.crm.finding import Finding, Severity
from calltrackd.crm.trouble import AuthFailed
from calltrackd.settings.crm.espocrm import EspocrmTarget

NEEDED = {
    "Call": ("create", "read", "edit"),
    "Task": ("create", "read"),
    "Lead": ("create", "read", "edit"),
    "Opportunity": ("create", "read", "edit"),
    "Contact": ("read",),
    "Account": ("read",),
    "User": ("read",),
}
"""What the role must allow."""
MARKED = ("Call", "Lead", "Opportunity", "Task")
"""What bears the call's id in its description."""
ROLE = "EspoCRM, Administration, Roles, the API user's role"


class Checks:
    """`links`: recordings have a public address."""

    def __init__(self, settings: EspocrmTarget, api: Api, stages: Stages, *, links: bool) -> None:
        self._settings, self._api, self._stages, self._links = settings, api, stages, links

    async def all(self) -> list[Finding]:
        """Everything, or only why nothing can be asked. Raises Trouble when EspoCRM is away."""
        try:
            account = await self._api.account()
        except AuthFailed as error:
            mend = "url of the settings; the key: EspoCRM, Administration, API Users"
            return [_finding("credentials", "error", str(error), mend)]
        acl = account.get("acl") or {}
        findings = [_credentials(account["user"]), *_rights(acl), *self._permissions(acl)]
        findings += [*await self._fields(), *await self._stage_names()]
        if self._settings.recordings and not self._links:
            what = "recordings have no public address, so they are left out"
            findings.append(_finding("recordings", "note", what, "set [web] public_url"))
        return findings

    def _permissions(self, acl: Row) -> list[Finding]:
        found = []
        if acl.get("assignmentPermission") != "all":
            what = "the role does not assign records to all users"
            mend = f"{ROLE}: Assignment Permission = all"
            found.append(_finding("rights", "error", what, mend))
        if self._settings.cards and acl.get("messagePermission", "all") != "all":
            what = "the role does not write into the streams of all users, so cards are not shown"
            mend = f"{ROLE}: Message Permission = all"
            found.append(_finding("cards", "warning", what, mend))
        return found

    async def _fields(self) -> list[Finding]:
        fields = await self._api.metadata("entityDefs.Lead.fields")
        if not isinstance(fields, dict):
            return [_finding("fields", "warning", "EspoCRM does not tell its fields")]
        found = []
        lacks = sorted(one for one in self._settings.lead.fields if not _has(fields, one))
        if lacks:
            what = f"leads have no field {', '.join(lacks)}: EspoCRM leaves it out silently"
            found.append(_finding("fields", "warning", what, "mend lead.fields of the settings"))
        options, source = (fields.get("source") or {}).get("options"), self._settings.lead_source
        if source and options is not None and source not in options:
            what = f"leads have no source {source}: every lead would be refused"
            mend = f"lead_source of the settings: one of {', '.join(filter(None, options))}"
            found.append(_finding("fields", "error", what, mend))
        return found or [_finding("fields", "fine", "all fields of leads are there")]

    async def _stage_names(self) -> list[Finding]:
        there = await self._stages.all()
        deals = self._settings.deals
        lacks = [one for one in (*deals.won, *deals.lost) if one.rpartition(":")[2] not in there]
        listed = ", ".join(f"{stage} {chance:.0f} %" for stage, chance in there.items())
        if lacks:
            what = f"deals name stages that there are not: {', '.join(lacks)}"
            return [_finding("stages", "warning", what, f"there are: {listed}")]
        return [_finding("stages", "fine", f"stages: {listed}")]


def _credentials(user: Row) -> Finding:
    who = f"the key is taken, user {user.get('userName')}"
    if user.get("type") == "api":
        return _finding("credentials", "fine", who)
    what = f"{who}, who is no API user: he may do more than calltrackd needs"
    return _finding("credentials", "warning", what, "EspoCRM, Administration, API Users")


def _rights(acl: Row) -> list[Finding]:
    """The role's table: `{"Lead": {"create": "yes", "read": "all", ...}}`, or a bool a scope."""
    table = acl.get("table") or {}
    lacks = [
        f"{entity}: {action}"
        for entity, actions in NEEDED.items()
        for action in actions
        if not _allows(table.get(entity), action)
    ]
    hidden = [one for one in MARKED if _is_hidden(acl, one)]
    found = []
    if lacks:
        what = f"the role does not allow all of {', '.join(lacks)}"
        mend = f"{ROLE}: create = yes, read and edit = all; what is hidden would be made twice"
        found.append(_finding("rights", "error", what, mend))
    if hidden:
        what = f"the role hides the description of {', '.join(hidden)}"
        mend = f"{ROLE}, field level: by the description calls are found again"
        found.append(_finding("rights", "error", what, mend))
    return found or [_finding("rights", "fine", "the role allows all that is needed")]


def _allows(scope: Any, action: str) -> bool:
    if not isinstance(scope, dict):
        return scope is True
    return scope.get(action) in ({"yes", "all"} if action == "create" else {"all"})


def _is_hidden(acl: Row, entity: str) -> bool:
    fields = (acl.get("fieldTable") or {}).get(entity) or {}
    levels = fields.get("description") if isinstance(fields, dict) else None
    return isinstance(levels, dict) and "no" in levels.values()


def _has(fields: Row, attribute: str) -> bool:
    """A field, or an attribute of one, as `campaignId` is of `campaign`."""
    bare = attribute.removesuffix("Ids").removesuffix("Id").removesuffix("Currency")
    return attribute in fields or bare in fields


def _finding(check: str, severity: Severity, what: str, mend: str = "") -> Finding:
    return Finding(check=check, severity=severity, what=what, mend=mend)
