"""A trouble is logged when it is new, not at every attempt that meets it."""

import structlog

AGAIN_S = 3600.0
"""A trouble that lasts is recalled once an hour."""
MOST = 100
"""Different texts that are remembered."""

_log = structlog.get_logger(__name__)


class Complaints:
    """The troubles of one target. `now` is unix seconds."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._told: dict[str, float] = {}

    def tell(self, reason: str, now: float, **about: object) -> None:
        """Log `reason` as a warning, unless that was done within the hour."""
        if now - self._told.get(reason, float("-inf")) < AGAIN_S:
            return
        if len(self._told) >= MOST:
            self._told.clear()
        self._told[reason] = now
        _log.warning("delivery fails", target=self._target, reason=reason, **about)

    def recovered(self, **about: object) -> None:
        """The outage is over; whatever comes next is new."""
        self._told.clear()
        _log.info("target takes events again", target=self._target, **about)
