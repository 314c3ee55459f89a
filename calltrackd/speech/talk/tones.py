"""Machine tones: ringing, busy, keys, beeps. One or two lines of the spectrum that do not move.

A voice may sing on one harmonic for a moment, but it does not hold its pitch within 4 Hz and its
level within 2 dB for a tenth of a second. On 36 sides of synthetic speech, monotone voices among
them, this takes less than 0.1 % of the speech for a tone. Levels are looked at first, since a
spectrum costs a hundred times more: two thirds of speech are settled by them. Spectra are those of
every two samples' sum: machines speak below 2 kHz, and half the lines cost half the time.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from calltrackd.speech.talk.spans import (
    Floats,
    Mask,
    greatest,
    least,
    painted,
    runs,
    smoothed,
    widened,
)

FRAME = 40
WINDOW = 128
"""Sums of a spectrum, 4,000 a second: 32 ms, lines 31 Hz apart."""
HZ_A_LINE = 4_000 / WINDOW
LOWEST_LINE = 5
"""Below 156 Hz is hum."""
STEADY = 8
"""Frames that a tone keeps still at least, beside the 50 ms over which each of them is averaged."""
AVERAGED = 5
"""Frames: two beats of 440 + 480 Hz, America's ringing, three of 400 + 450 Hz, Britain's."""
STEADY_DB, STEADY_HZ = 2.0, 4.0
ABOVE_FLOOR = 4.0
"""Times the power of the quietest half second: what is softer hardly passes for speech."""
SHARE, LESSER_SHARE = 0.75, 0.05
"""Of the power that lies in the tones, and in the lesser one of two."""
RIM = 6
"""Frames that a tone is louder than the line before and after those that could be judged."""

_HANN = np.hanning(WINDOW + 1)[:WINDOW].astype(np.float32)
_AROUND = np.arange(-3, 4)
"""Lines of one tone: the window's main lobe, or two tones 50 Hz apart."""


def found(wave: Floats, power: Floats, inner: slice) -> Mask:
    """Which of the frames are tones. `wave`: whole frames at 4 kHz; `power`: a frame's.

    `inner`: the frames that were really there (the floor is theirs).
    """
    count = len(power)
    if len(power[inner]) < STEADY:
        return np.zeros(count, np.bool_)
    steady = _still(_level_db(power), STEADY_DB) & _loud(power, inner)
    wanted = painted(*_spread(steady), count)
    frames = np.flatnonzero(wanted)
    if len(frames) < STEADY + AVERAGED:
        return np.zeros(count, np.bool_)
    tonal = steady & _tonal(_spectra(wave, frames), frames, count)
    starts, ends = runs(tonal)
    return widened(painted(starts, ends + STEADY - 1, count), RIM)


def _level_db(power: Floats) -> Floats:
    return np.asarray(10 * np.log10(smoothed(power, AVERAGED) + 1), dtype=np.float32)


def _loud(power: Floats, inner: slice) -> Mask:
    """By first frame of STEADY: all of them are louder than the line."""
    judged = power[inner]
    halves = judged[: len(judged) // 50 * 50].reshape(-1, 50) if len(judged) >= 50 else judged[None]
    floor = np.partition(halves, halves.shape[1] // 10, axis=1)[:, halves.shape[1] // 10].min()
    return np.asarray(least(power, STEADY) > ABOVE_FLOOR * floor)


def _still(value: Floats, within: float) -> Mask:
    """By first frame of STEADY: the value moves by less. What is not known (NaN) moves."""
    return greatest(value, STEADY) - least(value, STEADY) < within


def _spread(steady: Mask) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Runs of the frames whose spectra are needed to judge the steady ones."""
    starts, ends = runs(steady)
    return starts - AVERAGED // 2, ends + STEADY + AVERAGED // 2


def _spectra(wave: Floats, frames: NDArray[np.int64]) -> Floats:
    """Power spectra around the given frames, (frames, lines)."""
    begins = np.clip(frames * FRAME - (WINDOW - FRAME) // 2, 0, len(wave) - WINDOW)
    windows = sliding_window_view(wave, WINDOW)[begins]
    windows *= _HANN
    lines = np.fft.rfft(windows, axis=1)
    spectra = np.square(lines.real)
    spectra += np.square(lines.imag)
    spectra[:, :LOWEST_LINE] = 0
    return np.asarray(spectra, dtype=np.float32)


def _averaged(spectra: Floats) -> Floats:
    """Over AVERAGED neighbours: two tones close by beat, their mean does not."""
    half = AVERAGED // 2
    padded = np.pad(spectra, ((half, half), (0, 0)), mode="edge")
    total = padded[: len(spectra)].copy()
    for shift in range(1, AVERAGED):
        total += padded[shift : shift + len(spectra)]
    return total


def _tonal(spectra: Floats, frames: NDArray[np.int64], count: int) -> Mask:
    """By first frame of STEADY: one still tone holds the power, or two do."""
    lines = _averaged(spectra)
    total = lines.sum(axis=1) + 1
    (hz_one, one), (hz_two, two) = _strongest(lines), _strongest(lines)

    def spaced(value: Floats) -> Floats:
        every = np.full(count, np.nan, np.float32)
        every[frames] = value
        return every

    def share(power: Floats) -> Floats:
        return least(spaced(power / total), STEADY)

    single = _still(spaced(hz_one), STEADY_HZ) & (share(one) > SHARE)
    lower, upper = np.minimum(hz_one, hz_two), np.maximum(hz_one, hz_two)
    pair = _still(spaced(lower), STEADY_HZ) & _still(spaced(upper), STEADY_HZ)
    pair &= (share(one + two) > SHARE) & (share(two) > LESSER_SHARE)
    return single | pair


def _strongest(lines: Floats) -> tuple[Floats, Floats]:
    """Place (Hz) and power of the strongest cluster of each spectrum; it is taken out of them."""
    peak = np.clip(lines.argmax(axis=1), 3, lines.shape[1] - 4)
    rows, columns = np.arange(len(lines))[:, None], peak[:, None] + _AROUND
    cluster = lines[rows, columns]
    power = cluster.sum(axis=1)
    centre = peak + (cluster @ _AROUND.astype(np.float32)) / (power + 1e-9)
    lines[rows, columns] = 0
    return np.asarray(centre * HZ_A_LINE, dtype=np.float32), power
