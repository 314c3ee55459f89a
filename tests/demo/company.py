"""The company of the demo: phones of clients and operators on loopback addresses."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tests.demo.lines import BREATH_S, Line
from tests.lab.config import operator_ip
from tests.lab.diary import Diary
from tests.lab.sip.call import Call
from tests.lab.sip.phone import Identity, Phone
from tests.lab.sip.sound import SILENCE, Ear

OPERATORS = ("101", "102", "103", "104", "105", "106", "107")
TRUNK_IP = "127.0.0.50"
TRUNK = "client"

pause = asyncio.sleep
"""How long a person does nothing."""


@dataclass(frozen=True)
class Doors:
    """Ports of SIP on 127.0.0.1: the PBX's for phones and for lines, and each phone's own."""

    phones: int
    lines: int
    own: int


class Company:
    """All phones. `async with`; `say` hears what happens, in words."""

    def __init__(self, doors: Doors, say: Callable[[str], None]) -> None:
        self.say = say
        self.diary = Diary()
        self._doors = doors
        self._phones: dict[str, Phone] = {}

    async def __aenter__(self) -> Self:
        addresses = {TRUNK: TRUNK_IP} | {number: operator_ip(number) for number in OPERATORS}
        deaf = Ear({})  # nobody has to prove here who was heard
        for place, (name, ip) in enumerate(addresses.items()):
            hertz = 400 + 50 * place
            identity = Identity(name=name, user=name, ip=ip, port=self._doors.own, hertz=hertz)
            door = self._doors.lines if name == TRUNK else self._doors.phones
            phone = Phone(identity, ("127.0.0.1", door), self.diary, deaf)
            phone.voice = SILENCE  # until somebody speaks
            await phone.open()
            self._phones[name] = phone
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for phone in self._phones.values():
            await phone.close()

    async def talk(self, name: str, client: Call, operator: Call, lines: Sequence[Line]) -> None:
        """The client called `name` and an operator speak, one after the other."""
        names = {"client": name, "operator": operator.phone.name}
        phones = {"client": client, "operator": operator}
        for line in lines:
            self.say(f"{names[line.side]}: {line.quoted()}")
            spoken = line.turn()
            phones[line.side].rtp.say(spoken.speech)
            await pause(spoken.seconds + BREATH_S)

    async def calls_in(self, did: str, shown: str, name: str = "") -> Call:
        """A client dials `did`; `shown` is its number, or "anonymous"."""
        return await self._phones[TRUNK].dial(did, shown, name)

    async def dials(self, operator: str, number: str) -> Call:
        """An operator dials."""
        return await self._phones[operator].dial(number)

    async def rings(self, phone: str, seconds: float = 1.5) -> Call:
        """The phone is offered a call and rings so long."""
        call = await self._phones[phone].incoming()
        call.ring()
        await pause(seconds)
        return call

    async def answers(self, phone: str, seconds: float = 1.5) -> Call:
        """The phone rings and is picked up."""
        call = await self.rings(phone, seconds)
        await call.answer()
        return call
