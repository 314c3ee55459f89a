"""One recording that grows: what was added to it, with the moment at which that was said.

The file is looked at from the beginning, so nothing is lost by buffers of the PBX; what lies before
the answer, and what is too old to be news, is passed over unread. A file that shrinks, that another
one replaces, or whose share fails for a while is opened again. Blocking, for one thread at a time.
"""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from calltrackd.model.call import Recording
from calltrackd.speech.audio.errors import AudioError
from calltrackd.speech.audio.file_clock import FileClock
from calltrackd.speech.audio.follow import Follower

BEHIND_S = 10.0
"""Sound that was said longer ago is left to the finished recording: an alert that late is none."""
AGAIN_S = 5.0
"""After a file could not be read."""
REPLACED_S = 2.0
"""Without growth, then it is asked whether the path leads elsewhere by now."""


class Block(NamedTuple):
    """Samples in a row."""

    rate: int
    samples: NDArray[np.int16]
    """(n, channels)."""
    until: float
    """Unix seconds at which the last one was said."""


class Growing:
    """`measure`, then `take` or `pass_over` what is there. Times are unix seconds."""

    def __init__(self, recording: Recording, path: Path, answered_at: float) -> None:
        self.recording = recording
        self.path = path
        self.grew_at: float | None = None
        """When it was last seen longer than before; None: no sound was seen in it yet."""
        self.found_at: float | None = None
        """When its first sound was seen."""
        self.trouble = ""
        """Why it can't be read at the moment."""
        self._answered_at = answered_at
        began = recording.started_at
        self._clock = FileClock(began, max(began, answered_at))
        self._follower = Follower(path)
        self._frames = 0
        self._again_at = 0.0
        self._asked_at = 0.0
        self._before: tuple[tuple[int, int], int] | None = None
        """Identity of the file that was let go, and the frame that came next in it."""
        self._until = 0.0
        """When its last sample that we took was said: what another file holds came later."""

    @property
    def channels(self) -> int:
        """1, 2, or 0 while that is not known."""
        shape = self._follower.shape
        return 0 if shape is None else shape.channels

    def measure(self, at: float) -> None:
        """How long it is now."""
        if at < self._again_at:
            return
        try:
            self._measure(at)
        except AudioError as error:
            self._fail(at, error.reason)

    def take(self, at: float) -> Block | None:
        """What was added since the last time, a portion of it when that is much."""
        shape = self._follower.shape
        if shape is None or at < self._again_at:
            return None
        try:
            self._follower.skip_to(self._first_news(shape.rate))
            samples = self._follower.poll()
        except AudioError as error:
            self._fail(at, error.reason)
            return None
        if not len(samples):
            return None
        return Block(shape.rate, samples, self._clock.said(self._follower.position / shape.rate))

    def pass_over(self) -> None:
        """Leave out what is there: another file holds the same voices."""
        self._follower.skip_to(self._frames)

    def close(self) -> None:
        """Let go of the file."""
        self._follower.close()

    # -- the file

    def _measure(self, at: float) -> None:
        frames = self._follower.frames()
        self.trouble = ""
        if frames and self._before is not None:
            self._go_on(*self._before, frames, at)
        found = frames and not self._frames
        # nobody saw it grow: an old file must not pass for news
        grew_at = min(at, self._follower.written_at()) if found else at
        if self._follower.shape is not None:
            self._clock.seen(grew_at, frames / self._follower.shape.rate)
        if frames > self._frames:
            self._frames, self.grew_at = frames, grew_at
            self.found_at = self.found_at or at
        elif self._is_replaced(at):
            self._let_go()

    def _is_replaced(self, at: float) -> bool:
        if at < max(self._asked_at, self.grew_at or 0.0) + REPLACED_S:
            return False
        self._asked_at = at
        return self._follower.is_replaced()

    def _first_news(self, rate: int) -> int:
        """The first frame that is worth hearing."""
        answer = math.ceil((self._answered_at - self._clock.said(0.0)) * rate)
        return min(self._frames, max(answer, self._frames - int(BEHIND_S * rate)))

    def _fail(self, at: float, reason: str) -> None:
        self.trouble, self._again_at = reason, at + AGAIN_S
        self._let_go()

    def _let_go(self) -> None:
        """To be opened again; where we were is kept for the case that it is the same file."""
        shape = self._follower.shape
        if self._follower.identity is not None and shape is not None:
            self._before = self._follower.identity, self._follower.position
            self._until = self._clock.said(self._follower.position / shape.rate)
        self._follower.close()
        self._follower = Follower(self.path)

    def _go_on(self, identity: tuple[int, int], position: int, frames: int, at: float) -> None:
        """It is open again: in the file that we know, or from the beginning of another."""
        self._before = None
        if self._follower.identity == identity and frames >= position:
            self._follower.skip_to(position)
        else:
            self._frames, self._clock = 0, FileClock(self._until, at)
