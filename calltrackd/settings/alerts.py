"""`[[alert]]`: what in the course of a call is told at once."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from calltrackd.model.call import Direction
from calltrackd.settings.base import Seconds, told
from calltrackd.settings.phrases import Scope

Word = Annotated[str, Field(min_length=1)]


class AlertRule(Scope):
    """A rule over the record: it sets its name as a tag and sends a call.alert, once a call."""

    name: Word
    """The rule's name, and the tag that it sets."""
    when: Literal["hang_up", "hold", "wait", "no_answer"]
    """`hang_up`: an answered call ended; `hold`: the client was on hold; `wait`: it waited in a
    queue or heard phones ring; `no_answer`: nobody answered since the call began."""
    over_s: Seconds | None = None
    """For hold, wait and no_answer: for so many seconds, all of them together."""
    under_s: Seconds | None = None
    """For hang_up: after less than so many seconds of talk; not given: however long."""
    by: Literal["client", "operator", "pbx", "anybody"] = "anybody"
    """For hang_up: who did it."""
    directions: list[Direction] = Field(default=["inbound"], min_length=1)
    """Only calls in these directions."""

    @model_validator(mode="after")
    def _measured(self) -> Self:
        if self.when == "hang_up" and self.over_s is not None:
            raise told("hang_up has under_s and by; over_s is for hold, wait and no_answer")
        if self.when != "hang_up" and self.over_s is None:
            raise told("how long? {when} needs over_s", when=self.when)
        if self.when != "hang_up" and (self.under_s is not None or self.by != "anybody"):
            raise told("under_s and by are for hang_up; {when} has over_s", when=self.when)
        return self
