"""The diary, call by call."""

from dataclasses import dataclass

from tests.lab.diary import Diary, Entry
from tests.lab.facts import Facts


@dataclass
class Dialog:
    """One call of one phone, as its diary tells. Unix seconds, None where it did not happen."""

    phone: str
    entries: list[Entry]

    def at(self, *verbs: str) -> float | None:
        """The first moment of any of the verbs."""
        return next((e.at for e in self.entries if e.what in verbs), None)

    def entry(self, verb: str) -> Entry | None:
        """The first entry of the verb."""
        return next((e for e in self.entries if e.what == verb), None)

    @property
    def invite(self) -> Entry:
        """The first entry that is no sound: a stretch heard is dated back."""
        return next(e for e in self.entries if e.what in ("invite_in", "invite_out"))

    @property
    def start(self) -> float:
        """The INVITE."""
        return self.invite.at

    @property
    def up(self) -> float | None:
        """The answer."""
        return self.at("answered", "up")

    @property
    def end(self) -> float | None:
        """Gone: the phone said BYE, or was told."""
        return self.at("bye_sent", "over", "cut")

    @property
    def outgoing(self) -> bool:
        """The phone dialled."""
        return self.invite.what == "invite_out"


def dialogs(diary: Diary) -> list[Dialog]:
    """All calls of all phones, in their order."""
    found: dict[tuple[str, str], list[Entry]] = {}
    for entry in sorted(diary.entries, key=lambda e: e.at):
        if entry.call:
            found.setdefault((entry.phone, entry.call), []).append(entry)
    return [Dialog(phone, entries) for (phone, _), entries in found.items()]


class Scene:
    """One client call and the phones around it.

    `client` is None where no client was ever called. `others`: the operators' dialogs while the
    client's call lived. Times are unix seconds.
    """

    def __init__(self, facts: Facts, every: list[Dialog]) -> None:
        self.facts = facts
        self.client = next((d for d in every if self._is_clients(d)), None)
        others = [d for d in every if self._is_operators(d)]
        self.start = self.client.start if self.client else min(d.start for d in others)
        ends = [d.end for d in ([self.client] if self.client else others) if d.end is not None]
        self.end = facts.lost_at or max(ends)
        self.others = [d for d in others if d.start < self.end and (d.end or self.end) > self.start]

    @property
    def up(self) -> float | None:
        """The client's answer."""
        return self.client.up if self.client else None

    @property
    def client_hung_up(self) -> bool:
        """The client ended it."""
        return self.client is not None and self.client.at("bye_sent", "cancel_sent") is not None

    @property
    def first_offer(self) -> float | None:
        """The first INVITE to a phone."""
        return min((d.start for d in self.others if not d.outgoing), default=None)

    @property
    def rang(self) -> float | None:
        """The first phone rings."""
        times = [d.at("ringing") for d in self.others if not d.outgoing]
        return min((t for t in times if t is not None), default=None)

    def _is_clients(self, dialog: Dialog) -> bool:
        placed = dialog.outgoing or self.facts.direction != "inbound"
        return dialog.phone == self.facts.phone and placed

    def _is_operators(self, dialog: Dialog) -> bool:
        if not dialog.phone.isdigit() or dialog.phone == self.facts.phone:
            return False
        return self.facts.operators is None or dialog.phone in self.facts.operators
