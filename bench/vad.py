"""Speech of both sides found in an hour of a call: seconds of the call a second of the processor.

Aim: 5,000 times real time and more for a side; a call has two, and the map on top of them. The
sound is the tests' own calls, one after the other, so a quarter of it is noisy and has echo.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).parents[1]))

from calltrackd.speech.talk.activity import active
from calltrackd.speech.talk.frames import RATE, Framer, SideFrames
from calltrackd.speech.talk.talkmap import Voice, talk_map

CALLS = Path(__file__).parents[1] / "tests" / "data" / "speech" / "calls"
AIM = 5_000
TRIES = 7
"""The best counts: on a machine with neighbours the others tell of them."""


def sound(seconds: int) -> np.ndarray:
    """So much of the calls, (n, 2)."""
    calls = np.concatenate([soundfile.read(one, dtype="int16")[0] for one in CALLS.glob("*.flac")])
    return np.tile(calls, (-(-seconds * RATE // len(calls)), 1))[: seconds * RATE]


def framed(side: np.ndarray) -> SideFrames:
    """A side fed second by second, as it comes from a file."""
    framer = Framer()
    for first in range(0, len(side), RATE):
        framer.feed(side[first : first + RATE])
    return framer.finish()


def best(work: Callable[[], object]) -> float:
    """Seconds of the processor for the work, at best."""
    took = []
    for _ in range(TRIES):
        begin = process_time()
        work()
        took.append(process_time() - begin)
    return min(took)


def main() -> int:
    seconds = 3_600
    both = sound(seconds)
    sides = [np.ascontiguousarray(both[:, channel]) for channel in (0, 1)]
    one = best(lambda: active(framed(sides[0])))
    whole = best(lambda: talk_map(*(Voice(framed(side)) for side in sides)))
    print(f"an hour of one side, tones masked: {one:.3f} s, {seconds / one:,.0f} times real time")
    print(
        f"talk map of both sides of it:      {whole:.3f} s, {seconds / whole:,.0f} times real time"
    )
    reached = seconds / one >= AIM
    print(f"aim of {AIM:,} times: {seconds / one / AIM:.2f} of it{'' if reached else ', MISSED'}")
    return 0 if reached else 1


if __name__ == "__main__":
    raise SystemExit(main())
