"""What can go wrong between us and a CRM, by what has to follow.

    Trouble
    ├── Away          no connection: nothing was sent                    all wait for the target
    ├── Limited       too fast: not taken                                all wait as long as it says
    ├── AuthFailed    key, token or rights are refused                   all wait for the admin
    ├── Barred        the CRM blocks us (unpaid, address blocked)        all wait, for long
    ├── Unknown       it may have been taken: the answer never came      asked before sent again
    ├── Failing       answered with an error of its own, not taken       the row is tried again
    ├── NotYet        right, but too early (an index lags, not finished) the row, soon
    └── Permanent     never as it is                                     the row is a dead letter

A status alone does not tell (Odoo's unknown field is a 500, Bitrix24's overload a 503 of several
meanings): each connector reads (status, code, text) itself, `by_status` is what holds otherwise.
"""

from calltrackd.crm.outcome import Blocked, Failed, Outcome, Refused, Scope

NOT_YET_S = (2.0, 5.0, 15.0, 60.0)
"""Waits of what is too early, in turn; the last one stays."""
BARRED_S = 1800.0


class Trouble(Exception):  # noqa: N818  # says what is, as the tree above does
    """The root of all that a connector raises.

    `reason`: the same text for the same trouble, without secrets and numbers; `detail`: what the
    CRM said, scrubbed; `status`: of the HTTP answer, if one came; `after`: seconds to wait.
    """

    def __init__(
        self,
        reason: str,
        *,
        status: int | None = None,
        after: float | None = None,
        detail: str = "",
    ) -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason, self.status, self.after, self.detail = reason, status, after, detail


class Away(Trouble):
    """Nothing was sent."""


class Limited(Trouble):
    """The CRM asks us to be slower, and did not take this.

    `of_method`: it means the method that was called, and no other.
    """

    of_method = False


class AuthFailed(Trouble):
    """Nothing gets through until the admin mends key, token or rights."""


class Barred(Trouble):
    """The CRM lets us do nothing at all; asking again and again would make it worse."""


class Unknown(Trouble):
    """Sent, and nobody knows whether it was taken."""


class Failing(Trouble):
    """Not taken, and may be taken later; perhaps the CRM's trouble, perhaps this row's."""


class NotYet(Trouble):
    """Too early; nobody's fault."""


class Permanent(Trouble):
    """Will never be taken as it is."""


def outcome_of(trouble: Trouble, attempts: int) -> Outcome:
    """What the dispatcher makes of it. `attempts`: how often the row was tried before."""
    reason, detail, status, after = trouble.reason, trouble.detail, trouble.status, trouble.after
    if isinstance(trouble, Permanent):
        return Refused(reason=reason, status=status, detail=detail)
    if isinstance(trouble, AuthFailed):
        return Blocked(reason=reason, status=status, detail=detail, after=after, admin=True)
    if isinstance(trouble, Barred):
        return Blocked(
            reason=reason, status=status, detail=detail, after=after or BARRED_S, admin=True
        )
    if isinstance(trouble, NotYet) and after is None:
        after = NOT_YET_S[min(attempts, len(NOT_YET_S) - 1)]
    return Failed(
        reason=reason,
        scope=_scope(trouble),
        status=status,
        after=after,
        unknown=isinstance(trouble, Unknown),
        detail=detail,
    )


def _scope(trouble: Trouble) -> Scope:
    if isinstance(trouble, Away | Limited):
        return "outage"
    return "row" if isinstance(trouble, NotYet) else "target"
