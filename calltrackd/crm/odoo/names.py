"""UTM sources, media, campaigns and tags by their names: the one there is, else a new one.

Odoo makes a second source of the same name into `google [2]`, so there is only one question for a
name at a time, and what was found or made is remembered.
"""

import asyncio
from collections import defaultdict

from calltrackd.crm.odoo.api import Api

MOST = 10_000
"""Names that are remembered; campaigns of ads are many, but not so many."""


class Names:
    """Find-or-create by name."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: dict[tuple[str, str], int] = {}
        self._alone: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def id(self, model: str, name: str) -> int:
        """The id of what bears that name, whatever its case. Raises Trouble."""
        key = model, name.casefold()
        async with self._alone[model]:
            if key not in self._known:
                if len(self._known) >= MOST:
                    self._known.clear()
                self._known[key] = await self._found_or_made(model, name)
            return self._known[key]

    def forget(self) -> None:
        """Ask again: a record may have been deleted."""
        self._known.clear()

    async def _found_or_made(self, model: str, name: str) -> int:
        escaped = name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        rows = await self._api.find(model, [["name", "=ilike", escaped]], ["name"], limit=1)
        if rows:
            return int(rows[0]["id"])
        made = await self._api.call(model, "name_create", name=name)
        return int(made[0])
