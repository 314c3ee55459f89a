"""Key presses: whose, in which call, once (hard case 9)."""

from calltrackd.model.call import KeyPress
from calltrackd.model.channel import Digit, Held
from tests.calls.story import T0, Story, answered_call, seconds


def _typed(presses: list[KeyPress]) -> list[tuple[str, str | None, str]]:
    return [(press.by, press.party, press.digit) for press in presses]


def test_press_has_the_side_of_its_channel() -> None:
    """Operator's and caller's keys in one list, in the order in which they were pressed."""
    story = answered_call().after(1).presses("101", "*7").presses("client", "1")
    assert _typed(story.record_now().digits) == [
        ("operator", "101", "*"),
        ("operator", "101", "7"),
        ("caller", None, "1"),
    ]
    assert seconds(story.record_now().digits[0].at) == 4


def test_press_while_talking_is_told_so() -> None:
    """Those who read keys learn whether the operator talked with the client."""
    story = Story().calls().rings("101").presses("101", "1").picks_up("101").presses("101", "2")
    story.tell(Held, channel="101").presses("101", "3").presses("client", "4")
    assert [(p.press.digit, p.talking) for p in story.pressed] == [
        ("1", False),
        ("2", True),
        ("3", False),
        ("4", False),
    ]


def test_callers_keys_in_the_menu_are_its_path() -> None:
    """They are digits too; keys after a phone was dialled are no path."""
    story = Story().calls().up().presses("client", "12").rings("101").presses("client", "3")
    story.hangs_up("client")
    assert story.record.ivr_path == ["1", "2"]
    assert [press.digit for press in story.record.digits] == ["1", "2", "3"]


def test_repeated_press_counts_once() -> None:
    """The same press told twice is one press."""
    story = answered_call().after(1)
    for _ in range(2):
        story.feed(Digit(at=T0 + 4, channel="101", digit="5", duration=0.1))
    assert len(story.record_now().digits) == len(story.pressed) == 1


def test_keys_of_a_consultation_belong_to_the_clients_call() -> None:
    """What the operator typed in its own second call is in the record after the merge."""
    story = answered_call().dials("101/2", "102").presses("101/2", "9")
    story.rings("102", of="101/2").picks_up("102", "101/2").leave("102", "101", "101/2")
    story.joins("102", "client").ends("101", "101/2").hangs_up("client", "102")
    assert _typed(story.record.digits) == [("operator", "101", "9")]


def test_keys_in_a_conference_go_to_the_call_that_lives() -> None:
    """An operator with two clients in a room types into one call, then into the other's."""
    story = Story().calls().calls("client/2", number="79160000002").dials("101", "8000")
    story.meet("client", "client/2", "101", bridge="room", shared=True).presses("101", "1")
    story.hangs_up("client").presses("101", "2").hangs_up("client/2", "101")
    assert [[press.digit for press in record.digits] for record in story.records] == [["1"], ["2"]]


def test_presses_are_in_the_order_in_which_the_keys_went_down() -> None:
    """A long press of one side is told after a short one of the other that began later."""
    story = answered_call().feed(Digit(at=T0 + 3.5, channel="client", digit="2", duration=0.1))
    story.feed(Digit(at=T0 + 3.1, channel="101", digit="1", duration=2.0))
    assert [press.digit for press in story.record_now().digits] == ["1", "2"]
