"""One side's speech by itself."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from msgspec.structs import replace

from calltrackd.speech.audio.tracks import tracks_of_file
from calltrackd.speech.vad import spans, speech_spans
from tests.speech.talk.sounds import line, tone, voice

WAVE = line(8.0, (1.0, voice(2.0)), (4.0, tone(1.0, 425)), (6.0, voice(1.5)))
SPEECH = [
    (pytest.approx(1.0, abs=0.1), pytest.approx(3.0, abs=0.1)),
    (pytest.approx(6.0, abs=0.1), pytest.approx(7.5, abs=0.1)),
]


@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_speech_is_found_at_any_rate(rate: int) -> None:
    """Ringing between is none."""
    samples = np.repeat(np.rint(WAVE).astype(np.int16), rate // 8_000)
    assert spans(samples, rate) == SPEECH


def test_a_track_counts_from_its_first_sample(tmp_path: Path) -> None:
    """What is left out is not there."""
    soundfile.write(tmp_path / "a.wav", np.rint(WAVE).astype(np.int16), 8_000)
    (track,) = tracks_of_file(tmp_path / "a.wav")
    assert speech_spans(track) == SPEECH
    assert speech_spans(replace(track, skip_s=5.0)) == [
        (pytest.approx(1.0, abs=0.1), pytest.approx(2.5, abs=0.1))
    ]


def test_nothing_holds_nothing() -> None:
    """No sample at all, and half a frame."""
    assert spans(np.zeros(0, np.int16), 16_000) == []
    assert spans(np.zeros(50, np.int16), 8_000) == []
