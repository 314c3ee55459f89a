"""Whose client it is: a user of a CRM, and the phone at which he is reached."""

import msgspec


class Person(msgspec.Struct, frozen=True):
    """The manager who is responsible for a client, as a target's CRM says."""

    target: str
    """The target of the settings whose CRM said so."""
    user: str
    """The user's id in the CRM."""
    name: str | None = None
    extension: str | None = None
    """The phone to be rung; None: the CRM names none."""
