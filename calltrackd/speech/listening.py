"""Whole tracks through an engine, step by step, long silence left out."""

from collections.abc import Generator, Sequence

from calltrackd.speech.audio.tracks import Track
from calltrackd.speech.engines.base import Engine, Heard, moved
from calltrackd.speech.silence import Silence
from calltrackd.speech.vad import speech_spans

BLOCK_S = 0.5
"""A step: live sessions of the same child wait for so much audio at most."""


def listen(
    engine: Engine, language: str, phrases: Sequence[str] | None, tracks: Sequence[Track]
) -> Generator[None, None, list[list[Heard]]]:
    """What is heard in each track, on its time line. Yields after every step."""
    voices: list[list[Heard]] = []
    for track in tracks:
        voice = yield from _track(engine, language, phrases, track)
        voices += [voice]
    return voices


def _track(
    engine: Engine, language: str, phrases: Sequence[str] | None, track: Track
) -> Generator[None, None, list[Heard]]:
    session = engine.open(language, phrases)
    silence = Silence(speech_spans(track), engine.sample_rate)
    heard: list[Heard] = []
    yield
    for pcm in track.pcm(engine.sample_rate, BLOCK_S):
        for piece in silence.without(pcm):
            heard += session.feed(piece)
        yield
    heard += session.finish()
    return [moved(silence.placed(one), track.begins_s) for one in heard]
