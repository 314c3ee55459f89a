"""Control events from the course of a call: hang-ups, long holds, long waits, no answer.

Pure: the record says how long things have lasted at the moment for which it was derived, so whoever
wants to know it in time asks anew each second while the call lives, and once when it ended.
"""

from collections.abc import Iterator, Sequence

from calltrackd.model.alert import Alert
from calltrackd.model.call import CallRecord, Tag
from calltrackd.settings.alerts import AlertRule

_WHO = {"client": "caller", "operator": "operator", "pbx": "pbx"}


class Alerts:
    """Remembers of the calls in progress what was told of them."""

    def __init__(self, rules: Sequence[AlertRule]) -> None:
        self._rules = rules
        self._told: dict[str, set[str]] = {}

    def adopt(self, rules: Sequence[AlertRule]) -> None:
        """Rules of reloaded settings; what was told stays told."""
        self._rules = rules

    def known(self, record: CallRecord) -> None:
        """A call of which was told before what its tags say."""
        self._told[record.id] = {tag.name for tag in record.tags}

    def forget(self, call_id: str) -> None:
        """The call will not be judged again."""
        self._told.pop(call_id, None)

    def judge(self, record: CallRecord, at: float) -> list[Alert]:
        """What is new about the call. `record` as it stands at `at` (unix seconds)."""
        told = self._told.setdefault(record.id, {tag.name for tag in record.tags})
        found = [alert for alert in judge(record, at, self._rules) if alert.rule not in told]
        told.update(alert.rule for alert in found)
        if record.ended_at is not None:
            del self._told[record.id]
        return found


def judge(record: CallRecord, at: float, rules: Sequence[AlertRule]) -> Iterator[Alert]:
    """Every rule that holds for the call as it stands at `at` (unix seconds)."""
    for rule in rules:
        if record.direction not in rule.directions or not rule.fits(record.did, record.queue):
            continue
        lasted = _lasted(record, rule)
        if lasted is not None:
            evidence = {"seconds": round(lasted, 3), "operators": list(record.operators)}
            if rule.when == "hang_up":
                evidence["hung_up_by"] = record.hung_up_by
            yield Alert(rule=rule.name, kind=rule.when, call_id=record.id, at=at, evidence=evidence)


def tag_of(alert: Alert) -> Tag:
    """The tag that the call bears because of the alert."""
    evidence = {"kind": alert.kind, **alert.evidence}
    return Tag(name=alert.rule, source="rule", at=alert.at, evidence=evidence)


def _lasted(record: CallRecord, rule: AlertRule) -> float | None:
    """The seconds that make the rule hold; None: it does not."""
    if rule.when == "hang_up":
        return _hung_up(record, rule)
    seconds = {
        "hold": record.hold_s,
        "wait": record.wait_s,
        "no_answer": record.total_wait_s,
    }[rule.when]
    return seconds if rule.over_s is not None and seconds >= rule.over_s else None


def _hung_up(record: CallRecord, rule: AlertRule) -> float | None:
    if record.ended_at is None or record.answered_at is None:
        return None
    if rule.by != "anybody" and record.hung_up_by != _WHO[rule.by]:
        return None
    short = rule.under_s is None or record.talk_s < rule.under_s
    return record.talk_s if short else None
