"""The actions behind one beep and two; what they sound like is measured by the live tests."""

import pytest

from calltrackd.pbx.tone import Kind, confirmation

CHANNEL = "PJSIP/101-0000002a"


@pytest.mark.parametrize(("kind", "action"), [("playmf", "PlayMF"), ("playdtmf", "PlayDTMF")])
def test_one_key_tone_for_known_and_two_for_unknown(kind: Kind, action: str) -> None:
    """The operator's own channel plays it; nothing claims that the operator pressed it."""
    ((name, fields),) = confirmation(kind, CHANNEL, known=True)
    assert name == action
    assert fields["Channel"] == CHANNEL
    assert "Receive" not in fields
    assert confirmation(kind, CHANNEL, known=False) == [(name, fields)] * 2


def test_whisper_speaks_into_the_operators_channel_only() -> None:
    """ChanSpy in private whisper mode on exactly that channel, ending with it."""
    ((name, fields),) = confirmation("whisper", CHANNEL, known=True)
    assert (name, fields["Application"], fields["Async"]) == ("Originate", "ChanSpy", "true")
    channel, options = fields["Data"].split(",")
    assert channel == CHANNEL
    assert set("WES") <= set(options)
    assert "B" not in options


def test_whisper_tells_known_from_unknown_by_extension() -> None:
    """The dialplan's context plays one beep or two."""
    heard = [confirmation("whisper", CHANNEL, known=k)[0][1]["Channel"] for k in (True, False)]
    assert heard == ["Local/known@calltrackd-tone", "Local/unknown@calltrackd-tone"]


@pytest.mark.parametrize("known", [True, False])
def test_off_is_silent(known: bool) -> None:
    """No action at all."""
    assert confirmation("off", CHANNEL, known=known) == []
