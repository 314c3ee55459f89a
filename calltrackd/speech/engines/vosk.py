"""Vosk on this machine.

Wrong input crashes it natively (SIGSEGV, SIGABRT, a loop without end), so everything is checked
before it is reached, and it is only ever built in a child process. Measured on 0.3.45.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import vosk

from calltrackd.model.transcript import Word
from calltrackd.speech.engines.base import Heard, said
from calltrackd.speech.engines.plan import VoskPlan
from calltrackd.speech.engines.samples import Samples
from calltrackd.speech.errors import RefusedError
from calltrackd.speech.models.folder import look

MOST_PHRASES = 10_000
PROBE = bytes(3200)
"""A tenth of a second of silence."""
QUIET = -1
"""Log level without the tale of loading; errors and warnings stay: they tell a death's reason."""


class VoskEngine:
    """A loaded model. RefusedError: it can't be loaded, or no recogniser can be made of it."""

    name = "vosk"

    def __init__(self, plan: VoskPlan) -> None:
        folder = look(Path(plan.model))
        self.model = folder.name
        self.sample_rate = folder.sample_rate
        vosk.SetLogLevel(QUIET)
        try:
            self._model = vosk.Model(str(folder.path))  # always a path: without one it downloads
            self._probe()
        except Exception as error:  # noqa: BLE001 - vosk raises bare Exception for everything
            raise RefusedError(f"vosk can't use the model {folder.path}: {error}") from None

    def _probe(self) -> None:
        """Some broken models load, and only fail when a recogniser is made or fed."""
        recognizer = vosk.KaldiRecognizer(self._model, self.sample_rate)
        recognizer.AcceptWaveform(PROBE)
        recognizer.FinalResult()

    def open(
        self, language: str, phrases: Sequence[str] | None = None, *, partials: bool = False
    ) -> "VoskSession":
        """A recogniser of its own; `language` is the model's matter."""
        del language
        if phrases is None:
            recognizer = vosk.KaldiRecognizer(self._model, self.sample_rate)
        else:
            grammar = json.dumps([*self._heard_of(phrases), "[unk]"], ensure_ascii=False)
            recognizer = vosk.KaldiRecognizer(self._model, self.sample_rate, grammar)
        recognizer.SetWords(True)
        recognizer.SetPartialWords(partials)
        return VoskSession(recognizer, partials=partials)

    def _heard_of(self, phrases: Sequence[str]) -> list[str]:
        """Phrases of known words, in small letters. An empty list crashes vosk natively."""
        if not 0 < len(phrases) <= MOST_PHRASES:
            raise RefusedError(f"{len(phrases)} phrases: vosk takes 1 to {MOST_PHRASES}")
        small = dict.fromkeys(" ".join(phrase.lower().split()) for phrase in phrases)
        known = [phrase for phrase in small if phrase and not self.unknown(phrase.split())]
        if not known:
            raise RefusedError(f"{self.model} knows the words of none of the phrases")
        return known

    def unknown(self, words: Sequence[str]) -> list[str]:
        """Words that are not in the model's dictionary."""
        find = self._model.vosk_model_find_word
        return [word for word in words if find(word.lower()) == -1]

    def close(self) -> None:
        """The library frees the model with the last recogniser."""


class VoskSession:
    """A recogniser."""

    def __init__(self, recognizer: Any, *, partials: bool) -> None:
        self._recognizer = recognizer
        self._partials = partials
        self._samples = Samples()
        self._told = ""
        self._repeated = False
        self._over = False

    def feed(self, pcm: bytes) -> list[Heard]:
        """Finals at pauses; a partial when its text has changed, and once more when it stays."""
        if self._over:
            raise RefusedError("the session is over")
        heard: list[Heard] = []
        for piece in self._samples.feed(pcm):
            if self._recognizer.AcceptWaveform(piece):
                heard += self._final(self._recognizer.Result())
        if self._partials:
            heard += self._partial()
        return heard

    def finish(self) -> list[Heard]:
        """What was said last."""
        if self._over:
            return []
        self._over = True
        return self._final(self._recognizer.FinalResult())

    def _final(self, answer: str) -> list[Heard]:
        self._told = ""
        found = json.loads(answer)
        words = [_word(one) for one in found.get("result", ())]
        return [said(words, found["text"])] if words else []

    def _partial(self) -> list[Heard]:
        found = json.loads(self._recognizer.PartialResult())
        words = [_word(one) for one in found.get("partial_result", ())]
        same = found.get("partial") == self._told
        if not words or (same and self._repeated):
            return []
        self._told, self._repeated = found["partial"], same
        return [said(words, self._told, "partial")]


def _word(found: dict[str, Any]) -> Word:
    return Word(found["word"], found["start"], found["end"], found.get("conf"))
