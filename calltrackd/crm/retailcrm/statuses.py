"""Which statuses of orders mean an end: those of the groups `complete` and `cancel`."""

from calltrackd.crm.retailcrm.api import Api

ENDS = {"complete": True, "cancel": False}
"""Group -> won; the groups are RetailCRM's own and can't be changed."""


class Statuses:
    """Asked once, and again when one comes that was not among them. Methods raise Trouble."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._groups: dict[str, str] = {}

    async def won(self, status: str) -> bool | None:
        """True won, False lost, None in progress."""
        if status not in self._groups:
            self._groups = {**self._groups, status: "", **await self.all()}
        return ENDS.get(self._groups[status])

    async def all(self) -> dict[str, str]:
        """Status -> its group."""
        told = await self._api.get("v5/reference/statuses")
        return {code: str(one.get("group") or "") for code, one in told["statuses"].items()}
