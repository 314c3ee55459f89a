"""Where a word lies in the talk."""

from calltrackd.speech.timeline import Timeline


def test_counts_from_its_start() -> None:
    """A tap that came late does not move words to the front."""
    line = Timeline(2.5)
    line.fed(1.0)
    assert (line.at(0.25), line.now_s) == (2.75, 3.5)


def test_gap_moves_what_follows_only() -> None:
    """Silence that was never sent moves the words behind it, not those before."""
    line = Timeline(0.0)
    line.fed(2.0)
    line.skip(5.0)
    line.skip(1.0)
    line.fed(1.0)
    assert (line.at(1.5), line.at(2.5), line.now_s) == (1.5, 8.5, 9.0)


def test_gap_before_all() -> None:
    """What is missing at the very beginning is a later start."""
    line = Timeline(1.0)
    line.skip(2.0)
    assert line.at(0.0) == 3.0
