"""Where a call stands in Odoo: the document in whose history it is."""

from typing import Any, Literal

import msgspec

from calltrackd.crm.leads.match import Match

Model = Literal["crm.lead", "res.partner"]
META = {"crm.lead": "crm.model_crm_lead", "res.partner": "base.model_res_partner"}
"""External ids of the models themselves: a plain user can't look them up."""
CALL_TYPE = "mail.mail_activity_data_call"
"""External id of the activity type Call."""
LINKS = {"crm.lead": "deal", "res.partner": "contact"}


class Place(msgspec.Struct, frozen=True):
    """A document."""

    model: Model
    id: int

    @property
    def link(self) -> tuple[str, str]:
        """As the books name it."""
        return LINKS[self.model], str(self.id)

    def known(self) -> list[Any]:
        """As the books keep it."""
        return [self.model, self.id]


def place_of(match: Match) -> Place:
    """Where a call of this client belongs: his open lead, else himself."""
    if match.open_deal is not None:
        return Place("crm.lead", int(match.open_deal))
    model: Model = "crm.lead" if match.kind == "lead" else "res.partner"
    return Place(model, int(match.id))
