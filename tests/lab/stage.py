"""The stage of a scenario: one PBX, its phones, a tap, and the diary."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.lab import truth
from tests.lab.asterisk import Asterisk
from tests.lab.config import DIRECT_OPERATORS, OPERATORS, operator_ip
from tests.lab.diary import Diary
from tests.lab.facts import Facts
from tests.lab.recorder import Tap
from tests.lab.sip.call import Call
from tests.lab.sip.phone import Identity, Phone
from tests.lab.sip.rtp import Address
from tests.lab.sip.sound import Ear

CLIENT = "79161234567"
DID = "749500000"
WINK = 0.05
SETTLE = 0.4  # seconds after the last phone is down until the PBX has told all about it

pause = asyncio.sleep
"""How long a person does nothing."""

CLIENTS = {
    "client": ("127.0.0.50", 450),
    "client2": ("127.0.0.50", 600),
    "client3": ("127.0.0.50", 750),
    "trunk2": ("127.0.0.60", 800),
    "direct": ("127.0.0.70", 850),
}
"""Phones behind the trunks: address and tone. The first of an address has the trunk's port.
No phone has 700 Hz, which Asterisk's own `beep` is."""


class Stage:
    """All that a scenario may touch. Use `async with`."""

    def __init__(self, pbx: Asterisk, tap: Tap | None = None) -> None:
        self.pbx = pbx
        self.tap = tap or Tap()
        self.diary = Diary()
        self.facts: list[Facts] = []
        self.attached: Callable[[], Awaitable[None]] = _at_once
        """Returns when whoever watches the PBX beside the tap is back after an outage."""
        self.phones: dict[str, Phone] = {}
        self.lag = 0.0
        """Seconds by which the phones woke too late, at worst: witnesses that slept."""

    async def __aenter__(self) -> Self:
        tones = {name: hertz for name, (_, hertz) in CLIENTS.items()}
        operators = [*OPERATORS, *DIRECT_OPERATORS]
        tones |= {number: 1000 + 100 * place for place, number in enumerate(operators)}
        ear, taken = Ear(tones), set()
        for name, hertz in tones.items():
            ip = CLIENTS[name][0] if name in CLIENTS else operator_ip(name)
            port = 0 if ip in taken else self.pbx.ports.phone
            taken.add(ip)
            identity = Identity(name=name, user=name, ip=ip, port=port, hertz=hertz)
            phone = self.phones[name] = Phone(identity, self.door(name), self.diary, ear)
            await phone.open()
        self._watch = asyncio.create_task(self._watch_lag())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._watch.cancel()
        for phone in self.phones.values():
            await phone.close()
        await self.tap.close()

    async def _watch_lag(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + WINK
            await asyncio.sleep(WINK)
            self.lag = max(self.lag, loop.time() - due)

    # -- the PBX

    def door(self, phone: str) -> Address:
        """Where this phone sends its SIP."""
        return "127.0.0.1", self.pbx.ports.sip

    async def attach(self) -> None:
        """The tap comes, or comes back."""
        await self.tap.connect(self.pbx.ami_port)

    # -- acts

    async def call_in(
        self, did: str, phone: str = "client", shown: str = CLIENT, title: str = "", **facts: Any
    ) -> Call:
        """A client dials 749500000 + `did`."""
        self.facts.append(Facts(phone=phone, **facts))
        return await self.phones[phone].dial(DID + did, shown, title)

    async def rings(self, operator: str, after: float = 1.0) -> Call:
        """The operator's phone is offered a call and rings for `after` seconds."""
        call = await self.phones[operator].incoming()
        call.ring()
        await pause(after)
        return call

    async def answers(self, operator: str, after: float = 1.0) -> Call:
        """The operator's phone rings and is picked up."""
        call = await self.rings(operator, after)
        await call.answer()
        return call

    async def dials(self, operator: str, number: str) -> Call:
        """An operator dials a number."""
        return await self.phones[operator].dial(number)

    def fact(self, **facts: Any) -> Facts:
        """Declares a client call that no client's phone dials."""
        self.facts.append(Facts(**facts))
        return self.facts[-1]

    def cut(self, *calls: Call) -> None:
        """The PBX is gone: what it did not end, is over for the phones too."""
        for call in calls:
            if call.state != "over":
                call.note("cut")
                call.finish()

    def moment(self, call: Call, what: str) -> float:
        """The unix second at which the call's phone did or saw `what` first."""
        return next(e.at for e in self.diary.entries if (e.call, e.what) == (call.id, what))

    # -- the outcome

    async def settled(self) -> None:
        """Waits until every phone is down and the PBX has said its last word."""
        calls = [call for phone in self.phones.values() for call in phone.calls.values()]
        for call in calls:
            await call.until_over(30)
        await pause(SETTLE)

    def expected(self) -> list[dict[str, Any]]:
        """The truth, offsets on the tap's zero."""
        return truth.expected(self.diary, self.facts, self.tap.zero)


async def _at_once() -> None:
    """Nobody else watches."""


Plot = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True)
class Scenario:
    """A named plot. `attach`: the tap is there from the beginning (else the plot connects it)."""

    name: str
    plot: Plot
    attach: bool = True
    note: str = ""


SCENARIOS: dict[str, Scenario] = {}


def scenario(
    *, attach: bool = True, among: dict[str, Scenario] = SCENARIOS
) -> Callable[[Plot], Plot]:
    """Registers a plot under its function's name; the docstring becomes the note."""

    def register(plot: Plot) -> Plot:
        name = plot.__name__
        among[name] = Scenario(name, plot, attach, (plot.__doc__ or "").strip())
        return plot

    return register


async def play(stage: Stage, entry: Scenario) -> None:
    """Plays a scenario from the first ring to the last word."""
    async with stage:
        stage.tap.zero = time.time()
        if entry.attach:
            await stage.attach()
        await asyncio.wait_for(entry.plot(stage), 90)
        await stage.settled()
