"""Whose client calls: what the street asks of those who look into CRMs."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from calltrackd.model.call import Change
from calltrackd.model.person import Person


class Clients(Protocol):
    """Knows who is responsible for a number (E.164) that calls on a DID."""

    async def prepare(self, wanted: Mapping[str, str | None]) -> None:
        """Ask for numbers (number -> DID) that were never asked for; waits no longer than it may.

        Raises nothing.
        """

    def known(self, phone: str, did: str | None = None) -> Person | None:
        """Who it is, as far as it is known at this moment."""


class Nobody:
    """Without CRMs that could be asked."""

    async def prepare(self, wanted: Mapping[str, str | None]) -> None:
        """Nothing to prepare."""

    def known(self, phone: str, did: str | None = None) -> Person | None:
        """Nobody's client."""
        return None


async def introduce(changes: Iterable[Change], clients: Clients) -> None:
    """Say in each call that begins who is responsible, before its first record is published."""
    begun = [
        change.record
        for change in changes
        if change.step == "started" and change.record.direction != "internal"
    ]
    callers = {record.caller: record.did for record in begun if record.caller is not None}
    if not callers:
        return
    await clients.prepare(callers)
    for record in begun:
        if record.caller is not None:
            record.responsible = clients.known(record.caller, record.did)
