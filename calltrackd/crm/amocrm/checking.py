"""What `calltrackd crm check` finds in an account; nothing is changed."""

from functools import partial

from calltrackd.crm.amocrm import bodies
from calltrackd.crm.amocrm.account import Account
from calltrackd.crm.amocrm.api import LONGEST, Api, Entity
from calltrackd.crm.checks import user_findings
from calltrackd.crm.finding import Finding, Severity
from calltrackd.crm.trouble import AuthFailed, Barred, Permanent, Trouble
from calltrackd.settings.crm import AmocrmTarget

NEEDED = {
    "leads": ("add", "view", "edit"),
    "contacts": ("add", "view", "edit"),
    "companies": ("view",),
}
"""Rights of the user whose token it is; `D` is "denied"."""
REFUSED = (AuthFailed, Barred, Permanent)


class Checks:
    """Looks at one account. Raises Trouble only when it can't be reached."""

    def __init__(self, settings: AmocrmTarget, api: Api, account: Account) -> None:
        self._settings, self._api, self._account = settings, api, account

    async def all(self) -> list[Finding]:
        """Credentials first: without them there is nothing else to see."""
        try:
            account = await self._account.itself()
        except REFUSED as refused:
            return [self._refused(refused)]
        found = [_finding("credentials", "fine", f"the account {account.get('name')} lets us in")]
        for check, look in (
            ("rights", partial(self._rights, str(account.get("current_user_id")))),
            ("users", self._users),
            ("fields", self._fields),
            ("pipeline", self._pipeline),
            ("webhooks", self._webhooks),
        ):
            try:
                found += await look()
            except REFUSED as refused:
                found.append(_unseen(check, refused))
        return found

    def _refused(self, refused: Trouble) -> Finding:
        if isinstance(refused, Barred):
            mend = "is it paid? after too many requests amoCRM blocks an address for hours"
            return _finding("credentials", "error", str(refused), mend)
        mend = "make a new long-lived token: amoCRM, the integration's page, Keys and scopes"
        if self._settings.client_id is not None:
            mend = "put a new code of the integration's page under `code`, within 20 minutes"
        return _finding("credentials", "error", str(refused), mend)

    async def _rights(self, user: str) -> list[Finding]:
        one = await self._api.get(f"/api/v4/users/{user}") or {}
        rights = one.get("rights") or {}
        if rights.get("is_admin"):
            return [_finding("rights", "fine", "the token is an administrator's")]
        lacking = [
            f"{what}: {right}"
            for what, needed in NEEDED.items()
            for right in needed
            if (rights.get(what) or {}).get(right, "D") == "D"
        ]
        if lacking:
            mend = "Settings, Users: give them to the user whose token it is"
            return [_finding("rights", "error", f"no right to {', '.join(lacking)}", mend)]
        return [_finding("rights", "fine", "leads, contacts and companies may be written")]

    async def _users(self) -> list[Finding]:
        users = await self._account.users()
        return user_findings(self._settings.users, self._settings.fallback_user, users)

    async def _fields(self) -> list[Finding]:
        known = await self._account.lead_fields()
        found = [
            _finding("fields", "error", f"leads have no field {name}", "mend target.lead.fields")
            for name in bodies.custom_names(self._settings.lead.fields)
            if name not in known
        ]
        call = self._settings.call_field_id
        if call is not None and str(call) not in known:
            mend = "Leads, Fields: add a text field, and put its id under call_field_id"
            found.append(_finding("fields", "error", f"leads have no field {call}", mend))
        marks = [code for code in bodies.MARKS.values() if code not in known]
        if self._settings.utm and marks:
            what = f"leads have no field {', '.join(marks)}, so these marks are left out"
            mend = "Leads, Fields, Statistics: add them, or set utm = false"
            found.append(_finding("fields", "warning", what, mend))
        return found or [_finding("fields", "fine", "all fields are there")]

    async def _pipeline(self) -> list[Finding]:
        path = "/api/v4/leads/pipelines"
        pipelines = await self._api.listed(path, "pipelines", limit=LONGEST)
        mine = next(filter(self._is_mine, pipelines), None)
        if mine is None:
            what = f"there is no pipeline {self._settings.pipeline_id or 'at all'}"
            listed = ", ".join(f"{one['id']} {one.get('name')}" for one in pipelines)
            return [_finding("pipeline", "error", what, f"pipeline_id is one of: {listed}")]
        stages = (mine.get("_embedded") or {}).get("statuses") or []
        wanted = self._settings.status_id
        if wanted is not None and wanted not in {one["id"] for one in stages}:
            listed = ", ".join(f"{one['id']} {one.get('name')}" for one in stages)
            what = f"the pipeline {mine.get('name')} has no stage {wanted}"
            return [_finding("pipeline", "error", what, f"status_id is one of: {listed}")]
        if self._settings.incoming_leads and not mine.get("is_unsorted_on", True):
            what = f"the pipeline {mine.get('name')} takes no incoming leads"
            mend = "turn them on in the pipeline's settings, or set incoming_leads = false"
            return [_finding("pipeline", "error", what, mend)]
        return [_finding("pipeline", "fine", f"leads go into {mine.get('name')}")]

    def _is_mine(self, pipeline: Entity) -> bool:
        wanted = self._settings.pipeline_id
        return bool(pipeline.get("is_main")) if wanted is None else pipeline.get("id") == wanted

    async def _webhooks(self) -> list[Finding]:
        """The vendor turns a webhook off after a hundred bad answers, and tells nobody."""
        secret = self._settings.deals.secret.get_secret_value()
        if not secret:
            what = "deals come by polls only"
            return [_finding("webhooks", "note", what, "a webhook is quicker: docs/crm/amocrm.md")]
        hooks = await self._api.listed("/api/v4/webhooks", "webhooks")
        ours = [one for one in hooks if str(one.get("destination", "")).endswith(f"/{secret}")]
        if not ours:
            mend = "Settings, Integrations, WEB hooks: add the address of docs/crm/amocrm.md"
            return [_finding("webhooks", "warning", "the account has no webhook to us", mend)]
        if all(one.get("disabled") for one in ours):
            mend = "turn it on again: Settings, Integrations, WEB hooks"
            return [_finding("webhooks", "error", "amoCRM has turned our webhook off", mend)]
        return [_finding("webhooks", "fine", "the account's webhook is on")]


def _finding(check: str, severity: Severity, what: str, mend: str = "") -> Finding:
    return Finding(check=check, severity=severity, what=what, mend=mend)


def _unseen(check: str, refused: Trouble) -> Finding:
    what = f"could not be looked at: {refused}"
    return _finding(check, "warning", what, "an administrator's token may see it")
