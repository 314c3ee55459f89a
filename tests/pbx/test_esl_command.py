"""What is said to an event socket."""

import pytest

from calltrackd.pbx.esl_command import encode_command, subscription
from calltrackd.pbx.freeswitch import WANTED
from calltrackd.pbx.wire import BadFieldError
from tests.fakes.esl import _taken


def test_custom_stands_last() -> None:
    """FreeSWITCH takes every word behind CUSTOM as a subclass: plain names there are lost."""
    line = subscription(WANTED)
    plain, _, custom = line.partition(" CUSTOM ")
    assert all("::" not in name for name in plain.split())
    assert all("::" in name for name in custom.split())
    assert set(_taken(line.removeprefix("event "))) == WANTED


def test_without_custom_events_there_is_no_such_word() -> None:
    """CUSTOM alone would ask for all of them."""
    assert subscription({"DTMF"}) == "event plain DTMF"


@pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a\0b", "\n\nbgapi system rm", "\ud800"])
def test_no_second_command_fits_into_one(bad: str) -> None:
    """Line breaks are refused in the line and in its headers."""
    with pytest.raises(BadFieldError):
        encode_command(f"bgapi status {bad}")
    with pytest.raises(BadFieldError):
        encode_command("bgapi status", Job_UUID=bad)
