"""The expected record of each client call, from the phones' diary and the plot alone.

The PBX is never asked. Who talked with whom is what the phones heard: each speaks in a tone of its
own. The shape is that of the recorded truths; what is scored when follows DECISIONS.md.
"""

from dataclasses import dataclass, replace
from typing import Any

from tests.lab.diary import Diary, Entry
from tests.lab.facts import Facts

SNAP = 0.35  # sound lags behind the signalling by some packets
SAME = 0.25  # two phones' entries this near belong to one moment
UNTIL_HELD = 1.5  # from the key or the action that asks for a hold until the client is held
RELEASES = ("unhold", "refer", "bye_in", "bye_sent", "cut")
BEEP = 0.6  # the PBX plays one to the new operator before it lets the client through
MERGE = 1.0  # silence of a key press inside one segment

DISPOSITIONS = {486: "busy", 603: "rejected", 302: None}


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
    def start(self) -> float:
        """The INVITE."""
        return self.invite.at

    @property
    def up(self) -> float | None:
        """The answer."""
        return self.at("answered", "up")

    @property
    def end(self) -> float | None:
        """Gone."""
        return self.at("over", "cut")

    @property
    def outgoing(self) -> bool:
        """The phone dialled."""
        return self.invite.what == "invite_out"

    @property
    def invite(self) -> Entry:
        """The first entry that is no sound: a stretch heard is dated back."""
        return next(e for e in self.entries if e.what in ("invite_in", "invite_out"))


@dataclass
class Segment:
    """One talk. Unix seconds."""

    operator: str
    start: float
    end: float
    hold: float = 0.0


def dialogs(diary: Diary) -> list[Dialog]:
    """All calls of all phones, in their order."""
    found: dict[tuple[str, str], list[Entry]] = {}
    for entry in sorted(diary.entries, key=lambda e: e.at):
        if entry.call:
            found.setdefault((entry.phone, entry.call), []).append(entry)
    return [Dialog(phone, entries) for (phone, _), entries in found.items()]


def expected(diary: Diary, facts: list[Facts], zero: float) -> list[dict[str, Any]]:
    """The expected `calls` of a scenario, offsets in seconds on `zero` (unix seconds)."""
    every = dialogs(diary)
    calls = []
    for fact in facts:
        clients = [d for d in every if d.phone == fact.phone and _is_clients(d, fact)]
        others = [d for d in every if d.phone.isdigit() and d.phone != fact.phone]
        if fact.operators is not None:
            others = [d for d in others if d.phone in fact.operators]
        calls.append(_Call(fact, clients[0] if clients else None, others, zero).record())
    return calls


def _is_clients(dialog: Dialog, fact: Facts) -> bool:
    return dialog.outgoing or fact.direction != "inbound"


class _Call:
    """One client call and the phones around it."""

    def __init__(
        self, facts: Facts, client: Dialog | None, others: list[Dialog], zero: float
    ) -> None:
        self.facts, self.client, self.zero = facts, client, zero
        self.start = client.start if client else min(d.start for d in others)
        self.up = client.up if client else None
        ends = [d.end for d in ([client] if client else others) if d.end is not None]
        self.end = facts.lost_at or max(ends)
        self.others = [d for d in others if d.start < self.end and (d.end or self.end) > self.start]
        self.talks = self._talks()
        self.answered = self.talks[0].start if self.talks else None
        self.legs = self._legs()

    # -- talks

    def _talks(self) -> list[Segment]:
        if self.client is None:
            return []
        pieces = sorted(
            (piece for other in self.others for piece in self._heard_with(other)),
            key=lambda piece: piece.start,
        )
        return self._with_holds(_merged(pieces) or self._unheard())

    def _unheard(self) -> list[Segment]:
        """Hung up before a sound came through: the client was answered, so somebody did."""
        facts = self.facts
        by_pbx = facts.queue or facts.menu or facts.mailbox or facts.conference
        person = next((d for d in self.others if d.up is not None), None)
        if by_pbx or self.up is None or person is None or person.up is None:
            return []
        return [Segment(person.phone, max(self.up, person.up), self.end)]

    def _heard_with(self, other: Dialog) -> list[Segment]:
        """When the client and this phone heard each other, both being answered."""
        assert self.client is not None
        if other.up is None or self.client.up is None:
            return []
        first, last = max(other.up, self.client.up), min(other.end or self.end, self.end)
        pieces = []
        for listener, speaker in ((self.client, other.phone), (other, self.facts.phone)):
            for entry in listener.entries:
                if entry.what == "heard" and entry.detail["who"] == speaker:
                    start, end = max(entry.at, first), min(entry.detail["until"], last)
                    if end > start:
                        pieces.append(Segment(other.phone, start, end))
        return [_snapped(piece, first, last) for piece in pieces]

    def _with_holds(self, talks: list[Segment]) -> list[Segment]:
        for other in self.others:
            held = None
            for entry in other.entries:
                if entry.what == "hold":
                    held = entry.at
                elif held is not None and entry.what in RELEASES:
                    consulting = entry.what == "refer" and entry.detail["replaces"]
                    if not consulting:
                        talks = self._hold(talks, other, held, entry)
                        held = None
        return talks

    def _hold(
        self, talks: list[Segment], other: Dialog, held: float, closing: Entry
    ) -> list[Segment]:
        """Lays one hold into the operator's segment; it ends when the client meets the next."""
        mine = [t for t in talks if t.operator == other.phone and t.start <= held]
        if not mine:
            return talks
        segment = mine[-1]
        if 0 < segment.end - held < UNTIL_HELD:
            held = segment.end  # they heard each other until the PBX had understood
        following = next((t for t in talks if t.start > held + SAME), None)
        until = self._released(closing, following)
        segment.hold += until - held
        segment.end = max(segment.end, until)
        if following is not None and following.operator == segment.operator:
            segment.end = following.end
            talks.remove(following)
        return talks

    def _released(self, closing: Entry, following: Segment | None) -> float:
        """The moment at which the hold ended."""
        if following is None or closing.what == "unhold":
            return min(closing.at, self.end)
        if 0 < following.start - closing.at < BEEP and closing.what == "bye_sent":
            following.start = closing.at
        sent_away = closing.what in ("refer", "bye_in") and closing.at < following.start
        return closing.at if sent_away else following.start

    # -- legs

    def _legs(self) -> list[dict[str, Any]]:
        legs: list[dict[str, Any]] = []
        known: set[str] = set()
        for dialog in self.others:
            if dialog.outgoing and (dialog.phone in known or not self._talked(dialog.phone)):
                continue
            known.add(dialog.phone)
            leg: dict[str, Any] = {"operator": dialog.phone}
            if (disposition := self._disposition(dialog)) is not None:
                leg["disposition"] = disposition
            legs.append(leg)
        return legs

    def _disposition(self, dialog: Dialog) -> str | None:
        if dialog.up is not None:
            return "answered"
        refused = dialog.entry("rejected")
        if refused is not None:
            return DISPOSITIONS.get(refused.detail["code"], "failed")
        over = dialog.end or self.end
        if any(d.up and abs(d.up - over) < SAME for d in self.others if d is not dialog):
            return "answered_elsewhere"
        if self._client_hung_up and abs(over - self.end) < SAME:
            return "cancelled"
        return "no_answer"

    def _talked(self, phone: str) -> bool:
        return any(talk.operator == phone for talk in self.talks)

    # -- the end

    @property
    def _client_hung_up(self) -> bool:
        return self.client is not None and self.client.at("bye_sent", "cancel_sent") is not None

    def _hung_up_by(self) -> str:
        if self.facts.hung_up_by is not None:
            return self.facts.hung_up_by
        if self._client_hung_up:
            return "caller"
        for dialog in self.others:
            said = dialog.at("bye_sent", "cancel_sent")
            if said and abs(said - self.end) < 1:
                mine = not self.talks or self.talks[-1].operator == dialog.phone
                if mine:
                    return "operator"
        return "pbx"

    def _outcome(self) -> str:
        if self.facts.outcome is not None:
            return self.facts.outcome
        if self.talks:
            return "answered"
        if self.facts.mailbox:
            return "voicemail"
        if self._client_hung_up:
            return "abandoned"
        if self.facts.direction == "outbound" and self.client is not None:
            refused = self.client.entry("rejected")
            codes = {486: "busy", 603: "rejected"}
            return codes.get(refused.detail["code"], "failed") if refused else "no_answer"
        refusals = {leg.get("disposition") for leg in self.legs}
        return refusals.pop() if len(refusals) == 1 else "no_answer"  # type: ignore[return-value]

    def _abandoned_in(self, outcome: str) -> str | None:
        if outcome != "abandoned":
            return None
        if self.facts.queue and self.facts.queue_to is None:
            return "queue"
        return "ivr" if self.facts.menu and self._first_offer is None else "ringing"

    # -- seconds

    @property
    def _first_offer(self) -> float | None:
        return min((d.start for d in self.others if not d.outgoing), default=None)

    @property
    def _rang(self) -> float | None:
        times = [d.at("ringing") for d in self.others if not d.outgoing]
        return min((t for t in times if t is not None), default=None)

    def _queue_entry(self) -> float | None:
        if self.facts.queue is None:
            return None
        return self.facts.queue_from or self.up

    def _queue_s(self) -> float:
        entry = self._queue_entry()
        if entry is None:
            return 0
        met = next((t.start for t in self.talks if t.start > entry), self.end)
        return (self.facts.queue_to or met) - entry

    def _menu_s(self) -> float:
        if not self.facts.menu or self.up is None:
            return 0
        first = [t for t in (self._queue_entry_after_menu(), self._first_offer) if t is not None]
        return min(first, default=self.end) - self.up

    def _queue_entry_after_menu(self) -> float | None:
        return self.facts.queue_from if self.facts.queue else None

    # -- the record

    def record(self) -> dict[str, Any]:
        """The expected call with everything that is scored of it."""
        outcome = self._outcome()
        talk = sum(t.end - t.start for t in self.talks)
        hold = sum(t.hold for t in self.talks)
        record: dict[str, Any] = {
            "direction": self.facts.direction,
            **self._identity(),
            "outcome": outcome,
            "lost": self.facts.direction == "inbound" and outcome != "answered",
            "abandoned_in": self._abandoned_in(outcome),
            "t_started": self._offset(self.start),
            "t_rang": self._offset(self._rang),
            "t_answered": self._offset(self.answered),
            "t_ended": self._offset(self.end),
            "operators": list(dict.fromkeys(t.operator for t in self.talks)),
            "legs": self.legs,
            "hung_up_by": "unknown" if self.facts.certainty == "gap" else self._hung_up_by(),
            "talk_s": round(talk, 3),
            "hold_s": round(hold, 3),
            "clean_talk_s": round(talk - hold, 3),
            "talks": [self._talk(t) for t in self.talks],
            **self._waits(),
            "transfers": [self._transfer(t) for t in self.facts.transfers],
            **self._digits(),
            "certainty": self.facts.certainty,
        }
        if self.facts.certainty == "recovered":  # the PBX tells the age in whole seconds
            record["tolerances"] = {"t_started": 1.2}
        for name in (*self._out_of_scope(), *self.facts.unscored):
            record.pop(name, None)
        return record

    def _identity(self) -> dict[str, Any]:
        if self.facts.direction == "internal":
            return {}
        if self.facts.direction == "outbound" or self.client is None:
            return {"caller": f"+{self.facts.number}"}
        first = self.client.invite.detail
        shown = first["shown"]
        identity: dict[str, Any] = {
            "did": f"+{first['to']}",
            "caller": None if shown == "anonymous" else f"+{shown}",
        }
        if first["title"]:
            identity["caller_name"] = first["title"]
        return identity

    def _waits(self) -> dict[str, Any]:
        until = self.answered or self.end
        entry, rang = self._queue_entry(), self._rang
        waited = [t for t in (entry, rang) if t is not None and t <= until]
        waits: dict[str, Any] = {
            "total_wait_s": round(until - self.start, 3),
            "queue": self.facts.queue,
            "queue_s": round(self._queue_s(), 3),
            "ivr_s": round(self._menu_s(), 3),
            "ivr_path": self._menu_keys(),
            "duration_s": round(self.end - self.start, 3),
        }
        if rang is not None and waited and not (self.facts.mailbox or self.facts.conference):
            waits["wait_s"] = round(until - min(waited), 3)
        return waits

    def _menu_keys(self) -> list[str]:
        if not self.facts.menu or self.client is None:
            return []
        until = self._first_offer or self.end
        return [
            e.detail["digit"] for e in self.client.entries if e.what == "digit_out" and e.at < until
        ]

    def _transfer(self, plot: dict[str, Any]) -> dict[str, Any]:
        if "completed" in plot:
            return plot
        return {**plot, "completed": self._talked(str(plot["to"]))}

    def _talk(self, talk: Segment) -> dict[str, Any]:
        return {
            "operator": talk.operator,
            "t_from": self._offset(talk.start),
            "t_to": self._offset(talk.end),
            "hold_s": round(talk.hold, 3),
        }

    def _digits(self) -> dict[str, Any]:
        pressed = []
        for dialog in [*([self.client] if self.client else []), *self.others]:
            by_client = dialog is self.client
            for entry in dialog.entries:
                if entry.what == "digit_out":
                    key: dict[str, Any] = {"by": "caller" if by_client else "operator"}
                    if not by_client:
                        key["party"] = dialog.phone
                    pressed.append(
                        {**key, "digit": entry.detail["digit"], "t": self._offset(entry.at)}
                    )
        pressed.sort(key=lambda key: key["t"])
        return {"digits": pressed, "digits_scope": ["operator", "caller"]}

    def _out_of_scope(self) -> list[str]:
        out: list[str] = []
        if self.facts.direction != "inbound":
            out += ["t_rang", "wait_s", "queue_s", "ivr_s", "ivr_path", "abandoned_in"]
        if self.facts.callback:
            out += ["t_started", "total_wait_s", "duration_s"]
        elif self.facts.direction == "outbound":
            out += ["legs"]
        if self.facts.certainty == "recovered":
            out += ["t_rang", "t_answered", "talk_s", "hold_s", "clean_talk_s", "talks",
                    "wait_s", "total_wait_s", "queue_s", "ivr_s", "duration_s"]  # fmt: skip
        if self.facts.mailbox:
            out += ["total_wait_s", "ivr_s"]
        return out

    def _offset(self, at: float | None) -> float | None:
        return None if at is None else round(at - self.zero, 3)


def _snapped(piece: Segment, first: float, last: float) -> Segment:
    """Signalling knows the moment better than sound where both tell the same."""
    start = first if piece.start - first < SNAP else piece.start
    end = last if last - piece.end < SNAP else piece.end
    return replace(piece, start=start, end=end)


def _merged(pieces: list[Segment]) -> list[Segment]:
    """Both directions and the gaps of key presses become one segment a stay."""
    talks: list[Segment] = []
    for piece in pieces:
        near = [t for t in talks if t.operator == piece.operator and piece.start - t.end < MERGE]
        if near:
            near[-1].end = max(near[-1].end, piece.end)
        else:
            talks.append(replace(piece))
    return talks
