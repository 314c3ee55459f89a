"""Legs of a FreeSWITCH, and the translator and tracker that hear them."""

import json
from typing import Any, Self

from calltrackd.calls.tracker import Tracker
from calltrackd.model.call import CallRecord
from calltrackd.model.channel import ChannelEvent
from calltrackd.pbx.channels import ChannelRules
from calltrackd.pbx.esl import EVENT, EslFrame
from calltrackd.pbx.freeswitch import Translator
from calltrackd.settings.freeswitch import PHONES, PROFILES

T0 = 1_795_423_338.0
CLIENT, DID = "79161234567", "74950000001"
TRUNK = f"sofia/trunk/{CLIENT}@127.0.8.1:7001"


def phone(extension: str) -> str:
    """The name of a phone's channel."""
    return f"sofia/internal/{extension}@127.0.8.1:6001"


def named(headers: dict[str, str]) -> dict[str, str]:
    """Headers as FreeSWITCH spells them: `-` for `_`, but not behind `variable_`."""
    return {k if k.startswith("variable_") else k.replace("_", "-"): v for k, v in headers.items()}


class Fs:
    """Tells events; `events` is what the translator made of them so far.

    A leg is named by a letter; what FreeSWITCH repeats on each of its events is remembered.
    """

    def __init__(self) -> None:
        self.translator = Translator(ChannelRules([PROFILES], [PHONES]))
        self.tracker = Tracker("fs")
        self.now = 0.0
        self.core = "core-1"
        self.events: list[ChannelEvent] = []
        self._legs: dict[str, dict[str, str]] = {}
        self._records: dict[str, CallRecord] = {}

    def after(self, seconds: float) -> Self:
        """Time goes by."""
        self.now = round(self.now + seconds, 6)
        return self

    # -- telling

    def tell(self, event: str, leg: str = "", **headers: str) -> Self:
        """One event, now."""
        name, _, subclass = event.partition(" ")
        own = {
            "Event-Name": name,
            "Core-UUID": self.core,
            "Event-Date-Timestamp": str(round((T0 + self.now) * 1e6)),
            **({"Event-Subclass": subclass} if subclass else {}),
            **({"Unique-ID": leg, **self._legs[leg]} if leg else {}),
        }
        return self.frame(EslFrame(EVENT, {**own, **named(headers)}))

    def frame(self, frame: EslFrame) -> Self:
        """Any frame, now."""
        return self._heed(list(self.translator.feed(T0 + self.now, frame)))

    def answer(self, found: Any) -> Self:
        """The answer to an `... as json` command."""
        return self.frame(EslFrame("api/response", {}, json.dumps(found)))

    def eof(self) -> Self:
        """The connection ended."""
        return self._heed(list(self.translator.link_lost(T0 + self.now)))

    def _heed(self, events: list[ChannelEvent]) -> Self:
        self.events += events
        for event in events:
            for change in self.tracker.feed(event):
                self._records[change.record.id] = change.record
        return self

    # -- legs

    def comes(self, leg: str, name: str = TRUNK, **headers: str) -> Self:
        """A far end places a call."""
        self.came(leg, name, **headers)
        return self.tell("CHANNEL_CREATE", leg)

    def came(self, leg: str, name: str = TRUNK, **headers: str) -> Self:
        """The same, before anybody looked."""
        self._legs[leg] = {
            "Channel-Name": name,
            "Call-Direction": "inbound",
            "Answer-State": "ringing",
            "Channel-Call-UUID": leg,
            "Caller-Caller-ID-Number": CLIENT if name == TRUNK else "1001",
            "Caller-Destination-Number": DID if name == TRUNK else "1002",
        }
        self._legs[leg].update(named(headers))
        return self

    def dials(self, source: str, leg: str, to: str, *, rings: bool = True, **extra: str) -> Self:
        """A leg is dialled on behalf of another one (or of nobody)."""
        name = to if "/" in to else phone(to)
        shown = self._legs[source]["Caller-Caller-ID-Number"] if source else DID
        self._legs[leg] = {
            "Channel-Name": name,
            "Call-Direction": "outbound",
            "Answer-State": "ringing",
            "Channel-Call-UUID": source or leg,
            "Caller-Caller-ID-Number": shown,
            "Caller-Destination-Number": name.rpartition("/")[2].partition("@")[0],
            **({"Other-Leg-Unique-ID": source} if source else {}),
        }
        self.tell("CHANNEL_CREATE", leg, **extra)
        return self.tell("CHANNEL_PROGRESS", leg) if rings else self

    def picks_up(self, leg: str) -> Self:
        """The far end answers."""
        self._legs[leg]["Answer-State"] = "answered"
        return self.tell("CHANNEL_ANSWER", leg)

    def bridges(self, one: str, other: str, **extra: str) -> Self:
        """Two legs hear each other."""
        ids = {"Bridge_A_Unique_ID": one, "Bridge_B_Unique_ID": other}
        return self.tell("CHANNEL_BRIDGE", one, **ids, **extra)

    def parts(self, one: str, other: str, **extra: str) -> Self:
        """... and no longer."""
        ids = {"Bridge_A_Unique_ID": one, "Bridge_B_Unique_ID": other}
        return self.tell("CHANNEL_UNBRIDGE", one, **ids, **extra)

    def ends(self, leg: str, cause: str = "NORMAL_CLEARING", by: str = "", **extra: str) -> Self:
        """A leg is gone; `by`: its sip_hangup_disposition."""
        self._legs[leg]["Answer-State"] = "hangup"
        said = {"variable_sip_hangup_disposition": by} if by else {}
        return self.tell("CHANNEL_HANGUP_COMPLETE", leg, Hangup_Cause=cause, **said, **extra)

    def knows(self, leg: str, name: str, direction: str) -> None:
        """A leg that began before we looked."""
        self._legs[leg] = {
            "Channel-Name": name,
            "Call-Direction": direction,
            "Answer-State": "answered",
        }

    # -- stories

    def talk(self, client: str = "a", operator: str = "b", extension: str = "1001") -> Self:
        """A client calls, a phone rings for two seconds and takes it."""
        self.comes(client).dials(client, operator, extension).after(2.0)
        return self.picks_up(operator).picks_up(client).bridges(client, operator)

    def client_hangs(self, client: str = "a", operator: str = "b") -> Self:
        """The client says goodbye."""
        said = {"variable_sip_hangup_disposition": "recv_bye"}
        self._legs[client]["Answer-State"] = "hangup"
        self.parts(client, operator, **said).ends(operator, by="send_bye")
        return self.ends(client, by="recv_bye")

    # -- what came of it

    @property
    def records(self) -> list[CallRecord]:
        """The last state of each call, in the order of first sight."""
        assert not +self.translator.unusable, self.translator.unusable
        assert not +self.tracker.unknown, self.tracker.unknown
        return list(self._records.values())

    @property
    def record(self) -> CallRecord:
        """The only one."""
        (record,) = self.records
        return record

    def of_type(self, kind: type[ChannelEvent]) -> list[Any]:
        """The events of one type."""
        return [event for event in self.events if isinstance(event, kind)]
