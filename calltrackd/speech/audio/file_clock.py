"""When the samples of a growing file were said.

A PBX writes at once what was just said whenever its buffer is full, so right after a step the
newest sample is as old as the look that found it. A recording that is paused, or whose legs are not
connected (MixMonitor's option b, RECORD_BRIDGE_REQ), stands still: what follows lies later than its
place in the file says. Pure.
"""

LATE_S = 1.5
"""A step that comes so much later than its place says was held up; less is the machine's unrest."""
LONGEST_STEP_S = 5.0
"""A file that is found may have grown so long ago: A-law in steps of 32 KiB takes 4.1 s a step."""


class FileClock:
    """Seconds of the file in, unix seconds out."""

    def __init__(self, earliest: float, latest: float) -> None:
        """Its first sample was said between the two."""
        self._earliest = earliest
        self._begin = latest
        self._length_s = 0.0
        self._looked_at: float | None = None
        self._told = False

    def seen(self, at: float, length_s: float) -> None:
        """At `at` it held so many seconds."""
        late_s = at - self._begin - length_s
        if length_s > self._length_s:
            if late_s < 0 and not self._told:
                self._begin = max(self._earliest, at - length_s)
            elif late_s > self._patience_s(at):
                self._begin += late_s
        if length_s:
            self._length_s, self._looked_at = length_s, at

    def _patience_s(self, at: float) -> float:
        if self._looked_at is None:
            return LONGEST_STEP_S
        return LATE_S + at - self._looked_at

    def said(self, second: float) -> float:
        """When the sample at that second of the file was said; from here on it only moves later."""
        self._told = True
        return self._begin + second
