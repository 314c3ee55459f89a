"""Which frames of a side sound like more than the line: energy over a floor that follows the noise.

Energy was measured better than webrtcvad and silero on the project's calls, and needs neither.
The floor is the quietest of the half seconds around, each taken by its tenth percentile.
"""

import numpy as np

from calltrackd.speech.talk.frames import Power, SideFrames, level_db
from calltrackd.speech.talk.spans import Floats, Mask, least, long_enough, painted, runs, smoothed

BLOCK = 50
"""Frames of a half second."""
AROUND = 6
"""Half seconds before and after that the floor looks at: longer than speech without a pause."""
LOWEST_FLOOR_DB = -72.0
"""The least step of A-law; what is below it is nothing anyone said."""
DEAD_POWER = 4.0
"""A frame of samples within 2 of nothing is the PBX's silence, no quiet line: it sets no floor."""
SPEECH_DB, EDGE_DB = 6.0, 3.0
"""Above the floor: speech, and the soft beginnings and ends that belong to it."""
LEAST = 4
"""Frames of speech in a run: a click has fewer."""


def active(side: SideFrames) -> Mask:
    """Frames with speech, soft edges included, tones and crosstalk included too."""
    over = np.maximum(_over_floor(side.low), _over_floor(side.high))
    soft, loud = over > EDGE_DB, over > SPEECH_DB
    starts, ends = runs(soft)
    heard = np.concatenate(([0], np.cumsum(loud)))
    kept = heard[ends] - heard[starts] >= LEAST
    return long_enough(painted(starts[kept], ends[kept], len(soft)), LEAST)


def loudness_db(side: SideFrames) -> Floats:
    """Level of each frame over 30 ms and both bands."""
    return level_db(smoothed(side.low + side.high, 3))


def _over_floor(power: Power) -> Floats:
    """How far each frame (over 30 ms) is above the noise, dB."""
    mean = smoothed(power, 3)
    level = level_db(mean)
    return level - _floor_db(np.where(mean < DEAD_POWER, np.float32(np.inf), level))


def _floor_db(level: Floats) -> Floats:
    """The noise's level at each frame; frames of infinite level do not count."""
    count = len(level)
    if count == 0:
        return level
    blocks = np.pad(level, (0, -count % BLOCK), mode="edge").reshape(-1, BLOCK)
    quiet = np.partition(blocks, BLOCK // 10, axis=1)[:, BLOCK // 10]
    padded = np.pad(quiet, AROUND, mode="edge")
    floor = least(padded, 2 * AROUND + 1)
    floor = np.where(np.isinf(floor), LOWEST_FLOOR_DB, np.maximum(floor, LOWEST_FLOOR_DB))
    middles = np.arange(len(floor)) * BLOCK + BLOCK / 2
    return np.asarray(np.interp(np.arange(count), middles, floor), dtype=np.float32)
