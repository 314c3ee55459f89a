"""From the settings to the engine that hears a call."""

from pathlib import Path

import pytest

from calltrackd.settings import Settings, SettingsError, load
from calltrackd.speech.engines.plan import (
    CommandPlan,
    HttpPlan,
    SphinxPlan,
    VoskPlan,
    VoskServerPlan,
)
from calltrackd.speech.plans import plan_of

TEXT = """
state_dir = "/var/lib/calltrackd"
[speech]
share = 1.0
[[speech.language_rule]]
language = "uk"
queues = ["kyiv"]
[[speech.language_rule]]
language = "en"
numbers = ["+7 495 000-00-01"]
queues = ["world", "kyiv"]
[[speech.vosk]]
language = "ru"
model = "small-ru"
[[speech.vosk]]
language = "uk"
model = "/opt/uk"
[[speech.vosk_server]]
language = "uk"
url = "ws://127.0.0.1:2700"
[[speech.pocketsphinx]]
[[speech.command]]
name = "t-one"
languages = ["ru"]
command = ["/opt/t-one"]
sample_rate = 8000
[[speech.http]]
name = "whisper"
languages = ["ru", "en"]
url = "http://127.0.0.1:8000/v1/audio/transcriptions"
headers = { Authorization = "Bearer 1" }
"""


def settings(folder: Path, text: str = TEXT) -> Settings:
    """As they are read."""
    file = folder / "calltrackd.toml"
    file.write_text(text)
    return load(file, {})


def test_live_engines_follow_and_others_go_first_after_the_call(tmp_path: Path) -> None:
    """A server before a model here; a command before a server of whole files."""
    given = settings(tmp_path)
    assert plan_of(given, "ru", live=True) == VoskPlan("/var/lib/calltrackd/models/small-ru")
    assert plan_of(given, "ru", live=False) == CommandPlan("t-one", ("/opt/t-one",), 8000)
    assert plan_of(given, "uk", live=True) == VoskServerPlan("ws://127.0.0.1:2700")
    assert plan_of(given, "uk", live=False) == VoskServerPlan("ws://127.0.0.1:2700")
    assert plan_of(given, "en", live=True) == SphinxPlan()
    whisper = plan_of(given, "en", live=False)
    assert isinstance(whisper, HttpPlan)
    assert dict(whisper.headers) == {"Authorization": "Bearer 1"}
    assert plan_of(given, "kk", live=False) is None


@pytest.mark.parametrize(
    ("number", "queue", "language"),
    [
        (None, None, "ru"),
        ("+74950000002", "kyiv", "uk"),
        ("+74950000001", "world", "en"),
        ("+74950000001", None, "ru"),
        ("+74950000001", "kyiv", "uk"),
    ],
)
def test_language_is_told_by_number_and_queue(
    tmp_path: Path, number: str | None, queue: str | None, language: str
) -> None:
    """The first rule that fits, else the common one."""
    assert settings(tmp_path).speech.language_of(number, queue) == language


def test_share_is_one_child_at_least(tmp_path: Path) -> None:
    """However small the machine."""
    assert settings(tmp_path, "[speech]\nshare = 0.01\n").speech.workers == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[speech.vosk]]\nlanguage="ru"\nmodel="a"\n' * 2, "ru has an entry of this kind"),
        ('[[speech.language_rule]]\nlanguage="uk"\n', "name numbers or queues"),
        ('[[speech.vosk_server]]\nlanguage="ru"\nurl="http://x"\n', "write ws://"),
        ('[[speech.http]]\nname="x"\nlanguages=["ru"]\nurl="ws://x"\n', "write http://"),
        ('[speech]\nlanguage="russian"\n', "language"),
        ("[speech]\nshare = 0.0\n", "share"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, text: str, told: str) -> None:
    """With their place."""
    with pytest.raises(SettingsError, match=told):
        settings(tmp_path, text)
