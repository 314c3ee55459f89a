"""Rules over the records of one attachment: judged each second, and at a call's end."""

from collections.abc import Iterable, Sequence

from calltrackd.model.call import CallRecord, Change
from calltrackd.settings.alerts import AlertRule
from calltrackd.tagging.alerts import Alerts, tag_of

EVERY_S = 1.0
"""A wait that grew too long is told so soon after."""


class Alarms:
    """Turns what the rules find into changes; the tag of each remembers it over a restart."""

    def __init__(self, rules: Sequence[AlertRule]) -> None:
        self._rules = rules
        self._alerts = Alerts(rules)

    def __bool__(self) -> bool:
        """There are rules: it is worth to look."""
        return bool(self._rules)

    def adopt(self, rules: Sequence[AlertRule]) -> None:
        """Rules of reloaded settings."""
        self._rules = rules
        self._alerts.adopt(rules)

    def known(self, record: CallRecord) -> None:
        """A call in progress with the tags that it has in the store, before a restart."""
        self._alerts.known(record)

    def forget(self, call_id: str) -> None:
        """The call is over, and nobody saw its end."""
        self._alerts.forget(call_id)

    def of_live(self, records: Iterable[CallRecord], at: float) -> list[Change]:
        """What is to be told of calls in progress, as they stand at `at` (unix seconds)."""
        return [change for record in records for change in self._changes(record, at)]

    def after(self, changes: Sequence[Change]) -> list[Change]:
        """The changes, each end with what is to be told of it right behind."""
        found: list[Change] = []
        for change in changes:
            found.append(change)
            if change.step == "ended":
                found += self._changes(change.record, change.at)
        return found

    def _changes(self, record: CallRecord, at: float) -> Iterable[Change]:
        for alert in self._alerts.judge(record, at):
            yield Change(record, "alert", at, tags=[tag_of(alert)], alert=alert)
