"""`[target.lead]`: when a call makes a lead or a task, and what they are called."""

from typing import Literal

from pydantic import Field, JsonValue

from calltrackd.model.call import Direction
from calltrackd.settings.base import Section
from calltrackd.settings.target import NumberPattern


class LeadRules(Section):
    """The lead policy of one target."""

    make: Literal["never", "new_callers", "no_open_deal", "always"] = "no_open_deal"
    """Of whom: of nobody; of those whom the CRM does not know; also of those whom it knows without
    an open lead or deal; of each call."""
    at: Literal["started", "answered", "ended"] = "answered"
    """When: as the phone rings, at the answer, at the end. A missed call's is made at its end."""
    directions: list[Direction] = Field(default=["inbound"], min_length=1)
    """Only of calls in these directions."""
    ignore: list[NumberPattern] = Field(default=[])
    """Clients (or `+7495*`) that never make a lead or a task; own numbers never do anyway."""
    title: str = Field(default="{{ caller }} → {{ did }}", min_length=1)
    """The lead's title: Jinja2 over the record, as in `[target.mapping]`."""
    fields: dict[str, JsonValue] = Field(default={})
    """Further fields of the lead by the CRM's own names, templates as well."""
    missed: Literal["lead", "task", "both", "nothing"] = "task"
    """What a call makes that nobody answered: a lead (as `make` says), a task to call back, both,
    or nothing."""
    task_title: str = Field(default="Call back {{ caller }}", min_length=1)
    """The task's title, a template."""
    task_due_min: float = Field(default=30.0, gt=0, le=43_200)
    """Minutes after the call's end at which the task is due."""
