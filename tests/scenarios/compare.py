"""Records against the measured truth: what differs, in words.

The truth is a file of `tests/streams/**/expected`: it names only what is scored of a scenario, with
times as seconds after the stream's zero. Two times, or two durations, are equal within TOLERANCE_S
unless the file says otherwise.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

TOLERANCE_S = 0.35

EXACT = (
    "direction", "did", "caller", "caller_name", "outcome", "lost", "abandoned_in", "hung_up_by",
    "queue", "certainty", "operators", "ivr_path",
)  # fmt: skip
TIMES = {
    "t_started": "started_at",
    "t_rang": "rang_at",
    "t_answered": "answered_at",
    "t_ended": "ended_at",
}

Truth = dict[str, Any]
Record = dict[str, Any]


def differences(truth: Truth, records: Sequence[Record]) -> list[str]:
    """All that is wrong with the records of one scenario; empty when nothing is."""
    calls, zero = truth["calls"], truth["t0"]
    found = sorted(records, key=lambda record: _offset(record["started_at"], zero) or 0.0)
    if len(calls) != len(found):
        return [f"{len(found)} calls instead of {len(calls)}"]
    pairs = _pairs(calls, found, zero)
    return [
        f"call {number}, {wrong}"
        for number, (call, record) in enumerate(pairs)
        for wrong in _Comparison(call, record, zero).wrong()
    ]


def _pairs(calls: Sequence[Truth], found: list[Record], zero: float) -> Iterator[tuple[Truth, Any]]:
    """Each expected call with the record that is most like it: who, where to, when."""
    for call in calls:

        def unlike(record: Record, call: Truth = call) -> tuple[bool, bool, float]:
            begin = call.get("t_started", call.get("t_ended", 0.0))
            return (
                not _is(call.get("caller", record["caller"]), record["caller"]),
                not _is(call.get("did", record["did"]), record["did"]),
                abs((_offset(record["started_at"], zero) or 0.0) - begin),
            )

        nearest = min(found, key=unlike)
        found.remove(nearest)
        yield call, nearest


class _Comparison:
    """One expected call and its record."""

    def __init__(self, call: Truth, record: Record, zero: float) -> None:
        self._call, self._record, self._zero = call, record, zero
        self._tolerances = call.get("tolerances", {})

    def wrong(self) -> list[str]:
        """The fields that differ, with both values."""
        return [*self._fields(), *self._legs(), *self._talks(), *self._transfers(), *self._digits()]

    def _fields(self) -> Iterator[str]:
        for name, want in self._call.items():
            if name in EXACT:
                same, got = _is(want, self._record[name]), self._record[name]
            elif name.endswith("_s"):
                same, got = self._near(name, want, self._record[name]), self._record[name]
            elif name in TIMES:
                got = _offset(self._record[TIMES[name]], self._zero)
                same = self._near(name, want, got)
            else:
                continue
            if not same:
                yield f"{name}: want {want}, got {got}"

    def _near(self, name: str, want: float | None, got: float | None) -> bool:
        if want is None or got is None:
            return want is got
        return abs(want - got) <= self._tolerances.get(name, TOLERANCE_S)

    def _legs(self) -> Iterator[str]:
        """In any order; a leg whose disposition is not scored only has to be there."""
        if "legs" not in self._call:
            return
        got = Counter((leg["operator"], leg["disposition"]) for leg in self._record["legs"])
        left = got.copy()
        for leg in sorted(self._call["legs"], key=lambda leg: "disposition" not in leg):
            mine = [k for k in left if k[0] == leg["operator"] and left[k]]
            wanted = [k for k in mine if leg.get("disposition", k[1]) == k[1]]
            if not wanted:
                yield f"legs: want {leg}, got {sorted(got.elements(), key=str)}"
                return
            left[wanted[0]] -= 1
        if +left:
            yield f"legs: nobody expected {sorted(left.elements(), key=str)}"

    def _talks(self) -> Iterator[str]:
        want, got = self._call.get("talks"), [self._seconds(t) for t in self._record["talks"]]
        if want is None:
            return
        same = len(want) == len(got) and all(map(self._same_talk, want, got))
        if not same:
            yield f"talks: want {want}, got {got}"

    def _same_talk(self, want: Truth, got: Record) -> bool:
        return want["operator"] == got["operator"] and all(
            name not in want or self._near(name, want[name], got[name])
            for name in ("t_from", "t_to", "hold_s")
        )

    def _seconds(self, talk: Record) -> Record:
        return {
            "operator": talk["operator"],
            "t_from": _offset(talk["from"], self._zero),
            "t_to": _offset(talk["to"], self._zero),
            "hold_s": talk["hold_s"],
        }

    def _transfers(self) -> Iterator[str]:
        want, got = self._call.get("transfers"), self._record["transfers"]
        if want is None:
            return
        same = len(want) == len(got) and all(
            all(_is(value, have[name]) for name, value in transfer.items())
            for transfer, have in zip(want, got, strict=True)
        )
        if not same:
            yield f"transfers: want {want}, got {got}"

    def _digits(self) -> Iterator[str]:
        for side in self._call.get("digits_scope", ()):
            want = [press for press in self._call["digits"] if press["by"] == side]
            got = [press for press in self._record["digits"] if press["by"] == side]
            if len(want) != len(got) or not all(map(self._same_press, want, got)):
                yield f"digits of {side}: want {want}, got {got}"

    def _same_press(self, want: Truth, got: Record) -> bool:
        return (
            want["digit"] == got["digit"]
            and want.get("party", got["party"]) == got["party"]
            and ("t" not in want or self._near("t", want["t"], _offset(got["at"], self._zero)))
        )


def _is(want: Any, got: Any) -> bool:
    """Equal, or one of several that are right."""
    if isinstance(want, dict) and "$any" in want:
        return got in want["$any"]
    return bool(want == got)


def _offset(moment: str | None, zero: float) -> float | None:
    """RFC 3339 as seconds after the stream's zero."""
    return None if moment is None else datetime.fromisoformat(moment).timestamp() - zero
