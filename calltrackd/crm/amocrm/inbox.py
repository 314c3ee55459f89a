"""amoCRM's webhooks: forms without any signature, so their address holds the secret (pure).

What they say is not believed: it names leads, which are read again. All values are texts; one form
tells of several leads: `leads[status][0][id]=7`, `account[subdomain]=example`.
"""

import hmac
import re
from urllib.parse import parse_qsl

from calltrackd.crm.returns.ports import Posted, Told
from calltrackd.model.deal import DealKind

_LEAD = re.compile(r"leads\[(\w+)\]\[\d+\]\[id\]")
TOLD = frozenset({"add", "update", "delete", "restore", "status", "responsible"})
"""What happened to a lead; notes and the like change no deal."""
MOST_FIELDS = 20_000


def is_genuine(posted: Posted, secret: str) -> bool:
    """Whether it came to the address that only the account knows."""
    return bool(secret) and hmac.compare_digest(posted.path.strip("/").encode(), secret.encode())


def told(body: bytes, subdomain: str) -> Told:
    """The leads that it names. ValueError: it is no form, or another account's."""
    fields = parse_qsl(body.decode(), max_num_fields=MOST_FIELDS)
    if not fields:
        raise ValueError("no form of amoCRM's")
    account = dict(fields).get("account[subdomain]", "")
    if account.lower() != subdomain.lower():
        raise ValueError(f"of another account: {account[:64]!r}")
    keys: dict[tuple[DealKind, str], None] = {}
    for name, value in fields:
        found = _LEAD.fullmatch(name)
        if found is not None and found[1] in TOLD and value.isdigit():
            keys["deal", value] = None
    return Told(keys=list(keys))
