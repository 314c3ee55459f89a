"""Who hears whom."""

from calltrackd.calls.rooms import Rooms


def test_repeated_entry_and_late_leave_change_nothing() -> None:
    """The second entry of one bridge is none, a leave of another bridge neither."""
    rooms = Rooms()
    assert rooms.enter("a", "b1", shared=False)
    assert not rooms.enter("a", "b1", shared=False)
    assert not rooms.leave("a", "b2")
    assert rooms.bridge_of("a") == "b1"


def test_entering_another_bridge_leaves_the_first() -> None:
    """A channel is in one bridge only, also when its leave was not told."""
    rooms = Rooms()
    rooms.enter("a", "b1", shared=False)
    rooms.enter("a", "b2", shared=False)
    assert (list(rooms.beside("b1")), list(rooms.beside("b2"))) == ([], ["a"])


def test_room_reaches_over_chains_of_pairs() -> None:
    """Client - Local - Local - phone: three bridges are one room."""
    rooms = Rooms()
    rooms.pair("l1", "l2")
    rooms.pair("m1", "m2")
    for channel, bridge in (
        ("client", "b1"), ("l1", "b1"), ("l2", "b2"), ("m1", "b2"), ("m2", "b3"), ("phone", "b3"),
    ):  # fmt: skip
        rooms.enter(channel, bridge, shared=False)
    assert {"client", "phone"} <= set(rooms.room("b1"))
    rooms.forget("m1")
    assert "phone" not in rooms.room("b1")


def test_shared_bridge_is_shared_until_it_is_empty() -> None:
    """A conference's mark goes with its last member."""
    rooms = Rooms()
    rooms.enter("a", "conf", shared=True)
    assert "conf" in rooms.shared
    rooms.forget("a")
    assert "conf" not in rooms.shared
