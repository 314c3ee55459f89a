from calltrackd.model.captions import as_text, as_vtt
from calltrackd.model.transcript import Transcript, Turn

TALK = Transcript(
    "vosk",
    "small",
    "ru",
    3700.0,
    [
        Turn("operator", 1.0, 2.5, "добрый день"),
        Turn("caller", 3661.25, 3663.0, "<b> & верните -->\nденьги"),
    ],
)


def test_text_has_a_line_a_turn():
    """When, who, what."""
    first, second, *_ = as_text(TALK).splitlines()
    assert first == "00:00:01 operator: добрый день"
    assert second.startswith("01:01:01 client: ")


def test_vtt_is_what_players_read():
    """Head, times with milliseconds, voices; nothing said can end a cue or become markup."""
    assert as_vtt(TALK) == (
        "WEBVTT\n"
        "\n00:00:01.000 --> 00:00:02.500\n<v operator>добрый день\n"
        "\n01:01:01.250 --> 01:01:03.000\n<v client>&lt;b&gt; &amp; верните --&gt; деньги\n"
    )
