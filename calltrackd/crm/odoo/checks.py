"""`calltrackd crm check`: what this Odoo and its user lack, and what mends it."""

from collections.abc import Awaitable, Callable, Iterable

from calltrackd.crm.finding import Finding, Severity
from calltrackd.crm.odoo.api import Api
from calltrackd.crm.trouble import AuthFailed
from calltrackd.settings.crm import OdooTarget

OLDEST = 19
"""The first with the JSON-2 API."""
RIGHTS = (
    ("crm.lead", "create"),
    ("crm.lead", "write"),
    ("res.partner", "read"),
    ("res.partner", "create"),
    ("mail.activity", "create"),
    ("mail.message", "write"),
    ("ir.attachment", "create"),
    ("crm.tag", "create"),
    ("utm.source", "create"),
    ("utm.medium", "create"),
    ("utm.campaign", "create"),
)
ALL_LEADS = "sales_team.group_sale_salesman_all_leads"
SALES_MEND = "Odoo, Settings, Users, the key's user: Sales = User: All Documents"


class Checks:
    """`brings`: recordings can be read here, or have a public address."""

    def __init__(self, settings: OdooTarget, api: Api, *, brings: bool) -> None:
        self._settings, self._api, self._brings = settings, api, brings

    async def all(self) -> list[Finding]:
        """Everything, or only why nothing can be asked. Raises Trouble when Odoo is away."""
        try:
            return await self._looked()
        except AuthFailed as error:
            mend = (
                "url and database of the settings; the key: the user's Preferences, "
                "Account Security, New API Key"
            )
            return [_finding("credentials", "error", str(error), mend)]

    async def _looked(self) -> list[Finding]:
        findings = [await self._credentials()]
        looks: list[Callable[[], Awaitable[Iterable[Finding]]]] = [
            self._modules, self._rights, self._fields, self._type, self._stages, self._country,
        ]  # fmt: skip
        for look in looks:
            findings += await look()
        if self._settings.recordings and not self._brings:
            what = "recordings can't be read here and have no public address: left out"
            findings.append(_finding("recordings", "note", what, "set [web] public_url"))
        return findings

    async def _credentials(self) -> Finding:
        version = await self._api.version()
        me = await self._api.call("res.users", "context_get", reads=True)
        if version < OLDEST:
            what = f"this is Odoo {version}, which has no JSON-2 API"
            return _finding("credentials", "error", what, f"Odoo {OLDEST} or newer")
        what = f"the key is taken; Odoo {version}, user {me['uid']}"
        return _finding("credentials", "fine", what)

    async def _modules(self) -> list[Finding]:
        wanted: dict[str, Severity] = {"crm": "error", "phone_validation": "error"}
        if self._settings.deals.secret.get_secret_value():
            wanted["base_automation"] = "warning"
        rows = await self._api.find(
            "ir.module.module", [["name", "in", list(wanted)]], ["name", "state"]
        )
        there = {row["name"] for row in rows if row["state"] == "installed"}
        return [
            _finding("modules", severity, f"{name} is not installed", "Odoo, Apps: install it")
            for name, severity in wanted.items()
            if name not in there
        ]

    async def _rights(self) -> list[Finding]:
        lacks = [
            f"{model}: {operation}"
            for model, operation in RIGHTS
            if not await self._api.call(model, "has_access", reads=True, operation=operation)
        ]
        if lacks:
            return [_finding("rights", "error", f"the user may not {', '.join(lacks)}", SALES_MEND)]
        me = await self._api.call("res.users", "context_get", reads=True)
        sees_all = await self._api.call(
            "res.users", "has_group", reads=True, ids=[me["uid"]], group_ext_id=ALL_LEADS
        )
        if not sees_all:
            what = "the user sees only his own leads, so others' clients look new"
            return [_finding("rights", "warning", what, SALES_MEND)]
        return [_finding("rights", "fine", "the user may do all that is needed")]

    async def _fields(self) -> list[Finding]:
        wanted = {name.partition("/")[0] for name in self._settings.lead.fields}
        wanted |= {"phone_mobile_search", "won_status"}
        known = await self._api.call(
            "crm.lead", "fields_get", reads=True, allfields=sorted(wanted), attributes=["type"]
        )
        lacks = sorted(wanted - known.keys())
        if not lacks:
            return [_finding("fields", "fine", f"all {len(wanted)} fields of leads are there")]
        what = f"leads have no field {', '.join(lacks)}: every lead would be refused"
        return [_finding("fields", "error", what, "mend lead.fields of the settings")]

    async def _type(self) -> list[Finding]:
        rows = await self._api.find(
            "mail.activity.type", [["category", "=", "phonecall"]], ["name"], limit=1
        )
        if rows:
            return []
        what = "there is no type of activity for calls"
        return [_finding("fields", "error", what, "Odoo, CRM, Configuration, Activity Types: Call")]

    async def _stages(self) -> list[Finding]:
        rows = await self._api.find("crm.stage", [], ["name"], order="sequence, id")
        there = {str(row["id"]): row["name"] for row in rows}
        named = [*self._settings.deals.won, *self._settings.deals.lost]
        lacks = [one for one in named if one.rpartition(":")[2] not in there]
        listed = ", ".join(f"{stage} {name}" for stage, name in there.items())
        if lacks:
            what = f"deals name stages that there are not: {', '.join(lacks)}"
            return [_finding("stages", "warning", what, f"there are: {listed}")]
        return [_finding("stages", "fine", f"stages: {listed}")]

    async def _country(self) -> list[Finding]:
        rows = await self._api.find("res.company", [], ["name", "country_id"])
        lacks = [row["name"] for row in rows if not row["country_id"]]
        if not lacks:
            return []
        what = f"the company {lacks[0]} has no country, so Odoo can't read national numbers"
        return [_finding("numbers", "warning", what, "Odoo, Settings, Companies: Country")]


def _finding(check: str, severity: Severity, what: str, mend: str = "") -> Finding:
    return Finding(check=check, severity=severity, what=what, mend=mend)
