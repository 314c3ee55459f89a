"""The expected record of each client call, from the phones' diary and the plot alone.

The PBX is never asked. Who talked with whom is what the phones heard: each speaks in a tone of its
own. The shape is that of tests/streams/expected; what a PBX can't tell is left out of it.
"""

from typing import Any

from tests.lab.dialogs import Dialog, Scene, dialogs
from tests.lab.diary import Diary
from tests.lab.facts import Facts
from tests.lab.talks import SAME, Segment, talks

REFUSALS: dict[int, str | None] = {486: "busy", 603: "rejected", 302: None}
"""A phone's refusal as a leg's disposition; None: not scored; any other: failed."""

Shape = dict[str, Any]


def expected(diary: Diary, facts: list[Facts], zero: float) -> list[Shape]:
    """The expected `calls` of a scenario, offsets in seconds on `zero` (unix seconds)."""
    every = dialogs(diary)
    return [_Expected(Scene(fact, every), zero).record() for fact in facts]


class _Expected:
    """Puts one record together."""

    def __init__(self, scene: Scene, zero: float) -> None:
        self.scene, self.facts, self.zero = scene, scene.facts, zero
        self.talks = talks(scene)
        self.answered = self.talks[0].start if self.talks else None
        self.legs = self._legs()

    def record(self) -> Shape:
        """Everything that is scored of the call."""
        outcome = self._outcome()
        record: Shape = {
            "direction": self.facts.direction,
            **self._identity(),
            "outcome": outcome,
            "lost": self.facts.direction == "inbound" and outcome != "answered",
            "abandoned_in": self._abandoned_in(outcome),
            "t_started": self._offset(self.scene.start),
            "t_rang": self._offset(self.scene.rang),
            "t_answered": self._offset(self.answered),
            "t_ended": self._offset(self.scene.end),
            "operators": list(dict.fromkeys(t.operator for t in self.talks)),
            "legs": self.legs,
            "hung_up_by": self._hung_up_by(),
            **self._talk_seconds(),
            **self._wait_seconds(),
            "transfers": [self._transfer(plot) for plot in self.facts.transfers],
            **self._digits(),
            "certainty": self.facts.certainty,
        }
        if self.facts.certainty == "recovered":  # the PBX tells the age in whole seconds
            record["tolerances"] = {"t_started": 1.2}
        for name in (*self._out_of_scope(), *self.facts.unscored):
            record.pop(name, None)
        return record

    # -- who

    def _identity(self) -> Shape:
        client = self.scene.client
        if self.facts.direction == "internal":
            return {}
        if self.facts.direction == "outbound" or client is None:
            return {"caller": f"+{self.facts.number}"}
        dialled = client.invite.detail
        shown, title = dialled["shown"], dialled["title"]
        identity: Shape = {
            "did": f"+{dialled['to']}",
            "caller": None if shown == "anonymous" else f"+{shown}",
        }
        return {**identity, "caller_name": title} if title else identity

    def _legs(self) -> list[Shape]:
        legs: list[Shape] = []
        known: set[str] = set()
        for dialog in self.scene.others:
            if dialog.outgoing and (dialog.phone in known or not self._talked(dialog.phone)):
                continue  # a phone's own line for a call in which it is already
            known.add(dialog.phone)
            disposition = self._disposition(dialog)
            told = {} if disposition is None else {"disposition": disposition}
            legs.append({"operator": dialog.phone, **told})
        return legs

    def _disposition(self, dialog: Dialog) -> str | None:
        if dialog.up is not None:
            return "answered"
        if refused := dialog.entry("rejected"):
            return REFUSALS.get(refused.detail["code"], "failed")
        over = dialog.end or self.scene.end
        others = (d for d in self.scene.others if d is not dialog)
        if any(d.up and abs(d.up - over) < SAME for d in others):
            return "answered_elsewhere"
        gave_up = self.scene.client_hung_up and abs(over - self.scene.end) < SAME
        return "cancelled" if gave_up else "no_answer"

    def _talked(self, phone: str) -> bool:
        return any(talk.operator == phone for talk in self.talks)

    # -- how it ended

    def _hung_up_by(self) -> str:
        if self.facts.certainty == "gap":
            return "unknown"
        if self.facts.hung_up_by is not None:
            return self.facts.hung_up_by
        if self.scene.client_hung_up:
            return "caller"
        last = self.talks[-1].operator if self.talks else None
        for dialog in self.scene.others:
            said = dialog.at("bye_sent", "cancel_sent")
            if said and abs(said - self.scene.end) < 1 and last in (None, dialog.phone):
                return "operator"
        return "pbx"

    def _outcome(self) -> str:
        if self.facts.outcome is not None:
            return self.facts.outcome
        if self.talks:
            return "answered"
        if self.facts.mailbox:
            return "voicemail"
        return "abandoned" if self.scene.client_hung_up else self._why_not()

    def _why_not(self) -> str:
        client = self.scene.client
        if self.facts.direction == "outbound" and client is not None:
            refused = client.entry("rejected")
            code = refused.detail["code"] if refused else 0
            return (REFUSALS.get(code) or "failed") if code else "no_answer"
        refusals = {str(leg.get("disposition")) for leg in self.legs}
        return refusals.pop() if len(refusals) == 1 else "no_answer"

    def _abandoned_in(self, outcome: str) -> str | None:
        if outcome != "abandoned":
            return None
        if self.facts.queue and self.facts.queue_to is None:
            return "queue"
        return "ivr" if self.facts.menu and self.scene.first_offer is None else "ringing"

    # -- seconds

    def _talk_seconds(self) -> Shape:
        talk = sum(t.end - t.start for t in self.talks)
        hold = sum(t.hold for t in self.talks)
        return {
            "talk_s": round(talk, 3),
            "hold_s": round(hold, 3),
            "clean_talk_s": round(talk - hold, 3),
            "talks": [self._talk(t) for t in self.talks],
        }

    def _wait_seconds(self) -> Shape:
        until, rang = self.answered or self.scene.end, self.scene.rang
        waits: Shape = {
            "total_wait_s": round(until - self.scene.start, 3),
            "queue": self.facts.queue,
            "queue_s": round(self._queue_s(), 3),
            "ivr_s": round(self._menu_s(), 3),
            "ivr_path": self._menu_keys(),
            "duration_s": round(self.scene.end - self.scene.start, 3),
        }
        waited = [t for t in (self._queue_entry(), rang) if t is not None and t <= until]
        if rang is not None and waited and not (self.facts.mailbox or self.facts.conference):
            waits["wait_s"] = round(until - min(waited), 3)
        return waits

    def _queue_entry(self) -> float | None:
        if self.facts.queue is None:
            return None
        return self.facts.queue_from or self.scene.up

    def _queue_s(self) -> float:
        entry = self._queue_entry()
        if entry is None:
            return 0
        met = next((t.start for t in self.talks if t.start > entry), self.scene.end)
        return (self.facts.queue_to or met) - entry

    def _menu_s(self) -> float:
        if not self.facts.menu or self.scene.up is None:
            return 0
        ends = (self.facts.queue_from, self.scene.first_offer, self.scene.end)
        return min(end for end in ends if end is not None) - self.scene.up

    def _menu_keys(self) -> list[str]:
        client, until = self.scene.client, self.scene.first_offer or self.scene.end
        if not self.facts.menu or client is None:
            return []
        keys = (e for e in client.entries if e.what == "digit_out" and e.at < until)
        return [entry.detail["digit"] for entry in keys]

    # -- lists

    def _transfer(self, plot: Shape) -> Shape:
        return {**plot, "completed": plot.get("completed", self._talked(str(plot["to"])))}

    def _talk(self, talk: Segment) -> Shape:
        return {
            "operator": talk.operator,
            "t_from": self._offset(talk.start),
            "t_to": self._offset(talk.end),
            "hold_s": round(talk.hold, 3),
        }

    def _digits(self) -> Shape:
        pressed: list[Shape] = []
        sides = [({"by": "operator", "party": d.phone}, d) for d in self.scene.others]
        if self.scene.client is not None:
            sides.append(({"by": "caller"}, self.scene.client))
        for who, dialog in sides:
            for entry in dialog.entries:
                if entry.what == "digit_out":
                    at = self._offset(entry.at)
                    pressed.append({**who, "digit": entry.detail["digit"], "t": at})
        pressed.sort(key=lambda key: float(key["t"]))
        if self.facts.keys_late:
            pressed = [{name: key[name] for name in key if name != "t"} for key in pressed]
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
