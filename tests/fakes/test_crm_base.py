"""What the fakes count, counted right."""

from tests.fakes.crm_base import Window


def test_a_window_slides() -> None:
    """Three in a second, though no two calendar seconds hold more than two."""
    window = Window(1.0)
    assert [window.add(at) for at in (10.1, 10.6, 11.05, 11.3)] == [1, 2, 3, 3]


def test_a_request_that_is_told_late_counts_where_it_was_sent() -> None:
    """Two a second were sent; the last to be told of is not the last that was sent."""
    window = Window(1.0)
    assert [window.add(at) for at in (10.1, 11.5, 12.0, 10.6)] == [1, 1, 2, 2]


def test_a_request_that_is_told_late_may_fill_a_later_window() -> None:
    """The window that ends behind it holds it too."""
    window = Window(1.0)
    assert [window.add(at) for at in (10.9, 11.1, 11.8, 11.0)] == [1, 2, 3, 4]
