"""What a side's channel holds of the other side's voice: echo of a phone, leak of a headset.

How much softer and how much later it comes is measured on the call itself, so a quiet speaker is
not taken for an echo of a loud one where there is none.
"""

import numpy as np
from numpy.typing import NDArray

from calltrackd.speech.talk.spans import Floats, Mask, greatest

LATEST = 40
"""Frames by which an echo may come late: 400 ms, two networks and a satellite."""
ALIKE = 0.4
"""Correlation of the levels from which a delay is believed; without an echo it stays below 0.3."""
BEFORE, AFTER = 2, 5
"""Frames around the delay in which the other side's loudest counts: an echo has a tail."""
ENOUGH = 100
"""Frames of the other side's speech (1 s) from which its crosstalk can be told."""
SAMPLED = 10_000
"""Frames of speech (100 s) that tell the delay as well as all of an hour do."""
MARGIN_DB = 8.0
"""An echo's level moves so much above its middle, since its path is no straight line."""
SOFTEST_DB, LOUDEST_DB = -30.0, -6.0
"""Bounds of the gate: a leak softer than this is below any noise; one louder is a conference."""
NOTHING_DB = -120.0
UNKNOWN_DB = -10.0
"""The gate where nothing could be measured."""


def leaked(own: Floats, other: Floats, other_speaks: Mask) -> Mask:
    """Frames in which the other side, as it comes through, would explain what is heard.

    `own`, `other`: levels in dB of frames of the same times.
    """
    speaking = np.flatnonzero(other_speaks)
    if len(speaking) < ENOUGH:
        return np.asarray(own - _through(other, 0) < UNKNOWN_DB)
    through = _through(other, _delay(own, other, speaking))
    loud = speaking[through[speaking] >= np.percentile(through[speaking], 60)]
    usual = float(np.median(own[loud] - through[loud]))
    gate = min(max(usual + MARGIN_DB, SOFTEST_DB), LOUDEST_DB)
    return np.asarray(own - through < gate)


def _through(other: Floats, delay: int) -> Floats:
    """The loudest of the other side around the moment that would be heard now."""
    padded = np.pad(other, (delay + AFTER, BEFORE), constant_values=NOTHING_DB)
    return greatest(padded, AFTER + 1 + BEFORE)[: len(other)]


def _delay(own: Floats, other: Floats, speaking: NDArray[np.int64]) -> int:
    """Frames after which the own level follows the other's best, 0 when it never does.

    Frames that are too loud for an echo are left out: there the side speaks itself.
    """
    best, likeness = 0, ALIKE
    speaking = speaking[:: 1 + len(speaking) // SAMPLED]
    for delay in range(LATEST):
        heard = speaking[speaking + delay < len(own)]
        said, back = other[heard], own[heard + delay]
        soft = back - said < LOUDEST_DB
        alike = _correlation(said[soft], back[soft])
        if alike > likeness:
            best, likeness = delay, alike
    return best


def _correlation(one: Floats, two: Floats) -> float:
    if len(one) < ENOUGH // 2:
        return 0.0
    one, two = one - one.mean(), two - two.mean()
    scale = float(np.sqrt((one @ one) * (two @ two)))
    return float(one @ two) / scale if scale > 0 else 0.0
