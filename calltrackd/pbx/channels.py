"""Who is behind a channel, told by its name alone and the admin's patterns.

Never by caller id: on a callback the operator's phone bears the client's number (measured,
Asterisk 22: `Originate` sets CallerIDNum of the operator leg to the client).
"""

import re
from collections.abc import Sequence

from calltrackd.model.channel import Role

HELPERS = re.compile(
    r"^(Local|loopback|ConfBridge|CBAnn|CBRec|Announcer|Recorder|Bridge|BridgeManager|Snoop|Message"
    r"|AudioSocket|UnicastRTP|MulticastRTP|WebSocket|Console|Surrogate|Mobile-Announce|OutgoingSpool)/"
)
"""Channel technologies that have no person behind them."""

KEPT = 4_096
"""Endpoints whose role is remembered: DAHDI puts the dialled number in a channel's name."""

_SERIAL = re.compile(r"-[0-9a-f]{8}(;[12])?$")


class ChannelRules:
    """Trunk and extension patterns of one attachment.

    `trunks` and `extensions` are regular expressions searched in a channel name such as
    `PJSIP/101-0000002a`. The first group of an extension pattern is the extension. A trunk pattern
    wins; a name that matches nothing is a trunk's: an unknown far end is the client.
    """

    def __init__(self, trunks: Sequence[str], extensions: Sequence[str]) -> None:
        self._trunks = [re.compile(p) for p in trunks]
        self._extensions = [re.compile(p) for p in extensions]
        self._known: dict[str, tuple[Role, str | None]] = {}

    def role(self, name: str) -> tuple[Role, str | None]:
        """Role and extension (None unless operator) of a channel name."""
        name = name.removeprefix("AsyncGoto/")
        endpoint = _SERIAL.sub("", name)
        found = self._known.get(endpoint)
        if found is None:
            if len(self._known) >= KEPT:
                self._known.clear()
            found = self._known[endpoint] = self._decide(name)
        return found

    def is_trunk(self, name: str) -> bool:
        """A trunk pattern says so; what no pattern knows is not meant."""
        return any(p.search(name) for p in self._trunks)

    def _decide(self, name: str) -> tuple[Role, str | None]:
        if HELPERS.match(name):
            return "helper", None
        if self.is_trunk(name):
            return "client", None
        for pattern in self._extensions:
            if found := pattern.search(name):
                return "operator", found.group(1)
        return "client", None
