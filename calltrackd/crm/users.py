"""Whose phone is whose in the CRM: the target's `users` read both ways (pure)."""

from collections.abc import Mapping

from calltrackd.model.call import CallRecord, ringing


class Users:
    """The map of the settings, extension -> the user's id; `fallback` when nobody is known."""

    def __init__(self, users: Mapping[str, str], fallback: str | None) -> None:
        self._users = dict(users)
        self._extensions = {user: extension for extension, user in reversed(self._users.items())}
        self.fallback = fallback

    def user(self, extension: str | None) -> str | None:
        """The user's id; None for an extension that is not in the settings."""
        return None if extension is None else self._users.get(extension)

    def extension(self, user: str) -> str | None:
        """Where a user is reached; None for one that is not in the settings."""
        return self._extensions.get(user)

    def ringing(self, record: CallRecord) -> list[str]:
        """Users whose phones ring now, in the order in which they began to."""
        users = (self.user(one) for one in ringing(record))
        return list(dict.fromkeys(user for user in users if user is not None))

    def responsible(self, record: CallRecord) -> str | None:
        """Whose call it was: who talked last, else whose phone rang last, else the fallback."""
        legs = [leg.operator for leg in record.legs]
        for one in [*reversed(record.operators), *reversed(legs)]:
            if (user := self.user(one)) is not None:
                return user
        return self.fallback
