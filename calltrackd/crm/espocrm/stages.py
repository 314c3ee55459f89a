"""Which stages of opportunities, and which states of leads, mean an end.

As EspoCRM itself has it: a stage of probability 100 is won, one of 0 is lost, and a lead is over
in a state that the field's settings call "not actual".
"""

from typing import Any

from calltrackd.crm.espocrm.api import Api

STAGE = "entityDefs.Opportunity.fields.stage"
STATUS = "entityDefs.Lead.fields.status"
DEFAULTS = {
    "Prospecting": 10, "Qualification": 20, "Proposal": 50, "Negotiation": 80,
    "Closed Won": 100, "Closed Lost": 0,
}  # fmt: skip
IN_PROGRESS, CERTAIN = 50.0, 100.0
"""Percent; the first one of a stage of which nothing is said."""
OVER = frozenset({"Converted", "Recycled", "Dead"})


class Stages:
    """Asked once, and again when a stage comes that was not among them. Methods raise Trouble."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._stages: dict[str, float] = {}
        self._over: frozenset[str] | None = None

    async def won(self, stage: str) -> bool | None:
        """True won, False lost, None in progress."""
        if stage not in self._stages:
            self._stages = {**self._stages, stage: IN_PROGRESS, **await self.all()}
        chance = self._stages[stage]
        return True if chance >= CERTAIN else False if chance <= 0 else None

    async def all(self) -> dict[str, float]:
        """Stage -> probability in percent, in the order of the settings there."""
        field = await self._field(STAGE)
        chances = field.get("probabilityMap") or DEFAULTS
        return {
            str(one): float(chances.get(one, IN_PROGRESS))
            for one in field.get("options") or chances
        }

    async def lead_is_over(self, status: str) -> bool:
        """Whether nobody works on such a lead any more."""
        if self._over is None:
            field = await self._field(STATUS)
            self._over = frozenset(field.get("notActualOptions") or OVER)
        return status in self._over

    async def _field(self, key: str) -> dict[str, Any]:
        told = await self._api.metadata(key)
        return told if isinstance(told, dict) else {}
