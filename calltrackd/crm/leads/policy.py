"""What a call makes in the CRM: a lead, a task, or nothing but its own entry (pure).

                     hidden, own or listed number ──► nothing
known client? ── several, nobody can say which ─────► a task, when a lead would have been made
    │                                                 or the call was missed
    ├── the call was missed ──► what `missed` says, a lead only as `make` says
    └── else ──► a lead as `make` says, from the step `at` on
"""

import re
from collections.abc import Iterable, Sequence
from fnmatch import translate
from typing import Any

import msgspec

from calltrackd.crm.leads.match import Match, chosen
from calltrackd.crm.target import CrmTarget
from calltrackd.crm.templates import Fill, compiled, names_of
from calltrackd.model.call import CallRecord
from calltrackd.settings import LeadRules


class TaskWish(msgspec.Struct, frozen=True):
    """A task for the responsible (or the fallback) user. `due_at`: unix seconds."""

    title: str
    due_at: float


class LeadWish(msgspec.Struct, frozen=True):
    """A lead. `fields`: by the CRM's own names."""

    title: str
    fields: dict[str, Any] = {}


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be made of a call, now."""

    client: Match | None = None
    """Whose call it is; None: an unknown's, or nobody can say."""
    lead: LeadWish | None = None
    task: TaskWish | None = None
    why: str
    """In a few words, for logs and tests."""


class Policy:
    """The lead policy of one target, its templates compiled. Raises TemplateFault."""

    def __init__(self, target: CrmTarget) -> None:
        rules: LeadRules = target.settings.lead
        self._rules = rules
        place = f"target {target.name}, lead"
        self._title = compiled(rules.title, f"{place}.title")
        self._fields = compiled(rules.fields, f"{place}.fields")
        self._task_title = compiled(rules.task_title, f"{place}.task_title")
        self._own = target.own_numbers
        self._ignored = _patterns(rules.ignore)

    def decide(self, record: CallRecord, matches: Sequence[Match]) -> Decision:
        """`matches`: all that the CRM has under the caller's number, in any order.

        Raises TemplateFault when a template can't be filled with this record.
        """
        client = None if record.caller is None else chosen(matches)
        if why := self._excluded(record):
            return Decision(client=client, why=why)
        if matches and client is None:
            return self._nobodys(record, matches)
        if record.ended_at is not None and record.lost:
            return self._missed(record, client)
        if not self._is_time(record):
            return Decision(client=client, why=f"not {self._rules.at} yet")
        return self._made(record, client)

    def _excluded(self, record: CallRecord) -> str | None:
        """Why this call never makes anything."""
        if record.caller is None:
            return "the number is hidden"
        if record.caller in self._own or self._ignored.fullmatch(record.caller):
            return "own or listed number"
        if record.direction not in self._rules.directions:
            return f"{record.direction} calls make no leads"
        return None

    def _nobodys(self, record: CallRecord, matches: Sequence[Match]) -> Decision:
        """Several have the number: a task for a person instead of a guess."""
        missed = record.ended_at is not None and record.lost
        leads = self._rules.make == "always" or (
            self._rules.make == "no_open_deal" and not any(one.open_deal for one in matches)
        )
        asked = self._rules.missed != "nothing" if missed else leads and self._is_time(record)
        task = self._task(record) if asked else None
        return Decision(task=task, why=f"{len(matches)} have this number, nobody can say which")

    def _missed(self, record: CallRecord, client: Match | None) -> Decision:
        missed = self._rules.missed
        lead = missed in {"lead", "both"} and self._makes(client)
        task = missed in {"task", "both"}
        return Decision(
            client=client,
            lead=self._lead(record) if lead else None,
            task=self._task(record) if task else None,
            why=f"missed: {missed}",
        )

    def _made(self, record: CallRecord, client: Match | None) -> Decision:
        lead = self._lead(record) if self._makes(client) else None
        return Decision(client=client, lead=lead, why=f"make: {self._rules.make}")

    def _makes(self, client: Match | None) -> bool:
        match self._rules.make:
            case "never":
                return False
            case "new_callers":
                return client is None
            case "no_open_deal":
                return client is None or client.open_deal is None
            case "always":
                return True

    def _is_time(self, record: CallRecord) -> bool:
        match self._rules.at:
            case "started":
                return True
            case "answered":
                return record.answered_at is not None or record.ended_at is not None
            case "ended":
                return record.ended_at is not None

    def _lead(self, record: CallRecord) -> LeadWish:
        names = names_of(record)
        return LeadWish(_text(self._title, names), self._fields(names))

    def _task(self, record: CallRecord) -> TaskWish:
        since = record.started_at if record.ended_at is None else record.ended_at
        title = _text(self._task_title, names_of(record))
        return TaskWish(title, since + self._rules.task_due_min * 60)


def _text(fill: Fill, names: dict[str, Any]) -> str:
    value = fill(names)
    return "" if value is None else " ".join(str(value).split())


def _patterns(numbers: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(translate(number) for number in numbers) or r"(?!)")
