"""Who calls and what is made of him, by matches that the desk keeps as long as the call.

For CRMs whose look-ups are dear: what was found is written down (`desk["matches"]`), and the
connector says when it is too old to decide by.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import msgspec
import structlog

from calltrackd.crm.desk import Desk
from calltrackd.crm.leads.match import Match, strangers
from calltrackd.crm.leads.policy import Decision, Policy
from calltrackd.crm.people import Person
from calltrackd.crm.target import CrmTarget
from calltrackd.crm.users import Users
from calltrackd.model.call import CallRecord

_log = structlog.get_logger(__name__)


class Callers:
    """Those of one target. `name_of`: a user's name in the CRM. Raises TemplateFault.

    Connectors keep the deal that a call made under the desk's name `deal`, the contact under
    `contact`.
    """

    def __init__(self, target: CrmTarget, name_of: Callable[[str], Awaitable[str | None]]) -> None:
        settings = target.settings
        self._target, self._name_of = target.name, name_of
        self._policy = Policy(target)
        self.users = Users(settings.users, settings.fallback_user)
        self._told: set[str] = set()

    def matches(self, desk: Desk) -> list[Match]:
        """All who have the number, but for whom this call is still making a client."""
        found = msgspec.convert((desk["matches"] or {}).get("of", []), list[Match])
        return strangers(found, None if "deal" in desk else desk["contact"])

    def decide(self, record: CallRecord, desk: Desk) -> Decision:
        """By what is known at the desk."""
        return self._policy.decide(record, self.matches(desk))

    async def decide_by(
        self, found: Sequence[Match], record: CallRecord, desk: Desk, **known: Any
    ) -> Decision:
        """Keep what was found (`known`: when, and the like), tell whose client it is, decide."""
        of = [msgspec.to_builtins(one) for one in found]
        await desk.remember("matches", {**known, "of": of})
        decision = self.decide(record, desk)
        desk.responsible(await self.person(decision.client))
        return decision

    async def person(self, match: Match | None) -> Person | None:
        """Who is responsible for a client."""
        if match is None or match.responsible is None:
            return None
        user = match.responsible
        name = await self._name_of(user)
        return Person(id=user, name=name, extension=self.users.extension(user))

    def owner(self, record: CallRecord, client: Match | None) -> str | None:
        """Whose it is: who talked, else the client's own user, else whose phone rang."""
        talked = [self.users.user(one) for one in reversed(record.operators)]
        for user in [*talked, client.responsible if client else None]:
            if user is not None:
                return user
        return self.users.responsible(record)

    def tell_missing(self, fields: Iterable[str]) -> None:
        """Fields of the settings that the CRM does not have are told once, and left out."""
        for name in set(fields) - self._told:
            self._told.add(name)
            _log.warning("crm.field_missing", target=self._target, field=name)
