"""A program of the admin's: it stays up and answers a line of JSON for each file.

In: `{"file": "/tmp/….wav", "language": "ru"}`, a WAV file of 16 bits, mono, at the plan's rate, at
most `longest_s` long and full of speech. Out: one line, as `answer.py` tells. What it writes on its
standard error is the reason when it dies.
"""

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from calltrackd.speech.engines.answer import read
from calltrackd.speech.engines.base import Heard
from calltrackd.speech.engines.plan import CommandPlan
from calltrackd.speech.engines.stretches import StretchEngine, wav
from calltrackd.speech.errors import RefusedError, UnavailableError

MOST_ANSWER = 4 << 20
"""Bytes of one answer."""
GOODBYE_S = 5.0


class CommandEngine(StretchEngine):
    """The running program; started with the first stretch, and again when it has died."""

    def __init__(self, plan: CommandPlan) -> None:
        super().__init__(plan, model=Path(plan.argv[0]).name)
        self._plan = plan
        self._folder = TemporaryDirectory(prefix="calltrackd-speech-")
        self._process: subprocess.Popen[bytes] | None = None

    def answered(self, pcm: bytes, language: str) -> list[Heard]:
        """What the program makes of a stretch."""
        file = Path(self._folder.name) / "speech.wav"
        file.write_bytes(wav(pcm, self.sample_rate))
        line = msgspec.json.encode({"file": str(file), "language": language})
        answer = self._line(line)
        if not answer.endswith(b"\n"):
            if len(answer) >= MOST_ANSWER:
                self.close()
                raise RefusedError(f"{self.name} answers more than {MOST_ANSWER} bytes")
            raise self._dead()
        return read(answer, self.name, len(pcm) / 2 / self.sample_rate)

    def _line(self, line: bytes) -> bytes:
        process = self._running()
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101 - the same
        try:
            process.stdin.write(line + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            raise self._dead() from None
        return process.stdout.readline(MOST_ANSWER)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - the admin's own words, no shell
                    self._plan.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE
                )
            except OSError as error:
                why = f"{self._plan.argv[0]} can't be started: {error.strerror}"
                raise RefusedError(f"{self.name}: {why}") from None
        return self._process

    def _dead(self) -> Exception:
        process = self._running()
        self.close()
        return UnavailableError(f"{self.name} ended by itself ({process.returncode})")

    def close(self) -> None:
        """Its input ends; it may go by itself."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.communicate(timeout=GOODBYE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        except BrokenPipeError:
            process.wait()
