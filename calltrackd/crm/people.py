"""The people of a CRM: its users, and whose client somebody is."""

import msgspec


class CrmUser(msgspec.Struct, frozen=True, kw_only=True):
    """A user of the CRM."""

    id: str
    name: str
    extension: str | None = None
    """Inner phone number, when the CRM knows one."""
    email: str | None = None
    active: bool = True


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """The user who is responsible for a client."""

    id: str
    """The user's id in the CRM."""
    name: str | None = None
    extension: str | None = None
    """Where to ring: by the target's `users`, else by the CRM."""
