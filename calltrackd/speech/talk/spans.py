"""Masks over frames and the runs in them."""

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
"""One truth a frame of 10 ms."""
Places = NDArray[np.int64]
Floats = NDArray[np.float32]


def greatest(values: Floats, count: int) -> Floats:
    """The greatest of each `count` neighbours, by the first of them; NaN when one is NaN.

    Windows are doubled step by step: numpy's own reduction of short rows is ten times slower.
    """
    width = 1
    while width < count:
        step = min(width, count - width)
        values = np.maximum(values[:-step], values[step:])
        width += step
    return values


def smoothed(values: Floats, count: int) -> Floats:
    """Mean over `count` (odd) frames around each; beyond the ends is nothing."""
    padded = np.pad(values, count // 2)
    total = np.zeros_like(values)
    for shift in range(count):
        total += padded[shift : shift + len(values)]
    return np.asarray(total * np.float32(1 / count))


def least(values: Floats, count: int) -> Floats:
    """The least of each `count` neighbours, by the first of them; NaN when one is NaN."""
    return -greatest(-values, count)


def runs(mask: Mask) -> tuple[Places, Places]:
    """First frames of the true runs, and the frames behind their last ones.

    >>> runs(np.array([True, True, False, True]))
    (array([0, 3]), array([2, 4]))
    """
    framed = np.zeros(len(mask) + 2, np.int8)
    framed[1:-1] = mask
    edges = np.flatnonzero(np.diff(framed))
    return edges[::2], edges[1::2]


def painted(starts: Places, ends: Places, count: int) -> Mask:
    """The mask of `count` frames that is true in the runs; they may overlap and stick out."""
    steps = np.zeros(count + 1, np.int64)
    np.add.at(steps, np.clip(starts, 0, count), 1)
    np.add.at(steps, np.clip(ends, 0, count), -1)
    return np.cumsum(steps[:-1]) > 0


def closed(mask: Mask, gap: int) -> Mask:
    """Pauses of up to `gap` frames between two runs are filled."""
    starts, ends = runs(mask)
    if len(starts) < 2:
        return mask
    small = starts[1:] - ends[:-1] <= gap
    return mask | painted(ends[:-1][small], starts[1:][small], len(mask))


def long_enough(mask: Mask, least: int) -> Mask:
    """Runs shorter than `least` frames are dropped."""
    starts, ends = runs(mask)
    kept = ends - starts >= least
    return painted(starts[kept], ends[kept], len(mask))


def widened(mask: Mask, by: int) -> Mask:
    """Each run with `by` frames more on both sides."""
    starts, ends = runs(mask)
    return painted(starts - by, ends + by, len(mask))
