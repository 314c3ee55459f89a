"""Who can be heard in a call now: what live speech taps."""

from calltrackd.model.channel import Held, Resumed
from tests.calls.story import Story


def heard(story: Story) -> list[tuple[str, str, bool]]:
    """Side, channel and whether it is away, of every voice."""
    return sorted((one.side, one.channel.id, one.away) for one in story.tracker.voices())


def test_nobody_before_the_answer_and_after_the_end() -> None:
    """A phone that rings is not heard, and neither is one that hung up."""
    story = Story().calls().rings("101")
    assert heard(story) == []
    story.picks_up("101")
    assert heard(story) == [("caller", "client", False), ("operator", "101", False)]
    story.hangs_up("client")
    assert heard(story) == []


def test_operator_is_away_during_a_hold() -> None:
    """What it says then is not for the client."""
    story = Story().calls().rings("101").picks_up("101").tell(Held, channel="101")
    assert heard(story)[1] == ("operator", "101", True)
    story.after(1).tell(Resumed, channel="101")
    assert heard(story)[1] == ("operator", "101", False)
