"""Holds against each other what phones, store and receiver say about the same calls."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from calltrackd.model.call import CallRecord
from tests.fakes.receiver import Hit
from tests.lab.traffic import Attempt

SLACK_S = 0.35
"""Between what a phone saw and what the PBX told, on a machine under load."""


@dataclass(frozen=True)
class Outage:
    """The daemon saw nothing from `since` until it had taken a snapshot at `until` (unix s)."""

    since: float
    until: float

    def touches(self, attempt: Attempt) -> bool:
        """Some moment of the call was not seen."""
        end = attempt.ended_at or float("inf")
        return attempt.invited_at <= self.until + SLACK_S and end >= self.since - SLACK_S

    def hides(self, attempt: Attempt) -> bool:
        """The whole call may have passed unseen."""
        end = attempt.ended_at or float("inf")
        return attempt.invited_at >= self.since - SLACK_S and end <= self.until + SLACK_S

    def swallows(self, moment: float | None) -> bool:
        """The moment may not have been seen."""
        return moment is not None and self.since - SLACK_S <= moment <= self.until + SLACK_S


@dataclass(frozen=True)
class Stall:
    """The daemon stood still from `since` until `until`; what it then read came late (unix s)."""

    since: float
    until: float

    def explains(self, moment: float, seen: float) -> bool:
        """An event has no time but that of its arrival."""
        in_it = self.since - SLACK_S <= moment <= self.until + SLACK_S
        return in_it and moment - SLACK_S <= seen <= self.until + SLACK_S


class Witness:
    """`complaints` of all checks; empty means: every call has one true record, told once."""

    def __init__(
        self,
        attempts: Mapping[str, Attempt],
        outages: Iterable[Outage] = (),
        stalls: Iterable[Stall] = (),
        slack_s: float = SLACK_S,
    ) -> None:
        self._slack_s = slack_s
        self.attempts = attempts
        self.outages = list(outages)
        self.stalls = list(stalls)
        self.complaints: list[str] = []
        self.figures: Counter[str] = Counter()

    # -- records

    def hear_store(self, records: Iterable[CallRecord]) -> None:
        """One ended record a call, with the outcome that the phones know."""
        of_number: dict[str, list[CallRecord]] = defaultdict(list)
        for record in records:
            of_number[(record.caller or "").removeprefix("+")].append(record)
        for number in of_number.keys() - self.attempts.keys():
            self._complain(number, f"a call that nobody made: {_told(of_number[number][0])}")
        for number, attempt in self.attempts.items():
            self._one(attempt, of_number.get(number, []))

    def _one(self, attempt: Attempt, records: list[CallRecord]) -> None:
        if not records and any(outage.hides(attempt) for outage in self.outages):
            self.figures["wholly within an outage"] += 1
            return
        if len(records) != 1:
            self._complain(attempt.number, f"{len(records)} records: {[_told(r) for r in records]}")
            return
        record = records[0]
        self.figures[record.certainty] += 1
        if record.ended_at is None:
            self._complain(attempt.number, f"not ended: {_told(record)}")
        elif any(outage.touches(attempt) for outage in self.outages):
            self._interrupted(attempt, record)
        else:
            self._seen(attempt, record)

    def _seen(self, attempt: Attempt, record: CallRecord) -> None:
        """No outage: everything is known."""
        self._check(attempt, record, record.certainty == "live", "live")
        self._outcome(attempt, record)
        self._check(attempt, record, record.outage_s == 0, "no outage")
        ender = "caller" if attempt.ender == "caller" else "operator"
        self._check(attempt, record, record.hung_up_by == ender, f"hung up by {ender}")
        self._near(attempt, record, "started_at", attempt.invited_at)
        self._near(attempt, record, "answered_at", attempt.picked_up_at)
        self._near(attempt, record, "ended_at", attempt.ended_at)

    def _interrupted(self, attempt: Attempt, record: CallRecord) -> None:
        """What fell into an outage may be unknown, and nothing else."""
        hidden = [outage for outage in self.outages if outage.swallows(attempt.ended_at)]
        answer_hidden = any(outage.swallows(attempt.picked_up_at) for outage in self.outages)
        if not hidden:
            self._check(attempt, record, record.certainty != "gap", "its end was seen")
            self._outcome(attempt, record)
            self._near(attempt, record, "ended_at", attempt.ended_at)
        elif record.certainty == "gap":
            lost = [outage.since for outage in hidden]
            kept = [at for at in lost if abs((record.ended_at or 0) - at) <= 2 * SLACK_S]
            self._check(attempt, record, bool(kept), f"ended at the loss of the link {lost}")
            if not answer_hidden:
                answered = attempt.picked_up_at is not None
                self._check(attempt, record, (record.outcome == "answered") == answered, "outcome")
        elif not answer_hidden:  # else it ended before any list could tell that it was answered
            self._outcome(attempt, record)

    def _outcome(self, attempt: Attempt, record: CallRecord) -> None:
        expected = "answered" if attempt.picked_up_at is not None else "abandoned"
        self._check(attempt, record, record.outcome == expected, expected)
        operators = [attempt.plan.phone] if attempt.picked_up_at is not None else []
        self._check(attempt, record, record.operators == operators, f"operators {operators}")

    def _near(self, attempt: Attempt, record: CallRecord, name: str, moment: float | None) -> None:
        seen: float | None = getattr(record, name)
        fits = (seen is None) == (moment is None)
        if fits and seen is not None and moment is not None:
            slack = self._slack_s + (1.0 if record.certainty == "recovered" else 0.0)
            late = any(stall.explains(moment, seen) for stall in self.stalls)
            fits = late or abs(seen - moment) <= slack
        self._check(attempt, record, fits, f"{name} {_since(attempt, moment)}")

    # -- deliveries

    def hear_receiver(self, hits: Iterable[Hit], records: Iterable[CallRecord]) -> None:
        """Every end arrived, one id a version, one body an id, versions in order."""
        by_call: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        bodies: dict[str, set[bytes]] = defaultdict(set)
        steps: dict[str, dict[int, str]] = defaultdict(dict)
        for hit in hits:
            self.figures["requests"] += 1
            self.figures["requests repeated"] += bool(bodies[hit.id])
            call, version = hit.event["data"]["id"], hit.event["data"]["version"]
            if version < max(by_call[call], default=0) and hit.id not in by_call[call][version]:
                self.complaints.append(f"{call}: version {version} came after a later one")
            by_call[call][version].add(hit.id)
            bodies[hit.id].add(hit.body)
            steps[call][version] = hit.event["type"]
        for call, versions in by_call.items():
            for version, ids in versions.items():
                if len(ids) != 1:
                    self.complaints.append(f"{call}: version {version} has ids {ids}")
        self.complaints += [f"{one}: {len(b)} bodies" for one, b in bodies.items() if len(b) != 1]
        self._ends(records, steps)

    def _ends(self, records: Iterable[CallRecord], steps: Mapping[str, Mapping[int, str]]) -> None:
        known = {record.id: record for record in records}
        for call in steps.keys() - known.keys():
            self.complaints.append(f"{call}: told, but not in the store")
        for call, record in known.items():
            told = steps.get(call, {})
            ends = [version for version, step in told.items() if step == "call.ended"]
            if len(ends) != 1:
                self.complaints.append(f"{call}: {len(ends)} ends were told: {dict(told)}")
            if max(told, default=0) != record.version:
                self.complaints.append(
                    f"{call}: version {record.version} in the store, told {dict(told)}"
                )

    # -- saying so

    def _check(self, attempt: Attempt, record: CallRecord, fits: bool, rule: str) -> None:
        if not fits:
            told = f"the store says {_told(record, attempt.invited_at)}"
            self._complain(attempt.number, f"should be {rule}: {told}; the phones {_seen(attempt)}")

    def _complain(self, number: str, text: str) -> None:
        self.complaints.append(f"{number}: {text}")

    def verdict(self, about: Callable[[], str] = str) -> None:
        """AssertionError with the first complaints."""
        shown = "\n".join(self.complaints[:8])
        assert not self.complaints, f"{len(self.complaints)} complaints:\n{shown}\n{about()}"


def _since(attempt: Attempt, moment: float | None) -> float | None:
    return None if moment is None else round(moment - attempt.invited_at, 3)


def _seen(attempt: Attempt) -> str:
    names = ("rang_at", "picked_up_at", "connected_at", "ended_at")
    moments = {name: _since(attempt, getattr(attempt, name)) for name in names}
    return f"{moments} {attempt.code} {attempt.ender} {attempt.plan} from {attempt.invited_at}"


def _told(record: CallRecord, zero: float = 0.0) -> str:
    moments = {
        name: None if (at := getattr(record, name)) is None else round(at - zero, 3)
        for name in ("started_at", "answered_at", "ended_at")
    }
    names = ("id", "version", "outcome", "certainty", "hung_up_by", "operators", "outage_s")
    return f"{moments} " + " ".join(f"{name} {getattr(record, name)}" for name in names)
