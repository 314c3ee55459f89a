"""Users of the portal: by the settings, else by their inner phone as the portal has it."""

from typing import Any

from calltrackd.crm.bitrix24.answers import mapping
from calltrackd.crm.bitrix24.portal import Portal
from calltrackd.crm.clock import Clock
from calltrackd.crm.people import CrmUser, Person
from calltrackd.crm.trouble import AuthFailed
from calltrackd.crm.users import Users
from calltrackd.model.call import CallRecord, ringing

FRESH_S = 3600.0
AGAIN_S = 300.0
"""An extension that the portal does not know is asked for again after so long."""


class People:
    """Raises Trouble."""

    def __init__(self, portal: Portal, users: Users, clock: Clock) -> None:
        self._portal, self._users, self._clock = portal, users, clock
        self._known: dict[str, CrmUser] = {}
        self._read_at: float | None = None

    async def all(self) -> list[CrmUser]:
        """Every user, also those who left."""
        rows = await self._portal.pages("user.get", {"SORT": "ID", "ORDER": "ASC"})
        found = [_user(mapping(row)) for row in rows]
        self._known, self._read_at = {user.id: user for user in found}, self._clock.now()
        return found

    async def user(self, extension: str) -> str | None:
        """The id of whoever is reached there."""
        mapped = self._users.user(extension)
        if mapped is not None:
            return mapped
        found = self._by_phone(extension) if self._age() < FRESH_S else None
        if found is None and self._age() > AGAIN_S:
            await self.all()
            found = self._by_phone(extension)
        return found

    async def ringing(self, record: CallRecord) -> list[str]:
        """Users whose phones ring now, in the order in which they began to."""
        found = [await self.user(extension) for extension in ringing(record)]
        return list(dict.fromkeys(user for user in found if user is not None))

    async def of_call(self, record: CallRecord) -> str | None:
        """Who talked last, else whose phone rang last."""
        legs = [leg.operator for leg in record.legs]
        for extension in [*reversed(record.operators), *reversed(legs)]:
            if (user := await self.user(extension)) is not None:
                return user
        return None

    async def owner(self, record: CallRecord, responsible: str | None) -> str:
        """To whom the call belongs: to whoever had it, else `fallback_user`, else the manager.

        In the end to the user whose token we have.
        """
        for user in (await self.of_call(record), self._users.fallback, responsible):
            if user is not None:
                return user
        if (user := await self._portal.user()) is None:
            raise AuthFailed("the portal does not say whose token it is: set fallback_user")
        return user

    async def person(self, user: str | None) -> Person | None:
        """A user as the house knows people."""
        if user is None:
            return None
        if user not in self._known and self._age() > AGAIN_S:
            await self.all()
        known = self._known.get(user)
        told = known.extension if known else None
        extension = self._users.extension(user) or told
        return Person(id=user, name=known.name if known else None, extension=extension)

    def _by_phone(self, extension: str) -> str | None:
        owners = [user.id for user in self._known.values() if user.extension == extension]
        active = [user for user in owners if self._known[user].active]
        return active[0] if len(active) == 1 else None

    def _age(self) -> float:
        return float("inf") if self._read_at is None else self._clock.now() - self._read_at


def _user(row: dict[str, Any]) -> CrmUser:
    name = " ".join(str(row[part]) for part in ("NAME", "LAST_NAME") if row.get(part))
    return CrmUser(
        id=str(row["ID"]),
        name=name or str(row.get("EMAIL") or row["ID"]),
        extension=str(row["UF_PHONE_INNER"]) if row.get("UF_PHONE_INNER") else None,
        email=row.get("EMAIL") or None,
        active=row.get("ACTIVE") in {True, "Y", "true", "1"},
    )
