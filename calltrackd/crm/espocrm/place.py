"""Where a call stands in EspoCRM: its parent, and the client whose history shows it."""

from typing import Any

import msgspec

from calltrackd.crm.leads.match import Match

LINKS = {"Lead": "lead", "Opportunity": "deal", "Account": "company", "Contact": "contact"}
"""Entity -> its kind in the books."""


class Place(msgspec.Struct, frozen=True):
    """Both are None for a client whom nobody knows: a call of EspoCRM may stand alone."""

    entity: str | None = None
    record: str | None = None
    contact: str | None = None
    """Also where the parent is another."""

    @property
    def links(self) -> list[tuple[str, str]]:
        """As the books name them."""
        found = [] if self.entity is None else [(LINKS[self.entity], str(self.record))]
        return found if self.contact is None else [*found, ("contact", self.contact)]

    def values(self) -> dict[str, Any]:
        """As a call has them. A contact is no parent: older versions refuse that."""
        given: dict[str, Any] = {}
        if self.entity is not None:
            given |= {"parentType": self.entity, "parentId": self.record}
        if self.entity == "Lead":
            given["leadsIds"] = [self.record]
        if self.contact is not None:
            given["contactsIds"] = [self.contact]
        return given

    def of_task(self) -> dict[str, Any]:
        """As a task has them; it knows one parent only."""
        if self.entity is not None:
            return {"parentType": self.entity, "parentId": self.record}
        if self.contact is not None:
            return {"parentType": "Contact", "parentId": self.contact}
        return {}


def place_of(match: Match | None) -> Place:
    """Where a call of this client belongs: his open opportunity or lead, else himself."""
    if match is None:
        return Place()
    contact = match.id if match.kind == "contact" else None
    if match.kind == "lead":
        return Place("Lead", match.id)
    if match.open_deal is not None:
        return Place("Opportunity", match.open_deal, contact)
    return Place("Account", match.id) if match.kind == "company" else Place(contact=contact)
