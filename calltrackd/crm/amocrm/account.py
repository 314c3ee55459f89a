"""What of an account seldom changes, read once an hour: users, fields of leads, its money."""

from calltrackd.crm.amocrm.api import LONGEST, Api, Entity
from calltrackd.crm.clock import Clock
from calltrackd.crm.kept import Kept
from calltrackd.crm.people import CrmUser
from calltrackd.crm.trouble import Barred, Permanent


class Account:
    """Every method raises Trouble."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._kept = Kept(clock)

    async def itself(self) -> Entity:
        """Name, subdomain, currency, and who we are in it (`current_user_id`)."""
        found: Entity = await self._api.get("/api/v4/account") or {}
        return found

    async def users(self) -> list[CrmUser]:
        """All users."""
        pages = self._api.pages("/api/v4/users", "users", limit=LONGEST)
        return [_user(one) async for page in pages for one in page]

    async def name_of(self, user: str) -> str | None:
        """A user's name; None: not known, or not for us to know (users are for admins)."""
        names: dict[str, str] = await self._kept.get("names", self._names)
        return names.get(user)

    async def lead_fields(self) -> frozenset[str]:
        """Codes and ids of the custom fields that leads have."""
        found: frozenset[str] = await self._kept.get("fields", self._lead_fields)
        return found

    async def currency(self) -> str | None:
        """In which all its amounts are."""
        found: str | None = await self._kept.get("currency", self._currency)
        return found

    async def _names(self) -> dict[str, str]:
        try:
            return {user.id: user.name for user in await self.users()}
        except (Barred, Permanent):
            return {}

    async def _lead_fields(self) -> frozenset[str]:
        path = "/api/v4/leads/custom_fields"
        found: set[str] = set()
        async for page in self._api.pages(path, "custom_fields", limit=LONGEST):
            found.update(str(one["id"]) for one in page)
            found.update(one["code"] for one in page if one.get("code"))
        return frozenset(found)

    async def _currency(self) -> str | None:
        return (await self.itself()).get("currency")


def _user(one: Entity) -> CrmUser:
    return CrmUser(
        id=str(one["id"]),
        name=one.get("name") or str(one["id"]),
        email=one.get("email") or None,
        active=bool((one.get("rights") or {}).get("is_active", True)),
    )
