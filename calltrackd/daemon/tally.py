"""What live hearing came to, for /metrics: counted where it happens, summed when somebody looks."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from calltrackd.ops.metrics import Labels, Metrics
from calltrackd.pipeline.commit import Committed
from calltrackd.pipeline.spoken import Spoken
from calltrackd.speech.sound import Sound

Tapped = Literal["opened", "refused", "lost", "failed"]
"""Audio came; it was asked for and did not come; it ended amid the talk and is asked for again; no
engine could hear it."""


class Tally:
    """One for a daemon; `metrics` shows it."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._sounds: set[Sound] = set()
        self._audio_s = 0.0
        self._silent_s = 0.0
        self._slow_s = 0.0
        metrics.sample("live_voices", lambda: {(): len(self._sounds)})
        metrics.sample("live_audio_seconds", self._audio)
        metrics.sample("live_gap_seconds", self._gaps)

    def tapped(self, how: Tapped) -> None:
        """What came of a tap that was asked for."""
        self._metrics.live_taps.labels(how).inc()

    @contextmanager
    def hearing(self, sound: Sound) -> Iterator[None]:
        """One side is heard inside."""
        self._sounds.add(sound)
        try:
            yield
        finally:
            self._sounds.discard(sound)
            self._audio_s += sound.taken_s
            self._silent_s += sound.silent_s
            self._slow_s += sound.lost_s

    def words(self, count: int) -> None:
        """So many words were heard for good."""
        self._metrics.live_words.inc(count)

    def written(self, heard: Spoken, done: Committed, at: float) -> None:
        """What words brought was committed at `at`, unix seconds."""
        self._metrics.live_tags.inc(len(heard.tags))
        self._metrics.live_alerts.inc(sum(one.alert is not None for one in done.changes))
        if heard.said_at is not None:
            self._metrics.live_lag.observe(max(0.0, at - heard.said_at))

    def _audio(self) -> Mapping[Labels, float]:
        return {(): self._audio_s + sum(one.taken_s for one in self._sounds)}

    def _gaps(self) -> Mapping[Labels, float]:
        silent_s = sum(one.silent_s for one in self._sounds)
        slow_s = sum(one.lost_s for one in self._sounds)
        return {("silent",): self._silent_s + silent_s, ("slow",): self._slow_s + slow_s}
