"""The portal's outgoing webhooks: they name a deal or lead, which is then read (pure).

A form with PHP's brackets: `event`, `data[FIELDS][ID]`, `auth[application_token]`. The token is all
that makes it genuine; there is no signature and no second try.
"""

import hmac

from calltrackd.crm.bitrix24.query import nested
from calltrackd.crm.returns.ports import Posted, Told
from calltrackd.model.deal import DealKind

EVENTS: dict[str, DealKind] = {
    "ONCRMDEALADD": "deal",
    "ONCRMDEALUPDATE": "deal",
    "ONCRMDEALDELETE": "deal",
    "ONCRMDEALMOVETOCATEGORY": "deal",
    "ONCRMLEADADD": "lead",
    "ONCRMLEADUPDATE": "lead",
    "ONCRMLEADDELETE": "lead",
}


def is_genuine(posted: Posted, token: str) -> bool:
    """Whether it bears the application's token; without one of ours nothing does."""
    try:
        given = _part(nested(posted.body.decode()), "auth", "application_token")
    except ValueError:
        return False
    return bool(token) and hmac.compare_digest(given.encode(), token.encode())


def told(body: bytes) -> Told:
    """Which deal or lead it is about; other events are about nothing. ValueError: unreadable."""
    form = nested(body.decode())
    kind = EVENTS.get(_part(form, "event").upper())
    if kind is None:
        return Told()
    number = _part(form, "data", "FIELDS", "ID")
    if not number.isdigit():
        raise ValueError("the event names no id")
    return Told(keys=[(kind, number)])


def _part(form: object, *path: str) -> str:
    for name in path:
        form = form.get(name, "") if isinstance(form, dict) else ""
    return form if isinstance(form, str) else ""
