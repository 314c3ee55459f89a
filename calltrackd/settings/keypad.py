"""`[keypad]`: which keys of an operator's phone set which tags, and which mean something else."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from calltrackd.settings.base import PhoneNumber, Seconds, Section
from calltrackd.settings.clashes import Clash, raise_all

KEYS = r"^[0-9*#A-D]{1,16}$"
Keys = Annotated[str, Field(pattern=KEYS)]
"""Keys of a telephone, in the order in which they are pressed."""

Word = Annotated[str, Field(min_length=1)]


class KeypadMap(Section):
    """Keys and their tags, for all calls or for some."""

    keys: dict[Keys, Word] = Field(min_length=1)
    """Key sequence = tag."""
    numbers: list[PhoneNumber] = Field(default=[])
    """Only on calls that came on these numbers; empty: on any."""
    queues: list[Word] = Field(default=[])
    """Only on calls that came through these queues; empty: through any or none."""
    operators: list[Word] = Field(default=[])
    """Only keys of these extensions; empty: of any."""

    @property
    def limits(self) -> int:
        """How many of numbers, queues and operators limit the map (0 to 3)."""
        return sum(map(bool, (self.numbers, self.queues, self.operators)))

    def fits(self, number: str | None, queue: str | None, operator: str | None) -> bool:
        """Whether the map holds for a call on `number` through `queue` and this `operator`."""
        return (
            (not self.numbers or number in self.numbers)
            and (not self.queues or queue in self.queues)
            and (not self.operators or operator in self.operators)
        )

    def meets(self, other: "KeypadMap") -> bool:
        """Whether both maps can hold for one and the same key press."""
        return all(
            not ours or not theirs or not set(ours).isdisjoint(theirs)
            for ours, theirs in (
                (self.numbers, other.numbers),
                (self.queues, other.queues),
                (self.operators, other.operators),
            )
        )


class Keypad(Section):
    """Tags by phone keys."""

    timeout_s: Seconds = 2.0
    """Seconds to wait for the next key while a longer sequence is still possible."""
    when: Literal["talking", "call"] = "talking"
    """`talking`: only keys pressed while the operator talks with the client; `call`: all keys."""
    undo: Keys | None = None
    """Keys that take back the last tag of the same operator in the same call."""
    ignore: list[Keys] = Field(default=["**", "*0", "*1", "*3", "#72"])
    """Feature codes of the PBX, which set no tag; those of FreePBX and of Asterisk's sample."""
    transfer_codes: list[Keys] = Field(default=["##", "#1", "*2"])
    """Feature codes after which a number is dialled: it and the keys after it set no tag."""
    transfer_pause_s: Seconds = 5.0
    """Seconds without a key after which a number dialled behind a transfer code is complete."""
    tone: Literal["playmf", "playdtmf", "whisper", "off"] = "playmf"
    """The operator's confirmation, which the client does not hear: one for a known sequence, two
    for an unknown one. `playmf` is mixed into what the operator hears, `playdtmf` a key that the
    phone itself makes heard, `whisper` a beep by ChanSpy (needs a dialplan context). FreeSWITCH
    mixes it in by `uuid_displace`, whichever of the three is set."""
    map: list[KeypadMap] = Field(default=[])
    """Maps of keys to tags. All that fit a call hold; of two that give a sequence a tag, the one
    with more limits wins."""

    def tags_for(
        self, number: str | None, queue: str | None, operator: str | None
    ) -> dict[str, str]:
        """Key sequence -> tag that hold for one operator in one call. Numbers are E.164."""
        fitting = [m for m in self.map if m.fits(number, queue, operator)]
        found: dict[str, str] = {}
        for entry in sorted(fitting, key=lambda m: m.limits):
            found |= entry.keys
        return found

    @field_validator("map")
    @classmethod
    def _unambiguous(cls, maps: list[KeypadMap], info: Any) -> list[KeypadMap]:
        raise_all([*_rivals(maps), *_swallowed(maps, info.data)])
        return maps


def _rivals(maps: list[KeypadMap]) -> Iterator[Clash]:
    """Sequences that two maps of equal weight give different tags."""
    for later, entry in enumerate(maps):
        for earlier, other in enumerate(maps[:later]):
            if entry.limits != other.limits or not entry.meets(other):
                continue
            for keys in entry.keys.keys() & other.keys.keys():
                if entry.keys[keys] != other.keys[keys]:
                    yield Clash(
                        (later, "keys", keys),
                        "two maps that can hold for the same call give these keys different tags; "
                        "limit one more than the other by numbers, queues or operators",
                        ("keypad", "map", earlier, "keys", keys),
                    )


def _swallowed(maps: list[KeypadMap], data: dict[str, Any]) -> Iterator[Clash]:
    """Sequences that can never set their tag, since the PBX or undo takes them."""
    taken = {*data.get("ignore", ()), data.get("undo")}
    for index, entry in enumerate(maps):
        for keys in entry.keys:
            transfer = next((c for c in data.get("transfer_codes", ()) if keys.startswith(c)), None)
            if keys in taken or transfer is not None:
                yield Clash(
                    (index, "keys", keys),
                    f"never sets its tag: {transfer or keys} is a feature code or undo "
                    "(keypad.ignore, transfer_codes, undo)",
                )
