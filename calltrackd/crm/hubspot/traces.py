"""What a request left in HubSpot whose answer was lost: the question that is asked before a repeat.

Contacts and deals bear our number and call under unique properties, and are read by them: such a
read knows at once what was written. Tasks are searched for by their due time and known by their
text, which the connector does only when the index has surely seen them.
"""

from calltrackd.crm.event import Event
from calltrackd.crm.hubspot import bodies, values
from calltrackd.crm.hubspot.api import Api
from calltrackd.crm.leads.policy import TaskWish
from calltrackd.settings.crm import HubspotTarget

TASK = ("hs_timestamp", "hs_task_body")


class Traces:
    """Asks what became of a move. Every method raises Trouble."""

    def __init__(self, settings: HubspotTarget, api: Api) -> None:
        self._settings, self._api = settings, api

    async def deal(self, call_id: str) -> str | None:
        """The id of the call's deal."""
        by = self._settings.call_property
        found = await self._api.read("deals", [call_id], ["dealname"], by=by)
        return str(found[0]["id"]) if found else None

    async def task(self, event: Event, wish: TaskWish) -> str | None:
        """The id of the call's task."""
        due = {
            "propertyName": "hs_timestamp",
            "operator": "EQ",
            "value": str(round(wish.due_at * 1000)),
        }
        marker = bodies.task(event.record, wish, self._settings)["hs_task_body"]
        async for page in self._api.pages("tasks", [[due]], TASK):
            for one in page:
                if marker in (values.prop(one, "hs_task_body") or ""):
                    return str(one["id"])
        return None
