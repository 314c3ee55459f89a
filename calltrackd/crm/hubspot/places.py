"""Where things are in the API, by its version (pure).

Versions bear a date since 2026 and have the same bodies; `v3` is what all accounts have.
"""

import msgspec

KINDS = {"contact": "contacts", "company": "companies", "deal": "deals", "task": "tasks"}
"""What an entity is called alone, and how paths name it."""


class Places(msgspec.Struct, frozen=True):
    """Paths of one version."""

    version: str

    @property
    def is_dated(self) -> bool:
        """Whether the version is a date."""
        return self.version != "v3"

    def objects(self, kind: str) -> str:
        """All entities of a kind (`contacts`, `deals`, `calls` ...)."""
        if self.is_dated:
            return f"/crm/objects/{self.version}/{kind}"
        return f"/crm/v3/objects/{kind}"

    def about(self, what: str) -> str:
        """`owners`, `properties` or `pipelines`."""
        return f"/crm/{what}/{self.version}" if self.is_dated else f"/crm/v3/{what}"

    def associated(self, kind: str, other: str) -> str:
        """What of the kind `other` is associated with entities of a kind."""
        if self.is_dated:
            return f"/crm/associations/{self.version}/{kind}/{other}/batch/read"
        return f"/crm/v4/associations/{kind}/{other}/batch/read"

    def association_types(self, kind: str, other: str) -> str:
        """What associations from the one kind to the other there are."""
        root = f"/crm/associations/{self.version}" if self.is_dated else "/crm/v4/associations"
        return f"{root}/{kind}/{other}/labels"

    def association(self, kind: str, one: str, other_kind: str, other: str) -> str:
        """The unlabelled association of two entities."""
        root = f"/crm/objects/{self.version}" if self.is_dated else "/crm/v4/objects"
        return f"{root}/{kind}/{one}/associations/default/{other_kind}/{other}"

    @property
    def account(self) -> str:
        """The account itself."""
        if self.is_dated:
            return f"/account-info/{self.version}/details"
        return "/account-info/v3/details"
