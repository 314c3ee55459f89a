"""`[kinds]`: the rules by which a call is first, repeat, returning, unique, quality or yours."""

from typing import Annotated, NamedTuple

from pydantic import Field, field_validator

from calltrackd.model.call import Direction, Outcome
from calltrackd.settings.base import PhoneNumber, Section, told

BUILT_IN = ("first", "repeat", "returning", "unique", "quality")
"""Kinds that need no rule of the admin's."""

Days = Annotated[float, Field(gt=0, le=36_500)]
Talk = Annotated[float, Field(ge=0, le=86_400)]
Word = Annotated[str, Field(min_length=1)]


class Limits(NamedTuple):
    """What holds for the calls of one number."""

    repeat_period_days: float
    quality_talk_s: float
    quality_tags: list[str]


class KindsOverride(Section):
    """Other limits for some numbers."""

    numbers: list[PhoneNumber] = Field(min_length=1)
    """Tracking numbers for which they hold."""
    repeat_period_days: Days | None = None
    """Instead of kinds.repeat_period_days."""
    quality_talk_s: Talk | None = None
    """Instead of kinds.quality_talk_s."""
    quality_tags: list[Word] | None = None
    """Instead of kinds.quality_tags."""


class KindRule(Section):
    """A kind of your own: every condition that is given must hold."""

    name: Word
    """The word that stands in the record's `kind`."""
    numbers: list[PhoneNumber] = Field(default=[])
    """The call came on one of these numbers; empty: on any."""
    directions: list[Direction] = Field(default=["inbound"])
    """It went in one of these directions."""
    outcomes: list[Outcome] = Field(default=[])
    """It ended so; empty: however."""
    talk_s: Talk = 0.0
    """It was talked for at least so many seconds (hold not counted)."""
    tags: list[Word] = Field(default=[])
    """It bears at least one of these tags; empty: whatever it bears."""

    @field_validator("name")
    @classmethod
    def _own_name(cls, name: str) -> str:
        if name in BUILT_IN:
            raise told("{name} is a kind of its own already: choose another name", name=repr(name))
        return name


class Kinds(Section):
    """How calls are sorted."""

    repeat_period_days: Days = 30.0
    """Days within which a client who calls again is `repeat`, after which `returning`."""
    quality_talk_s: Talk = 30.0
    """Seconds of talk (hold not counted) from which an answered call is `quality`; 0: every one."""
    quality_tags: list[Word] = Field(default=[])
    """Tags that make an answered call `quality` however short it was."""
    override: list[KindsOverride] = Field(default=[])
    """Other limits for some numbers; the first entry that names the number holds."""
    rule: list[KindRule] = Field(default=[])
    """Kinds of your own."""

    def limits_for(self, did: str | None) -> Limits:
        """The limits for calls on a number (E.164)."""
        own = next((entry for entry in self.override if did in entry.numbers), None)
        given = {} if own is None else own.model_dump(exclude_none=True, exclude={"numbers"})
        common = self.model_dump(include={*Limits._fields})
        return Limits(**(common | given))
