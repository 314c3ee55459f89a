"""Rooms with more than two: a shared bridge joins nobody's calls."""

from tests.calls.story import Story, seconds, talks


def _enter(story: Story, *who: str) -> Story:
    for one in who:
        story.enters("conference", one).meet(one, bridge="room", shared=True)
    return story


def test_two_clients_in_a_room_are_two_calls() -> None:
    """Each talks with the operator while both are in."""
    story = Story().calls().up().calls("client/2", number="79160000002").dials("101", "8000")
    _enter(story, "client", "client/2").after(1)
    _enter(story, "101").after(2).hangs_up("client").after(3).hangs_up("client/2", "101")
    assert [talks(record) for record in story.records] == [[("101", 1, 3)], [("101", 1, 6)]]
    assert [record.hung_up_by for record in story.records] == ["caller", "caller"]


def test_operator_that_leaves_a_room_leaves_all_its_clients() -> None:
    """Its talk with each ends with its channel, and is no hold."""
    story = Story().calls().calls("client/2", number="79160000002").dials("101", "8000")
    _enter(story, "client", "client/2", "101").after(2).hangs_up("101").after(5)
    story.hangs_up("client").hangs_up("client/2")
    assert [talks(record) for record in story.records] == [[("101", 0, 2)]] * 2
    assert [record.hold_s for record in story.records] == [0, 0]


def test_leg_of_a_client_who_stays_ends_with_the_operator() -> None:
    """Also when the client who came first has gone, whose call the operator's channel served."""
    story = Story().calls().calls("client/2", number="79160000002").dials("101", "8000")
    _enter(story, "client", "client/2", "101").after(2).hangs_up("client")
    story.after(3).hangs_up("101").after(4).hangs_up("client/2")
    ends = [[seconds(leg.ended_at) for leg in record.legs] for record in story.records]
    assert ends == [[2], [5]]


def test_waiting_alone_in_a_room_is_no_talk() -> None:
    """A conference member counts as a person only when one is there."""
    story = _enter(Story().calls().up(), "client").after(9).hangs_up("client")
    assert (story.record.outcome, story.record.ivr_s) == ("abandoned", 0)


def test_two_operators_in_a_room_both_talk() -> None:
    """Two segments at a time; the second comes later and goes earlier."""
    story = _enter(Story().calls().dials("101", "8000").dials("102", "8000"), "client", "101")
    _enter(story.after(1), "102").after(2).hangs_up("102").after(3).hangs_up("client", "101")
    assert talks(story.record) == [("101", 0, 6), ("102", 1, 3)]


def test_operators_alone_in_a_room_make_no_record() -> None:
    """Three colleagues confer: no outside party, no phone rung; nothing is left behind."""
    story = Story()
    for phone in ("101", "102", "103"):
        _enter(story.dials(phone, "8000").up(phone), phone).after(1)
    story.hangs_up("102").after(5).hangs_up("101").hangs_up("103")
    assert story.records == []
    assert story.tracker._board.calls == {}


def test_client_that_joins_operators_in_a_room() -> None:
    """Their own calls become part of the client's, none is left over."""
    story = Story()
    for phone in ("101", "102"):
        _enter(story.dials(phone, "8000").up(phone), phone)
    _enter(story.after(3).calls().up(), "client").after(4).hangs_up("client", "101", "102")
    assert talks(story.record) == [("101", 3, 7), ("102", 3, 7)]
    assert story.tracker._board.calls == {}
