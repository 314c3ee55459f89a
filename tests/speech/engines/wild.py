"""A worker with engines that crash: `python -m tests.speech.engines.wild`.

They come as commands whose first word says what they do; all else is as in the real worker, real
vosk included.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import vosk

from calltrackd.speech import build as real
from calltrackd.speech import desk
from calltrackd.speech.engines.base import Engine, Heard
from calltrackd.speech.engines.plan import CommandPlan, Plan
from calltrackd.speech.worker import main
from tests.speech.engines.conftest import CACHE

RATE = 16_000
SECOND = bytes(2 * RATE)


def loaded() -> vosk.Model:
    """The Russian fixture, unguarded."""
    return vosk.Model(str(CACHE / "vosk-model-lab-ru"))


def empty_grammar() -> None:
    """SIGSEGV."""
    vosk.KaldiRecognizer(loaded(), RATE, "[]")


def grammar_on_the_run() -> None:
    """SIGABRT."""
    recognizer = vosk.KaldiRecognizer(loaded(), RATE)
    recognizer.AcceptWaveform(SECOND)
    recognizer.SetGrammar('["да"]')


def two_threads() -> None:
    """SIGABRT, most often at once."""
    recognizer = vosk.KaldiRecognizer(loaded(), RATE)

    def feed() -> None:
        for _ in range(200):
            recognizer.AcceptWaveform(SECOND)
            recognizer.Result()

    threads = [threading.Thread(target=feed) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.abort()  # where luck held, the test is about the death and not about luck


def endless() -> None:
    """Never comes back: rate 0."""
    vosk.KaldiRecognizer(loaded(), 0).AcceptWaveform(SECOND)


def killed() -> None:
    """As the kernel does when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def lies() -> None:
    """Writes what is no answer where answers are expected."""
    for link in list(Path("/proc/self/fd").iterdir()):
        if int(link.name) > 2 and link.is_fifo():
            os.write(int(link.name), b"\x04\x00\x00\x00junk")


def fails() -> None:
    """A mistake of ours."""
    raise ZeroDivisionError("one by zero")


DEEDS: dict[str, Callable[[], None]] = {
    deed.__name__: deed
    for deed in (
        empty_grammar,
        grammar_on_the_run,
        two_threads,
        endless,
        killed,
        lies,
        fails,
    )
}


class Wild:
    """Does its deed with the first samples. A second word names a file: it does so only once."""

    name = model = "wild"
    sample_rate = 16_000

    def __init__(self, plan: CommandPlan) -> None:
        self._deed = DEEDS[plan.argv[0]]
        self._once = Path(plan.argv[1]) if plan.argv[1:] else None

    def open(
        self, language: str, phrases: Sequence[str] | None = None, *, partials: bool = False
    ) -> "Wild":
        """Itself."""
        return self

    def feed(self, pcm: bytes) -> list[Heard]:
        """The deed."""
        if self._once is None or not self._once.exists():
            if self._once is not None:
                self._once.touch()
            self._deed()
        return [Heard("final", "survived", 0.0, 1.0)]

    def finish(self) -> list[Heard]:
        """Nothing."""
        return []

    def unknown(self, words: Sequence[str]) -> list[str]:
        """None."""
        return []

    def close(self) -> None:
        """Nothing."""


def build(plan: Plan) -> Engine:
    """Wild engines for commands, real ones for the rest."""
    return Wild(plan) if isinstance(plan, CommandPlan) else real.build(plan)


if __name__ == "__main__":
    real.STEP_LIMIT_S = 2.0
    desk.step_limit_s = lambda plan: 2.0  # an endless loop must not take the tests' time
    main(build)
    sys.exit(0)
