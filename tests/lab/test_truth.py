"""The truth reads the phones' diary and nothing else."""

from typing import Any

import pytest

from tests.lab.diary import Diary
from tests.lab.facts import Facts
from tests.lab.truth import expected

ZERO = 1000.0


class Story:
    """A diary written by hand; moments are offsets."""

    def __init__(self) -> None:
        self.diary = Diary()

    def tell(self, phone: str, *moments: tuple[float, str], **detail: Any) -> "Story":
        """One call of a phone; `detail` belongs to its first entry."""
        for number, (at, what) in enumerate(moments):
            given = detail if number == 0 else {}
            self.diary.write(phone, what, f"call-of-{phone}", ZERO + at, **given)
        return self

    def client(self, *moments: tuple[float, str]) -> "Story":
        """The client dials 74950000001."""
        dialled = {"to": "74950000001", "shown": "79161234567", "title": ""}
        return self.tell("client", (0.0, "invite_out"), *moments, **dialled)

    def phone(self, number: str, offered: float, *moments: tuple[float, str]) -> "Story":
        """The PBX offers the call to a phone."""
        return self.tell(number, (offered, "invite_in"), *moments)

    def hear(self, phone: str, who: str, start: float, end: float) -> "Story":
        """The phone hears another one."""
        self.diary.write(
            phone, "heard", f"call-of-{phone}", ZERO + start, who=who, until=ZERO + end
        )
        return self

    def truth(self, **facts: Any) -> dict[str, Any]:
        """The one expected call."""
        (call,) = expected(self.diary, [Facts(**facts)], ZERO)
        return call


def talk() -> Story:
    """101 answers at 1, the client hangs up at 5."""
    story = Story().client((1.0, "up"), (5.0, "bye_sent"), (5.01, "over"))
    story.phone("101", 0.1, (0.1, "ringing"), (1.0, "answered"), (5.02, "bye_in"), (5.02, "over"))
    return story.hear("client", "101", 1.05, 4.98)


def test_plain_talk() -> None:
    """From the answer to the client's end; who hung up is who sent BYE."""
    call = talk().truth()
    assert call["talks"] == [{"operator": "101", "t_from": 1.0, "t_to": 5.0, "hold_s": 0.0}]
    assert (call["outcome"], call["hung_up_by"], call["t_rang"]) == ("answered", "caller", 0.1)
    assert call["legs"] == [{"operator": "101", "disposition": "answered"}]


def test_key_presses_do_not_split_a_talk() -> None:
    """A phone is silent while it sends a key."""
    story = talk()
    story.diary.entries.pop()
    story.hear("client", "101", 1.05, 2.0).hear("client", "101", 2.6, 4.98)
    assert len(story.truth()["talks"]) == 1


def test_hold_belongs_to_the_segment() -> None:
    """Re-INVITE to re-INVITE."""
    story = talk()
    story.diary.entries.pop()
    story.hear("client", "101", 1.05, 2.0).hear("client", "101", 4.0, 4.98)
    for at, what in ((2.0, "hold"), (4.0, "unhold")):
        story.diary.write("101", what, "call-of-101", ZERO + at)
    (only,) = story.truth()["talks"]
    assert only["hold_s"] == pytest.approx(2.0)
    assert (only["t_from"], only["t_to"]) == (1.0, 5.0)


def test_consultation_is_hold_until_the_client_meets_the_next() -> None:
    """101 holds at 2, consults, hangs up at 4; a beep later the client hears 102."""
    story = Story().client((1.0, "up"), (5.0, "bye_sent"), (5.01, "over"))
    story.phone("101", 0.1, (1.0, "answered"), (2.0, "hold"), (4.0, "bye_sent"), (4.0, "over"))
    story.phone("102", 2.1, (2.5, "answered"), (5.02, "bye_in"), (5.02, "over"))
    story.hear("client", "101", 1.05, 2.0).hear("client", "102", 4.4, 4.98)
    first, second = story.truth()["talks"]
    assert (first["t_to"], first["hold_s"]) == (4.0, 2.0)
    assert second["t_from"] == 4.0


def test_loser_of_a_ring_group_was_answered_elsewhere() -> None:
    """Its CANCEL came when the other picked up."""
    story = talk().phone("102", 0.1, (0.1, "ringing"), (1.01, "cancelled"), (1.01, "over"))
    legs = {leg["operator"]: leg["disposition"] for leg in story.truth()["legs"]}
    assert legs == {"101": "answered", "102": "answered_elsewhere"}


@pytest.mark.parametrize(
    ("code", "outcome"), [(486, "busy"), (603, "rejected"), (503, "failed"), (480, "failed")]
)
def test_refusal_is_the_outcome(code: int, outcome: str) -> None:
    """The only phone's answer decides."""
    story = Story().client((0.3, "final"), (0.3, "over")).phone("101", 0.1)
    story.diary.write("101", "rejected", "call-of-101", ZERO + 0.2, code=code)
    story.diary.write("101", "over", "call-of-101", ZERO + 0.2)
    call = story.truth()
    assert (call["outcome"], call["hung_up_by"], call["lost"]) == (outcome, "pbx", True)


def test_sound_before_the_answer_is_no_talk() -> None:
    """Early media: the operator's phone is heard while it still rings."""
    story = Story().client((3.0, "cancel_sent"), (3.0, "over"))
    story.phone("101", 0.1, (0.2, "early"), (3.0, "cancelled"), (3.0, "over"))
    story.hear("client", "101", 0.3, 2.9)
    call = story.truth()
    assert (call["outcome"], call["abandoned_in"], call["talks"]) == ("abandoned", "ringing", [])


def test_hung_up_before_any_sound_is_a_talk_still() -> None:
    """The client was answered, so somebody did."""
    story = Story().client((1.0, "up"), (1.01, "bye_sent"), (1.02, "over"))
    story.phone("101", 0.1, (1.0, "answered"), (1.03, "bye_in"), (1.03, "over"))
    assert story.truth()["operators"] == ["101"]


def test_other_calls_of_a_phone_are_not_this_calls_legs() -> None:
    """Only what overlaps the client's call concerns it."""
    story = talk()
    story.diary.write("101", "invite_in", "later", ZERO + 9)
    story.diary.write("101", "over", "later", ZERO + 10)
    assert len(story.truth()["legs"]) == 1


def test_gap_ends_when_the_link_was_lost() -> None:
    """Nobody saw the end: the last moment known alive counts."""
    call = talk().truth(certainty="gap", lost_at=ZERO + 3)
    assert (call["t_ended"], call["hung_up_by"], call["talk_s"]) == (3.0, "unknown", 2.0)
