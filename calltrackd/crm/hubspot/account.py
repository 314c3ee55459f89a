"""What of an account seldom changes, read once an hour: properties, owners, stages, its money."""

from collections.abc import Mapping

import msgspec

from calltrackd.crm.clock import Clock
from calltrackd.crm.hubspot.api import Api, Entity
from calltrackd.crm.kept import Kept
from calltrackd.crm.people import CrmUser
from calltrackd.crm.trouble import AuthFailed, Permanent


class Property(msgspec.Struct, frozen=True):
    """A property of a kind of entities. `options`: the values that it takes, if they are listed."""

    unique: bool = False
    options: frozenset[str] = frozenset()


class Account:
    """Every method raises Trouble."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._kept = Kept(clock)

    async def itself(self) -> Entity:
        """`portalId`, `companyCurrency`, `uiDomain` and the like; empty where we may not see it."""
        found: Entity = await self._kept.get("account", self._itself)
        return found

    async def properties(self, kind: str) -> Mapping[str, Property]:
        """All properties of a kind (`contacts`, `deals`, `calls`), by name."""
        found: dict[str, Property] = await self._kept.get(
            f"properties {kind}", lambda: self._properties(kind)
        )
        return found

    async def need(self, kind: str, name: str) -> None:
        """Raises AuthFailed while the kind has no such property with unique values.

        The target rests until the admin has made it: without it calls could be doubled.
        """
        if not self._is_unique(await self.properties(kind), name):
            self._kept.forget(f"properties {kind}")
            raise AuthFailed(f"{kind} have no property {name} with unique values: make it")

    async def owners(self) -> list[CrmUser]:
        """All owners that are not archived."""
        return [_user(one) for one in await self._api.about("owners")]

    async def name_of(self, owner: str) -> str | None:
        """An owner's name; None: not known, or not for us to know."""
        names: dict[str, str] = await self._kept.get("names", self._names)
        return names.get(owner)

    async def stages(self, pipeline: str) -> list[Entity]:
        """The stages of a pipeline of deals, in their order; none: there is no such pipeline."""
        found: list[Entity] = await self._kept.get(
            f"stages {pipeline}", lambda: self._stages(pipeline)
        )
        return found

    async def standing_by(self, kind: str, other: str, entity: str) -> Entity:
        """The unlabelled association of something new of a kind with an entity of another.

        Written together with what is new, it is there as soon as that is.
        """
        listed: list[Entity] = await self._kept.get(
            f"{kind} {other}", lambda: self._api.association_types(kind, other)
        )
        for one in listed:
            if one.get("label") is None:
                given = {
                    "associationCategory": one["category"],
                    "associationTypeId": one["typeId"],
                }
                return {"to": {"id": entity}, "types": [given]}
        raise Permanent(f"{kind} can't be associated with {other}")

    @staticmethod
    def _is_unique(known: Mapping[str, Property], name: str) -> bool:
        return name in known and known[name].unique

    async def _itself(self) -> Entity:
        try:
            return await self._api.account()
        except (AuthFailed, Permanent) as refused:
            if refused.status == 401:
                raise
            return {}

    async def _properties(self, kind: str) -> dict[str, Property]:
        listed = await self._api.about("properties", f"/{kind}")
        return {str(one["name"]): _property(one) for one in listed}

    async def _names(self) -> dict[str, str]:
        try:
            return {user.id: user.name for user in await self.owners()}
        except (AuthFailed, Permanent) as refused:
            if refused.status == 401:
                raise
            return {}

    async def _stages(self, pipeline: str) -> list[Entity]:
        for one in await self._api.about("pipelines", "/deals"):
            if one.get("id") == pipeline:
                return sorted(one.get("stages") or [], key=lambda stage: stage["displayOrder"])
        return []


def _property(one: Entity) -> Property:
    options = frozenset(str(option.get("value")) for option in one.get("options") or [])
    return Property(bool(one.get("hasUniqueValue")), options)


def _user(one: Entity) -> CrmUser:
    email = one.get("email") or None
    name = " ".join(filter(None, (one.get("firstName"), one.get("lastName"))))
    return CrmUser(
        id=str(one["id"]),
        name=name or email or str(one["id"]),
        email=email,
        active=not one.get("archived"),
    )
