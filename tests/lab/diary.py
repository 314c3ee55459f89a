"""What the phones did and heard, moment by moment: the only witness that the truth listens to."""

import time
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One fact of one phone.

    `at`: unix seconds. `call`: the SIP Call-ID ("" = not about a call). `what`: a verb
    (`invite_in`, `answered`, `digit_out`, `heard` ...). `detail`: its particulars.
    """

    at: float
    phone: str
    call: str
    what: str
    detail: dict[str, Any] = field(default_factory=dict)


class Diary:
    """All phones of one scenario write here, in the order of their acts."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def write(
        self, phone: str, what: str, call: str = "", at: float | None = None, **detail: Any
    ) -> None:
        """Notes that `phone` did (or saw) `what` just now, or at the unix second `at`."""
        moment = time.time() if at is None else at
        self.entries.append(Entry(moment, phone, call, what, detail))

    def lines(self) -> list[str]:
        """A readable listing for a failing test."""
        if not self.entries:
            return []
        zero = self.entries[0].at
        ordered = sorted(self.entries, key=lambda entry: entry.at)
        return [
            f"{e.at - zero:8.3f} {e.phone:<9} {e.call[:6]:<6} {e.what:<11} {e.detail or ''}"
            for e in ordered
        ]
