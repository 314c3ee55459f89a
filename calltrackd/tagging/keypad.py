"""Phone keys to tags.

Theory. Each operator in each call is a `Hand` (hand.py) that reads the words of a `Vocabulary`
(vocabulary.py) chosen by the call's number, queue and operator. A tag belongs to the call, not to
the leg: it stays through transfers, and the next operator adds tags of his own. The undo sequence
takes back the latest tag of the operator who presses it, never a colleague's. Before a key counts,
every pause of its call that is over is settled, so verdicts come in the order of time.

No clock: time comes with presses and `expire`. Any split of the same time into `expire` calls gives
the same verdicts, so a replayed journal tags like the live call did.
"""

from typing import Literal

import msgspec

from calltrackd.model.call import CallRecord, KeyPress
from calltrackd.settings import Keypad as Rules
from calltrackd.tagging.hand import Hand, Read
from calltrackd.tagging.vocabulary import Vocabulary


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One settled sequence.

    `tag`: the call bears `tag` (again, when it did already: tags are a set). `undo`: `tag` is taken
    back. `unknown`: `keys` mean nothing here, or undo found nothing to take back; `tag` is empty.
    """

    call_id: str
    kind: Literal["tag", "undo", "unknown"]
    tag: str = ""
    keys: str
    operator: str | None
    at: float
    """Its last key went down, unix seconds."""


_Key = tuple[str, str, str]
"""Call, party of the record, extension (empty: the caller)."""


class Keypad:
    """Holds what is half typed and which keypad tags a call in progress bears."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._hands: dict[_Key, Hand] = {}
        self._given: dict[str, dict[_Key, list[str]]] = {}
        self._vocabularies: dict[tuple[str | None, str | None, str | None], Vocabulary] = {}

    def adopt(self, rules: Rules) -> None:
        """Rules for all later keys (settings were reloaded); what calls bear is kept."""
        self._rules = rules
        self._vocabularies.clear()

    def press(self, record: CallRecord, press: KeyPress, talking: bool) -> list[Verdict]:
        """What the key decides. `talking`: its operator is in a talk with the client now.

        With `when = "call"` every key of the call counts, the caller's (menu choices) too.
        """
        rules = self._rules
        if rules.when == "talking" and not (talking and press.by == "operator"):
            return []
        verdicts = self._settle(press.at, record.id)
        key = (record.id, press.by, press.party or "")
        hand = self._hands.get(key) or Hand(rules.timeout_s, rules.transfer_pause_s)
        self._hands[key] = hand
        read = hand.press(press.digit, press.at, self._vocabulary(record, press.party))
        return verdicts + self._judge(key, read)

    def expire(self, at: float) -> list[Verdict]:
        """What pauses that ended by `at` (unix seconds) decide, the earliest first."""
        return self._settle(at)

    def next_deadline(self) -> float | None:
        """When `expire` has something to do next, unix seconds."""
        deadlines = (hand.deadline for hand in self._hands.values())
        return min((at for at in deadlines if at is not None), default=None)

    def forget(self, call_id: str) -> list[Verdict]:
        """The call ended: settles what was half typed and drops the call."""
        verdicts = self._settle(float("inf"), call_id)
        self._given.pop(call_id, None)
        return verdicts

    def _settle(self, at: float, call_id: str | None = None) -> list[Verdict]:
        verdicts: list[Verdict] = []
        while (due := self._due(at, call_id)) is not None:
            deadline, key = due
            verdicts += self._judge(key, self._hands[key].settle(deadline))
        return verdicts

    def _due(self, at: float, call_id: str | None) -> tuple[float, _Key] | None:
        """The pause that ended first; among equals the smaller key, to be the same always."""
        pauses = (
            (hand.deadline, key)
            for key, hand in self._hands.items()
            if call_id is None or key[0] == call_id
        )
        return min(
            ((ends, key) for ends, key in pauses if ends is not None and ends <= at), default=None
        )

    def _judge(self, key: _Key, read: list[Read]) -> list[Verdict]:
        if self._hands[key].mood == "idle":
            del self._hands[key]
        return [self._verdict(key, one) for one in read]

    def _verdict(self, key: _Key, read: Read) -> Verdict:
        call_id, _, operator = key
        given = self._given.setdefault(call_id, {}).setdefault(key, [])
        kind: Literal["tag", "undo", "unknown"] = "unknown"
        tag = ""
        if read.word is not None and read.word.meaning == "tag":
            kind, tag = "tag", read.word.tag
            if tag in given:
                given.remove(tag)
            given.append(tag)
        elif read.word is not None and given:
            kind, tag = "undo", given.pop()
        return Verdict(
            call_id=call_id,
            kind=kind,
            tag=tag,
            keys=read.keys,
            operator=operator or None,
            at=read.at,
        )

    def _vocabulary(self, record: CallRecord, operator: str | None) -> Vocabulary:
        found = self._vocabularies.get(place := (record.did, record.queue, operator))
        if found is None:
            found = Vocabulary.of(self._rules, *place)
            if len(self._vocabularies) >= 1024:  # DIDs come from outside: bounded
                self._vocabularies.clear()
            self._vocabularies[place] = found
        return found
