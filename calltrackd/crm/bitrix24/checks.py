"""What `calltrackd crm check` finds in a portal; nothing is changed there."""

from collections.abc import Awaitable, Callable
from typing import Any

from calltrackd.crm.bitrix24.answers import listing, mapping
from calltrackd.crm.bitrix24.matches import TYPES
from calltrackd.crm.bitrix24.people import People
from calltrackd.crm.bitrix24.portal import Portal
from calltrackd.crm.checks import user_findings
from calltrackd.crm.finding import Finding, Severity
from calltrackd.crm.trouble import AuthFailed, Barred, Permanent
from calltrackd.settings.crm.bitrix24 import Bitrix24Target

APP = ("telephony", "crm", "user")
WEBHOOK = ("crm", "user")

Look = Callable[[], Awaitable[list[Finding]]]


class Checks:
    """Raises Trouble when the portal cannot be asked at all."""

    def __init__(self, settings: Bitrix24Target, portal: Portal, people: People) -> None:
        self._settings, self._portal, self._people = settings, portal, people

    async def run(self) -> list[Finding]:
        """Credentials first; without them nothing else is looked at."""
        try:
            granted = {str(one) for one in listing(await self._call("scope"))}
        except (AuthFailed, Barred) as error:
            return [_finding("credentials", "error", str(error), self._mend_credentials())]
        found = [_finding("credentials", "fine", f"the portal takes the {self._settings.mode}")]
        found += self._mode() + self._scopes(granted)
        looks: list[tuple[str, Look]] = [
            ("user", self._users),
            ("crm", self._fields),
            ("crm", self._sources),
        ]
        if self._settings.mode == "app":
            looks.append(("telephony", self._statistics))
        for scope, look in looks:
            if scope in granted:
                found += await look()
        return found

    def _mend_credentials(self) -> str:
        if self._settings.mode == "webhook":
            return "make a new incoming webhook; put its user and its secret into the target"
        return "log in to the application anew and put the new refresh_token into the target"

    def _mode(self) -> list[Finding]:
        if self._settings.mode == "app":
            return []
        what = "a webhook shows no call card and has no telephony statistics"
        return [_finding("mode", "note", what, 'a local application can: mode = "app"')]

    def _scopes(self, granted: set[str]) -> list[Finding]:
        wanted = list(APP if self._settings.mode == "app" else WEBHOOK)
        if self._settings.lead.missed in {"task", "both"}:
            wanted.append("task")
        mend = "add it in the portal: Developer resources, Integrations, this entry's rights"
        missing = [
            _finding("rights", "error", f"the right {scope} is missing", mend)
            for scope in wanted
            if scope not in granted
        ]
        fine = [_finding("rights", "fine", f"rights are there: {', '.join(wanted)}")]
        return missing or fine

    async def _users(self) -> list[Finding]:
        users = await self._people.all()
        settings = self._settings
        if settings.users or settings.fallback_user or not any(one.extension for one in users):
            return user_findings(settings.users, settings.fallback_user, users)
        count = sum(1 for one in users if one.extension and one.active)
        return [_finding("users", "fine", f"{count} users have an inner phone in the portal")]

    async def _fields(self) -> list[Finding]:
        kind = self._settings.lead_as
        params = {"entityTypeId": TYPES[kind]}
        try:
            result = mapping(await self._call("crm.item.fields", params))
        except (AuthFailed, Permanent) as error:
            mend = f"give this user the right to read and add each {kind}"
            return [_finding("fields", "error", f"no access to a {kind}: {error}", mend)]
        there = mapping(result.get("fields"))
        wanted = {name: f"lead.fields.{name}" for name in self._settings.lead.fields}
        if (tags := self._settings.tags_field) is not None:
            wanted[tags] = "tags_field"
        found = [
            _finding("fields", "error", f"{where}: a {kind} has no field {name}", _MEND_FIELD)
            for name, where in wanted.items()
            if name not in there
        ]
        if tags in there and not _is_multiple(there[tags]):
            what = f"tags_field: {tags} takes one text only"
            found.append(_finding("fields", "error", what, "make a field that takes several"))
        return found or [_finding("fields", "fine", f"a {kind} can be written as the settings say")]

    async def _sources(self) -> list[Finding]:
        if not self._settings.source:
            return []
        rows = await self._portal.pages("crm.status.list", {"filter": {"ENTITY_ID": "SOURCE"}})
        there = [str(mapping(row).get("STATUS_ID")) for row in rows]
        if self._settings.source in there:
            return []
        what = f"source: there is no {self._settings.source}, so the portal leaves it out"
        return [_finding("fields", "warning", what, f"take one of {', '.join(there)}")]

    async def _statistics(self) -> list[Finding]:
        try:
            await self._call("voximplant.statistic.get", {"FILTER": {"CALL_ID": "none"}})
        except (AuthFailed, Permanent) as error:
            what = f"the call statistics can't be read: {error}"
            mend = "give this user Telephony, Access permissions, Call statistics: View"
            return [_finding("rights", "error", what, mend)]
        return [_finding("rights", "fine", "the call statistics can be read")]

    async def _call(self, method: str, params: dict[str, Any] | None = None) -> Any:
        return await self._portal.call(method, params or {}, reads=True)


_MEND_FIELD = "crm.item.fields of the portal lists the names; `ufCrm_...` for fields of your own"


def _is_multiple(field: Any) -> bool:
    return mapping(field).get("isMultiple") in {True, "Y"}


def _finding(check: str, severity: Severity, what: str, mend: str = "") -> Finding:
    return Finding(check=check, severity=severity, what=what, mend=mend)
