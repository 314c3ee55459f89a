"""What the demo hears, and how it tells."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from calltrackd.settings.load import load
from tests.demo import ears as ears_
from tests.demo.attachment import Attachment, Make
from tests.demo.check import differences
from tests.demo.ears import ears
from tests.demo.house import House
from tests.demo.plot import SCENES
from tests.demo.recorded import CALLS, FOLDER, SPOOLS
from tests.demo.screen import alarm, told
from tests.demo.spool import furnish
from tests.lab.sip.sound import RATE

MODELS = {"ru": Path("ru"), "en": Path("en")}


def alert(**data: Any) -> dict[str, Any]:
    """A webhook: the client wants a refund, told a second after the words."""
    call = {"version": 3, "caller": "+79161234567", "caller_raw": "79161234567"}
    return {
        "type": "call.alert",
        "timestamp": "2026-11-23T10:00:01.900Z",
        "alert": {
            "rule": "refund",
            "at": "2026-11-23T10:00:01.000Z",
            "evidence": {"quote": "want a refund", "side": "caller"},
        },
        "data": {**call, "direction": "inbound", "ended_at": None, **data},
    }


def test_alert_tells_the_words_and_how_soon_they_came() -> None:
    """While the call lives: rule, quote, seconds after the last word."""
    line = told(alert()).plain
    assert "refund: “want a refund”  told 0.9 s after the words, the call goes on" in line


def test_alert_out_of_a_recording_says_so() -> None:
    """It is no news of a call that lives."""
    assert "heard in the recording" in alarm(alert(ended_at="2026-11-23T10:00:01.500Z")).plain


@pytest.mark.parametrize("make", ["asterisk", "freeswitch"])
def test_recordings_of_a_recorded_stream_hold_what_was_said(make: Make, tmp_path: Path) -> None:
    """Each call in which somebody speaks has its sides apart: in two files, or in one of stereo."""
    asyncio.run(furnish(FOLDER / make / CALLS, SPOOLS[make], tmp_path))
    apart = 0
    for path in tmp_path.rglob("*.wav"):
        samples, rate = soundfile.read(path, always_2d=True)
        loud = np.abs(samples) > 0.05
        assert rate == RATE
        assert not loud.all(axis=1).any() or samples.shape[1] == 1
        one_side = samples.shape[1] == 2 or path.stem.endswith(("-caller", "-operator"))
        apart += one_side and bool(loud.any())
    spoken = sum(bool(scene.said) for scene in SCENES)
    assert apart == (2 * spoken if make == "asterisk" else spoken - 1)  # one is not recorded


@pytest.mark.parametrize("models", [MODELS, {}], ids=["words", "no words"])
def test_settings_of_the_demo_are_good(models: dict[str, Path], tmp_path: Path) -> None:
    """With and without words; live hearing where the PBX is real."""
    with House(tmp_path) as house:
        pbx = Attachment("asterisk", 5038, "s3cret-enough", tmp_path / "spool", "/var/spool")
        house.furnish(pbx, "http://127.0.0.1:1/", models)
        found = load(house.config, {})
    assert found.speech.enabled == found.speech.live.enabled == bool(models)
    assert [one.name for one in found.phrase if one.alert] == (["refund"] if models else [])
    assert found.recordings.path_map == {"/var/spool": str(tmp_path / "spool")}


def test_word_that_was_not_heard_is_a_difference() -> None:
    """Where words are understood; elsewhere none is expected."""
    wanted = next(scene for scene in SCENES if scene.expected.words).expected
    call = {
        "id": "x", "caller": f"+{wanted.caller}", "did": f"+{wanted.did}",
        "direction": "inbound", "outcome": "answered", "operators": list(wanted.operators),
        "tags": [{"name": name, "source": "keypad"} for name in wanted.tags], "transfers": [],
        "abandoned_in": None, "kind": ["first"], "certainty": "live", "version": 1,
    }  # fmt: skip
    told_of = "queue_answered: words is (), expected"
    assert any(line.startswith(told_of) for line in differences([call], [], heard=True))
    assert not any(line.startswith(told_of) for line in differences([call], [], heard=False))


def test_without_vosk_the_reason_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its library may not fit the machine."""
    (tmp_path / "vosk.py").write_text("raise OSError('no libvosk for this machine')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = ears(tmp_path)
    assert found.models == {}
    assert found.reason == "Vosk can't be used: OSError: no libvosk for this machine"


def test_models_that_cannot_be_unpacked_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk costs the words, not the demo."""

    def full(_language: str, _folder: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ears_.given, "model", full)
    assert "No space left on device" in ears(tmp_path).reason
