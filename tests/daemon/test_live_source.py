"""By which way an attachment is heard live."""

from typing import Literal

import pytest

from calltrackd.daemon.live_source import Means, Way, choose

NEW = Means(asterisk=True, greeting="Asterisk Call Manager/11.0.0", tapped_in_vain=False, port=True)
OLD = NEW._replace(greeting="Asterisk Call Manager/5.0.4")
FREESWITCH = Means(asterisk=False, greeting="FreeSWITCH 1.11.1", tapped_in_vain=False, port=True)


@pytest.mark.parametrize(
    ("wanted", "means", "way"),
    [
        ("auto", NEW, "tap"),
        ("auto", OLD, "files"),
        ("auto", FREESWITCH, "files"),
        ("auto", NEW._replace(tapped_in_vain=True), "files"),
        ("auto", NEW._replace(port=False), "files"),
        ("auto", NEW._replace(greeting="Some Manager"), "tap"),
        ("files", NEW, "files"),
        ("tap", NEW, "tap"),
        ("tap", OLD, None),
        ("tap", FREESWITCH, None),
    ],
)
def test_way(wanted: Literal["auto", "tap", "files"], means: Means, way: Way | None) -> None:
    """Taps where they can be had and are wanted; files elsewhere, unless taps alone are wanted."""
    assert choose(wanted, means).way == way


def test_refusal_names_reason_and_mend() -> None:
    """An admin of Asterisk 16 learns which release can, and what helps without it."""
    reason = choose("tap", OLD).reason
    assert "AudioSocket came with Asterisk 18" in reason
    assert 'source = "files"' in reason
