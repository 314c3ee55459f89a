"""The correlator: joined transitively, forgotten when empty."""

from calltrackd.calls.groups import Groups


def _groups(*channels: tuple[str, str]) -> Groups:
    groups = Groups()
    for channel, link in channels:
        groups.add(channel, link)
    return groups


def test_channels_of_one_link_are_one_group() -> None:
    """The link id is the first tie."""
    groups = _groups(("a", "1"), ("b", "1"), ("c", "2"))
    assert list(groups.around("a")) == ["a", "b"]


def test_groups_join_transitively() -> None:
    """a-b by link, b-c by a bridge, c-d by link: all four are one."""
    groups = _groups(("a", "1"), ("b", "1"), ("c", "2"), ("d", "2"))
    groups.join("b", "c")
    assert set(groups.around("a")) == {"a", "b", "c", "d"}


def test_channel_that_takes_another_link_brings_its_group() -> None:
    """After a pick-up the phone bears the client's link id."""
    groups = _groups(("a", "1"), ("b", "2"), ("c", "2"))
    groups.add("b", "1")
    assert set(groups.around("c")) == {"a", "b", "c"}


def test_empty_group_is_forgotten_with_its_links() -> None:
    """A link id that comes again later begins anew."""
    groups = _groups(("a", "1"))
    groups.discard("a")
    groups.add("b", "1")
    assert list(groups.around("b")) == ["b"]
    assert groups.around("a") == {}


def test_unknown_channels_join_nothing() -> None:
    """A tie to a channel that is gone is no tie."""
    groups = _groups(("a", "1"))
    groups.join("a", "gone")
    assert list(groups.around("a")) == ["a"]
