"""Logged once a kind, counted always."""

from collections import Counter

from structlog.testing import capture_logs

from calltrackd.ops.once import MOST_KINDS, OTHER, Once


def test_kind_is_logged_once_and_counted_each_time() -> None:
    """A flood of one kind is one log line and a growing figure."""
    told: Counter[str] = Counter()
    once = Once(lambda kind: told.update([kind]))
    with capture_logs() as logged:
        for n in range(3):
            once("no_channel", frame=n)
        once("bad_digit")
    assert [(line["kind"], line.get("frame")) for line in logged] == [
        ("no_channel", 0),
        ("bad_digit", None),
    ]
    assert once.counts == told == {"no_channel": 3, "bad_digit": 1}


def test_kinds_made_of_garbage_stay_bounded() -> None:
    """Names that come from the wire can't fill memory or the metrics: the rest is one kind."""
    once = Once()
    with capture_logs() as logged:
        for n in range(MOST_KINDS + 50):
            once(f"kind-{n}")
    assert len(once.counts) == MOST_KINDS + 1
    assert once.counts[OTHER] == 50
    assert len(logged) == MOST_KINDS + 1
