"""What `calltrackd crm check` finds in an account; nothing is changed."""

from collections.abc import Awaitable, Callable

from calltrackd.crm.checks import user_findings
from calltrackd.crm.finding import Finding, Severity
from calltrackd.crm.hubspot import bodies
from calltrackd.crm.hubspot.account import Account
from calltrackd.crm.hubspot.api import Api
from calltrackd.crm.trouble import AuthFailed, Barred, Permanent, Trouble
from calltrackd.settings.crm import HubspotTarget

REFUSED = (AuthFailed, Barred, Permanent)
SCOPES = (
    "crm.objects.contacts.read", "crm.objects.contacts.write", "crm.objects.companies.read",
    "crm.objects.companies.write", "crm.objects.deals.read", "crm.objects.deals.write",
    "crm.schemas.contacts.read", "crm.schemas.deals.read", "crm.objects.owners.read",
)  # fmt: skip
"""What the app needs. Reading is tried here; writing is not, since a check changes nothing."""
GIVE = "HubSpot, the app's page, Auth, Scopes: add"
MAKE = "HubSpot, Settings, Properties: create it as single-line text"


class Checks:
    """Looks at one account. Raises Trouble only when it can't be reached."""

    def __init__(self, settings: HubspotTarget, api: Api, account: Account) -> None:
        self._settings, self._api, self._account = settings, api, account

    async def all(self) -> list[Finding]:
        """Credentials first: without them there is nothing else to see."""
        try:
            account = await self._account.itself()
        except REFUSED as refused:
            return [self._shut_out(refused)]
        portal = account.get("portalId", "")
        found = [_finding("credentials", "fine", f"the account {portal} lets us in")]
        for look in (self._rights, self._users, self._fields, self._pipeline):
            try:
                found += await look()
            except REFUSED as refused:
                found.append(_unseen(refused))
        return [*found, self._webhooks()]

    def _shut_out(self, refused: Trouble) -> Finding:
        mend = "HubSpot, Settings, Integrations, Private apps: show the token, put it under secret"
        if self._settings.client_id is not None:
            mend = "install the app anew and put its refresh token under refresh_token"
        return _finding("credentials", "error", str(refused), mend)

    async def _rights(self) -> list[Finding]:
        """Each kind is read once; a refusal names the scope."""
        looks: dict[str, Callable[[], Awaitable[object]]] = {
            kind: lambda kind=kind: self._api.read(kind, ["1"], ["hs_object_id"])  # type: ignore[misc]
            for kind in ("contacts", "companies", "deals", "calls", "tasks")
        }
        found: list[Finding] = []
        for kind, look in looks.items():
            try:
                await look()
            except REFUSED as refused:
                mend = f"{GIVE} {', '.join(SCOPES)}"
                found.append(_finding("rights", "error", f"{kind}: {refused.reason}", mend))
        what = "contacts, companies, deals, calls and tasks can be read"
        return found or [_finding("rights", "fine", what)]

    async def _users(self) -> list[Finding]:
        owners = await self._account.owners()
        return user_findings(self._settings.users, self._settings.fallback_user, owners)

    async def _fields(self) -> list[Finding]:
        found: list[Finding] = []
        call, phone = self._settings.call_property, self._settings.phone_property
        for kind, name in (("contacts", phone), ("deals", call), ("calls", call)):
            found += await self._unique(kind, name)
        deals = await self._account.properties("deals")
        found += [
            _finding("fields", "error", f"deals have no property {name}", "mend target.lead.fields")
            for name in self._settings.lead.fields
            if name not in deals
        ]
        wanted = [self._settings.tags_property]
        wanted += bodies.MARKS.values() if self._settings.utm else []
        if left := [name for name in wanted if name not in deals]:
            what = f"deals have no property {', '.join(left)}, so these are left out"
            found.append(_finding("fields", "warning", what, f"{MAKE}, or set utm = false"))
        return found or [_finding("fields", "fine", "all properties are there")]

    async def _unique(self, kind: str, name: str) -> list[Finding]:
        known = await self._account.properties(kind)
        if name in known and known[name].unique:
            return []
        how = f"{MAKE} of {kind}, with the rule that values are unique"
        if name in known:
            what = f"the property {name} of {kind} takes the same value twice"
            return [_finding("fields", "error", what, f"remove it; {how}")]
        return [_finding("fields", "error", f"{kind} have no property {name}", how)]

    async def _pipeline(self) -> list[Finding]:
        pipeline, stage = self._settings.pipeline, self._settings.stage
        stages = await self._account.stages(pipeline)
        listed = await self._api.about("pipelines", "/deals")
        if not stages:
            ids = ", ".join(f"{one['id']} {one.get('label')}" for one in listed)
            what = f"deals have no pipeline {pipeline}"
            return [_finding("pipeline", "error", what, f"pipeline is one of: {ids}")]
        if stage is not None and stage not in {one["id"] for one in stages}:
            ids = ", ".join(f"{one['id']} {one.get('label')}" for one in stages)
            what = f"the pipeline {pipeline} has no stage {stage}"
            return [_finding("pipeline", "error", what, f"stage is one of: {ids}")]
        return [_finding("pipeline", "fine", f"deals go into {pipeline}")]

    def _webhooks(self) -> Finding:
        if self._settings.deals.secret.get_secret_value():
            what = "signed webhooks are taken; which there are, only the app's page tells"
            return _finding("webhooks", "note", what)
        mend = "webhooks are quicker: docs/crm/hubspot.md"
        return _finding("webhooks", "note", "deals come by polls only", mend)


def _finding(check: str, severity: Severity, what: str, mend: str = "") -> Finding:
    return Finding(check=check, severity=severity, what=what, mend=mend)


def _unseen(refused: Trouble) -> Finding:
    what = f"could not be looked at: {refused.reason}"
    return _finding("rights", "error", what, f"{GIVE} {', '.join(SCOPES)}")
