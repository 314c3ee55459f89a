"""`calltrackd crm check`: what this account and its key lack, and what mends it."""

from calltrackd.crm.finding import Finding, Severity
from calltrackd.crm.retailcrm.api import Api, Row
from calltrackd.crm.retailcrm.statuses import Statuses
from calltrackd.crm.trouble import AuthFailed
from calltrackd.settings.crm.retailcrm import RetailcrmTarget

KEYS = "RetailCRM, Settings, Integration, API keys"


class Checks:
    """`links`: recordings have a public address."""

    def __init__(
        self, settings: RetailcrmTarget, api: Api, statuses: Statuses, *, links: bool
    ) -> None:
        self._settings, self._api, self._statuses, self._links = settings, api, statuses, links

    async def all(self) -> list[Finding]:
        """Everything, or only why nothing can be asked. Raises Trouble when RetailCRM is away."""
        try:
            told = await self._api.get("credentials")
            findings = [_finding("credentials", "fine", "the key is taken"), *self._sites(told)]
            findings += [*self._user(), *await self._stages()]
        except AuthFailed as error:
            mend = f"url of the settings; the key and its rights: {KEYS}"
            return [_finding("credentials", "error", str(error), mend)]
        if self._settings.recordings and not self._links:
            what = "recordings have no public address, so they are left out"
            findings.append(_finding("recordings", "note", what, "set [web] public_url"))
        return findings

    def _sites(self, told: Row) -> list[Finding]:
        sites, site = told.get("sitesAvailable") or [], self._settings.site
        listed = ", ".join(sites)
        if site is None and len(sites) > 1:
            what = f"the key reaches several shops, so orders would be refused: {listed}"
            return [_finding("site", "error", what, "set site to one of them")]
        if site is not None and sites and site not in sites:
            what = f"the key does not reach the shop {site}"
            return [_finding("site", "error", what, f"site is one of {listed}, or see {KEYS}")]
        return []

    def _user(self) -> list[Finding]:
        if self._settings.fallback_user is not None or self._settings.lead.missed in {
            "lead",
            "nothing",
        }:
            return []
        what = "tasks of calls that nobody answered have nobody to do them, and are refused"
        return [_finding("users", "warning", what, "set fallback_user")]

    async def _stages(self) -> list[Finding]:
        there = await self._statuses.all()
        deals = self._settings.deals
        lacks = [one for one in (*deals.won, *deals.lost) if one.rpartition(":")[2] not in there]
        listed = ", ".join(f"{status} ({group})" for status, group in there.items())
        if lacks:
            what = f"deals name statuses that there are not: {', '.join(lacks)}"
            return [_finding("stages", "warning", what, f"there are: {listed}")]
        return [_finding("stages", "fine", f"statuses: {listed}")]


def _finding(check: str, severity: Severity, what: str, mend: str = "") -> Finding:
    return Finding(check=check, severity=severity, what=what, mend=mend)
