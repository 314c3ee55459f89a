"""configs/speech: the scripts keep their side of the contract.

The libraries are stood in for by modules with the calls that the scripts make: their models
can't be had here.
"""

import sys
from pathlib import Path
from textwrap import dedent

import pytest

from calltrackd.speech.audio.tracks import Track
from calltrackd.speech.engines.plan import CommandPlan
from calltrackd.speech.pool import Pool

SCRIPTS = Path(__file__).parents[3] / "configs" / "speech"
LIBRARIES = {
    "faster_whisper": """
        from types import SimpleNamespace as N
        class WhisperModel:
            def __init__(self, name, device, compute_type): pass
            def transcribe(self, file, language, word_timestamps, condition_on_previous_text):
                word = N(word=" алло", start=0.1, end=0.5, probability=0.8)
                return iter([N(start=0.1, end=0.5, text=" алло", words=[word])]), None
    """,
    "tone": """
        from types import SimpleNamespace as N
        def read_audio(path): return path
        class StreamingCTCPipeline:
            @classmethod
            def from_local(cls, folder): return cls()
            def forward_offline(self, audio):
                return [N(text="алло", start_time=0.1, end_time=0.5)]
    """,
    "sherpa_onnx": """
        from types import SimpleNamespace as N
        class OfflineRecognizer:
            @classmethod
            def from_nemo_ctc(cls, model, tokens, num_threads): return cls()
            def create_stream(self):
                result = N(text="алло да", tokens=list("алло да"),
                           timestamps=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
                return N(accept_waveform=lambda rate, samples: None, result=result)
            def decode_stream(self, stream): pass
    """,
}


@pytest.mark.parametrize(
    ("script", "library", "text"),
    [
        ("whisper", "faster_whisper", "алло"),
        ("t_one", "tone", "алло"),
        ("gigaam", "sherpa_onnx", "алло да"),
    ],
)
async def test_example_answers_what_is_understood(
    pool: Pool,
    tracks: list[Track],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    script: str,
    library: str,
    text: str,
) -> None:
    """As the worker starts it, file by file."""
    (tmp_path / f"{library}.py").write_text(dedent(LIBRARIES[library]))
    monkeypatch.setenv("PYTHONPATH", f"{Path(__file__).parents[3]}:{tmp_path}")
    plan = CommandPlan(script, (sys.executable, str(SCRIPTS / f"{script}.py"), "model"))
    done = await pool.transcribe(plan, "ru", tracks, limit_s=60)
    assert {turn.text for turn in done.turns} == {text}
    words = [word.word for word in done.turns[0].words]
    assert words in ([], text.split())
