"""A call told in sentences: `Story().calls().rings("101").after(3).picks_up("101")`.

A channel has the name of who is behind it: `client`, `101`, or `101/2` for the second channel of
extension 101. A trunk that the PBX dials begins with `trunk`. All moments are seconds after T0.
"""

from typing import Any, Self

from calltrackd.calls.record import NumberRules
from calltrackd.calls.tracker import Tracker
from calltrackd.model.call import CallRecord, Change, Pressed, Step
from calltrackd.model.channel import (
    Answered,
    Bridged,
    ChannelEnded,
    ChannelEvent,
    ChannelStarted,
    Dialed,
    DialEnded,
    Digit,
    Disposition,
    Entered,
    Event,
    HangupAsked,
    LinkLost,
    LinkUp,
    Paired,
    Place,
    QueueEntered,
    QueueLeft,
    Rang,
    Role,
    SeenChannel,
    Snapshot,
    Unbridged,
)

T0 = 1_795_423_338.0
CLIENT = "79161234567"
DID = "74950000001"


class Story:
    """Tells events to a tracker as they happen, and keeps what it says."""

    def __init__(self, pbx: str = "hq", prefix: str = "", start: float = 0.0) -> None:
        self.tracker = Tracker(pbx, NumberRules("RU", {"+74950000001"}))
        self.now = start
        self.events: list[ChannelEvent] = []
        self.changes: list[Change] = []
        self.pressed: list[Pressed] = []
        self._prefix = prefix
        self._links: dict[str, str] = {}
        self._bridges: dict[str, str] = {}
        self._count = 0

    # -- what came of it

    @property
    def records(self) -> list[CallRecord]:
        """The last state of each call, in the order of first sight."""
        return list({change.record.id: change.record for change in self.changes}.values())

    @property
    def record(self) -> CallRecord:
        """The only call."""
        (record,) = self.records
        return record

    def record_now(self) -> CallRecord:
        """The only call in progress, as it stands now."""
        (record,) = self.tracker.live(T0 + self.now)
        return record

    @property
    def steps(self) -> list[Step]:
        """What was published, in order."""
        return [change.step for change in self.changes]

    # -- telling

    def tell(self, kind: type[Event], **fields: Any) -> Self:
        """One event, now."""
        return self.feed(kind(at=T0 + self.now, **fields))

    def feed(self, event: Any) -> Self:
        """An event of any moment."""
        self.events.append(event)
        self.changes += self.tracker.feed(event)
        self.pressed += self.tracker.take_presses()
        return self

    def after(self, seconds: float) -> Self:
        """Time goes by."""
        self.now += seconds
        return self

    def id(self, who: str) -> str:
        """The channel's id."""
        return self._prefix + who

    # -- channels appear

    def calls(
        self, who: str = "client", number: str = CLIENT, did: str = DID, name: str = ""
    ) -> Self:
        """A trunk brings a client."""
        return self._start(
            who, "client", number=number, number_name=name, dialed=did, incoming=True
        )

    def dials(self, phone: str, number: str) -> Self:
        """A phone of ours dials."""
        return self._start(phone, "operator", dialed=number, incoming=True)

    def appears(self, who: str, of: str, role: Role = "operator") -> Self:
        """A channel that the PBX made on behalf of another."""
        self._links[who] = self._links.get(of, of)
        return self._start(who, role)

    def rings(self, *phones: str, of: str = "client") -> Self:
        """The PBX dials phones on behalf of a channel, and they ring."""
        for phone in phones:
            self.offers(phone, of).tell(Rang, channel=self.id(phone))
        return self

    def offers(self, phone: str, of: str = "client") -> Self:
        """The PBX dials a phone, which does not ring yet."""
        self.appears(phone, of)
        return self.tell(Dialed, source=self.id(of), channel=self.id(phone), number=_party(phone))

    def dials_trunk(self, trunk: str, number: str, of: str, shown: str = "") -> Self:
        """The PBX calls an outside number on behalf of a channel."""
        self.appears(trunk, of, "client")
        return self.tell(
            Dialed, source=self.id(of), channel=self.id(trunk), number=number, shown=shown
        )

    def originates(self, phone: str, number: str = "") -> Self:
        """A CRM makes the PBX ring a phone first; `number`: the client it shows."""
        self._start(phone, "operator", number=number)
        self.tell(Dialed, source=None, channel=self.id(phone))
        return self.tell(Rang, channel=self.id(phone))

    def local(self, one: str, two: str, of: str) -> Self:
        """A Local channel with its two halves; what `of` dials through enters `two`."""
        self.appears(one, of, "helper").appears(two, of, "helper")
        return self.tell(Paired, one=self.id(one), two=self.id(two))

    def _start(self, who: str, role: Role, **more: Any) -> Self:
        link = self._links.setdefault(who, who)
        party = _party(who) if role == "operator" else None
        name = f"PJSIP/{_party(who)}-{self._count:08x}"
        self._count += 1
        return self.tell(
            ChannelStarted,
            channel=self.id(who),
            name=name,
            link=self.id(link),
            role=role,
            party=party,
            **more,
        )

    # -- answer and talk

    def picks_up(self, phone: str, of: str = "client") -> Self:
        """The phone answers and meets the one it was rung for."""
        self.answers(phone).tell(Answered, channel=self.id(of))
        return self.meet(phone, of)

    def answers(self, phone: str) -> Self:
        """The dialled far end answers."""
        self.tell(Answered, channel=self.id(phone))
        return self.settled(phone, "answered")

    def settled(self, phone: str, disposition: Disposition, forwarded_to: str = "") -> Self:
        """Its dial ended so."""
        return self.tell(
            DialEnded,
            channel=self.id(phone),
            disposition=disposition,
            forwarded_to=forwarded_to,
        )

    def up(self, who: str = "client") -> Self:
        """The PBX itself answers a channel."""
        return self.tell(Answered, channel=self.id(who))

    def meet(self, *who: str, bridge: str = "", shared: bool = False) -> Self:
        """They come into one bridge."""
        self._count += 1
        bridge = bridge or f"bridge-{self._count}"
        for one in who:
            self.leave(one)
            self._bridges[one] = bridge
            self.tell(Bridged, channel=self.id(one), bridge=self._prefix + bridge, shared=shared)
        return self

    def joins(self, who: str, other: str) -> Self:
        """Comes into the bridge of another."""
        return self.meet(who, bridge=self._bridges[other])

    def leave(self, *who: str) -> Self:
        """They go out of the bridge in which they are."""
        for one in who:
            if one in self._bridges:
                bridge = self._prefix + self._bridges.pop(one)
                self.tell(Unbridged, channel=self.id(one), bridge=bridge)
        return self

    # -- the PBX keeps the client

    def queues(self, queue: str = "sales", who: str = "client") -> Self:
        """The channel waits in a queue."""
        return self.tell(QueueEntered, channel=self.id(who), queue=queue)

    def leaves_queue(self, queue: str = "sales", who: str = "client") -> Self:
        """... no longer."""
        return self.tell(QueueLeft, channel=self.id(who), queue=queue)

    def enters(self, place: Place, who: str = "client") -> Self:
        """The PBX takes the channel into a menu, mailbox or conference."""
        return self.tell(Entered, channel=self.id(who), place=place)

    def presses(self, who: str, keys: str) -> Self:
        """Real key presses, 0.2 s apart."""
        for digit in keys:
            self.tell(Digit, channel=self.id(who), digit=digit, duration=0.1).after(0.2)
        return self

    # -- the end

    def bye(self, who: str) -> Self:
        """The far end sends BYE or CANCEL."""
        return self.tell(HangupAsked, channel=self.id(who))

    def ends(self, *who: str, cause: int = 16) -> Self:
        """Channels are gone."""
        for one in who:
            self.leave(one)
            self.tell(ChannelEnded, channel=self.id(one), cause=cause)
        return self

    def hangs_up(self, who: str, *others: str) -> Self:
        """The far end hangs up; the PBX ends its channel and then the others."""
        return self.bye(who).ends(who, *others)

    # -- the link

    def goes_dark(self) -> Self:
        """The connection to the PBX is lost."""
        return self.tell(LinkLost)

    def lights_up(self, booted_at: float | None = None) -> Self:
        """Logged in again. `booted_at`: seconds after T0."""
        return self.tell(LinkUp, booted_at=None if booted_at is None else T0 + booted_at)

    def shows(self, *channels: SeenChannel) -> Self:
        """The PBX lists its channels."""
        return self.tell(Snapshot, channels=list(channels))

    def closes(self) -> Self:
        """The input ends."""
        self.changes += self.tracker.close(T0 + self.now)
        return self


def seen(who: str, link: str = "client", **more: Any) -> SeenChannel:
    """A channel of a snapshot, in the words of a story."""
    role: Role = "client" if who.startswith(("client", "trunk")) else "operator"
    party = _party(who) if role == "operator" else None
    return SeenChannel(
        channel=who, name=f"PJSIP/{who}-0000", link=link, role=role, party=party, **more
    )


def answered_call(story: Story | None = None) -> Story:
    """101 takes the client's call after 3 s of ringing."""
    return (story or Story()).calls().rings("101").after(3).picks_up("101")


def seconds(moment: float | None) -> float | None:
    """A moment of a record as seconds after T0."""
    return None if moment is None else round(moment - T0, 3)


def talks(record: CallRecord) -> list[tuple[str, float | None, float | None]]:
    """Operator, begin and end of each talk."""
    return [(talk.operator, seconds(talk.start), seconds(talk.to)) for talk in record.talks]


def legs(record: CallRecord) -> dict[str, str | None]:
    """Operator -> disposition."""
    return {leg.operator: leg.disposition for leg in record.legs}


def transfers(record: CallRecord) -> list[tuple[str, str | None, str | None, bool]]:
    """Kind, by, to and completed of each transfer."""
    return [(t.kind, t.by, t.to, t.completed) for t in record.transfers]


def _party(who: str) -> str:
    return who.partition("/")[0]
