"""Frames of an Asterisk, and the translator and tracker that hear them."""

from typing import Self

from calltrackd.calls.tracker import Tracker
from calltrackd.model.call import CallRecord
from calltrackd.model.channel import ChannelEvent
from calltrackd.pbx.asterisk import Translator
from calltrackd.pbx.channels import ChannelRules
from calltrackd.settings.pbx import PHONES

T0 = 1_795_423_338.0
CLIENT, PHONE = "PJSIP/trunk-00000001", "PJSIP/101-00000002"


def rules() -> ChannelRules:
    """The patterns that the settings have by default."""
    return ChannelRules([], [PHONES])


class Ami:
    """Tells frames; `events` is what the translator made of them so far."""

    def __init__(self) -> None:
        self.translator = Translator(rules())
        self.tracker = Tracker("hq")
        self.now = 0.0
        self.events: list[ChannelEvent] = []
        self._records: dict[str, CallRecord] = {}

    def after(self, seconds: float) -> Self:
        """Time goes by."""
        self.now = round(self.now + seconds, 6)
        return self

    def tell(self, event: str, **headers: str) -> Self:
        """One event, now."""
        return self.frame({"Event": event, **headers})

    def frame(self, frame: dict[str, str]) -> Self:
        """Any frame, now."""
        return self._heed(list(self.translator.feed(T0 + self.now, frame)))

    def eof(self) -> Self:
        """The connection ended."""
        return self._heed(list(self.translator.link_lost(T0 + self.now)))

    def _heed(self, events: list[ChannelEvent]) -> Self:
        self.events += events
        for event in events:
            for change in self.tracker.feed(event):
                self._records[change.record.id] = change.record
        return self

    @property
    def last(self) -> ChannelEvent:
        """The latest event."""
        return self.events[-1]

    @property
    def records(self) -> list[CallRecord]:
        """The last state of each call."""
        return list(self._records.values())

    @property
    def record(self) -> CallRecord:
        """The only call."""
        (record,) = self.records
        return record

    def record_of_end(self) -> CallRecord:
        """The only call, after its client hung up."""
        return self.request(CLIENT).hangup(CLIENT, PHONE).record

    # -- what Asterisk says in the usual moments; ids are the digits of the channel's name

    def client(self, name: str = CLIENT, **more: str) -> Self:
        """A call comes in over a trunk."""
        return self.born(name, "Ring", Exten="74950000001", CallerIDNum="79161234567", **more)

    def born(self, name: str, state: str = "Down", link: str = "", **more: str) -> Self:
        """Newchannel."""
        return self.tell(
            "Newchannel",
            Channel=name,
            Uniqueid=uniqueid(name),
            Linkedid=link or uniqueid(CLIENT),
            ChannelStateDesc=state,
            **more,
        )

    def dial(self, name: str = PHONE, source: str = CLIENT) -> Self:
        """A phone is made, dialled, and rings."""
        self.born(name).tell("DialBegin", Uniqueid=uniqueid(source), DestUniqueid=uniqueid(name))
        return self.state(name, "Ringing")

    def state(self, name: str, state: str) -> Self:
        """Newstate."""
        return self.tell("Newstate", Uniqueid=uniqueid(name), ChannelStateDesc=state)

    def dial_end(self, status: str, name: str = PHONE, **more: str) -> Self:
        """DialEnd."""
        return self.tell("DialEnd", DestUniqueid=uniqueid(name), DialStatus=status, **more)

    def bridge(self, *names: str, bridge: str = "b1", **more: str) -> Self:
        """They enter a bridge."""
        for name in names:
            self.tell("BridgeEnter", Uniqueid=uniqueid(name), BridgeUniqueid=bridge, **more)
        return self

    def talk(self, name: str = PHONE) -> Self:
        """The phone answers, and they talk."""
        self.state(name, "Up").dial_end("ANSWER", name).state(CLIENT, "Up")
        return self.bridge(name, CLIENT)

    def listed(self, name: str, **more: str) -> Self:
        """An item of CoreShowChannels."""
        headers = {
            "ActionID": "1",
            "Channel": name,
            "Uniqueid": uniqueid(name),
            "Linkedid": uniqueid(CLIENT),
            "ChannelStateDesc": "Up",
            "Application": "Dial",
            "Duration": "00:00:05",
            **more,
        }
        return self.tell("CoreShowChannel", **headers)

    def request(self, name: str, cause: str = "") -> Self:
        """HangupRequest."""
        return self.tell("HangupRequest", Uniqueid=uniqueid(name), Cause=cause)

    def hangup(self, *names: str, cause: str = "16") -> Self:
        """Channels end."""
        for name in names:
            self.tell("Hangup", Channel=name, Uniqueid=uniqueid(name), Cause=cause)
        return self

    def key(self, digit: str, name: str = PHONE, *, ms: int = 100, begin: bool = True) -> Self:
        """A key press of the channel's far end."""
        if begin:
            self.dtmf("Begin", digit, name)
        return self.after(ms / 1000).dtmf("End", digit, name, DurationMs=str(ms))

    def dtmf(
        self, kind: str, digit: str, name: str = PHONE, direction: str = "Received", **more: str
    ) -> Self:
        """DTMFBegin or DTMFEnd."""
        return self.tell(
            f"DTMF{kind}",
            Channel=name,
            Uniqueid=uniqueid(name),
            Digit=digit,
            Direction=direction,
            **more,
        )


def uniqueid(name: str) -> str:
    """`PJSIP/101-0000000a` -> `1795423338.10`."""
    serial, _, half = name.rpartition("-")[2].partition(";")
    return f"1795423338.{int(serial, 16)}{'0' + half if half else ''}"
