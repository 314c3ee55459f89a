"""DTMF of Asterisk: every real press once, with its side and moment."""

import pytest

from calltrackd.model.channel import Digit
from tests.pbx.ami import CLIENT, PHONE, T0, Ami


def _digits(ami: Ami) -> list[str]:
    return [event.digit for event in ami.events if isinstance(event, Digit)]


def _talking() -> Ami:
    return Ami().client().dial().talk()


def test_press_began_when_the_key_went_down() -> None:
    """The moment of DTMFBegin, the duration of DTMFEnd."""
    ami = _talking().after(1).key("5", ms=200)
    assert ami.last == Digit(at=T0 + 1, channel="1795423338.2", digit="5", duration=0.2)


def test_begin_that_is_missing_is_reckoned() -> None:
    """When both press at once DTMFBegin may be missing: end minus duration."""
    ami = _talking().after(1).key("5", ms=200, begin=False)
    assert ami.last == Digit(at=T0 + 1, channel="1795423338.2", digit="5", duration=0.2)


def test_retransmitted_end_is_no_second_press() -> None:
    """Up to three DTMFEnd, 20 ms apart, for one press."""
    ami = _talking().key("5")
    for _ in range(2):
        ami.after(0.02).dtmf("End", "5", DurationMs="100")
    assert _digits(ami) == ["5"]


def test_fast_repetition_of_a_key_is_two_presses() -> None:
    """Two real presses of one key have a begin between them, however fast."""
    assert _digits(_talking().key("5", ms=40).after(0.02).key("5", ms=40)) == ["5", "5"]


def test_retransmission_across_another_key_is_told_apart() -> None:
    """Another digit within 100 ms is another press."""
    ami = _talking().key("5").after(0.05).dtmf("End", "6", DurationMs="40")
    assert _digits(ami) == ["5", "6"]


def test_same_key_without_begin_after_a_while_is_a_press() -> None:
    """More than 100 ms after the last end it is no retransmission."""
    ami = _talking().key("5").after(0.101).dtmf("End", "5", DurationMs="60")
    assert _digits(ami) == ["5", "5"]


def test_sent_digits_are_the_relay() -> None:
    """Only `Received` is a press of the far end; `Sent` on the other leg is its relay."""
    ami = _talking().key("5").dtmf("Begin", "5", CLIENT, "Sent")
    ami.dtmf("End", "5", CLIENT, "Sent", DurationMs="100")
    assert [press.by for press in ami.record_of_end().digits] == ["operator"]


def test_local_channels_only_relay() -> None:
    """A digit that is received on a Local half was pressed on another channel."""
    assert _digits(_talking().key("5", "Local/101@int-00000009;1")) == []


def test_digits_swallowed_by_features_count() -> None:
    """*71 of an applicationmap has no relay, but was pressed."""
    ami = _talking().key("*").key("7").key("1")
    assert "".join(press.digit for press in ami.record_of_end().digits) == "*71"


def test_both_sides_at_once_keep_their_sides() -> None:
    """Begin and End of the two channels interleave."""
    ami = _talking().dtmf("Begin", "1").dtmf("Begin", "2", CLIENT).after(0.1)
    ami.dtmf("End", "2", CLIENT, DurationMs="100").dtmf("End", "1", DurationMs="100")
    presses = {(press.by, press.digit) for press in ami.record_of_end().digits}
    assert presses == {("operator", "1"), ("caller", "2")}


@pytest.mark.parametrize("ms", [40, 2000])
def test_short_and_long_presses_pass(ms: int) -> None:
    """40 ms and 2 s are real presses."""
    assert _digits(_talking().key("9", ms=ms)) == ["9"]


def test_digit_of_another_begin_is_reckoned_by_itself() -> None:
    """A begin of one digit is no begin of the next."""
    ami = _talking().dtmf("Begin", "1").after(1).dtmf("End", "2", DurationMs="100")
    assert ami.last == Digit(at=T0 + 0.9, channel="1795423338.2", digit="2", duration=0.1)


def test_keys_of_an_ended_channel_are_forgotten() -> None:
    """A daemon that runs for months keeps none of them."""
    ami = _talking().key("5").dtmf("Begin", "6").hangup(PHONE)
    assert (ami.translator._keys._down, ami.translator._keys._up) == ({}, {})
