"""The FIR: the same for any cut, flat where speech is, silent where images would be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from calltrackd.speech.audio.resample import Resampler
from tests.speech.audio.files import tone

RATES = [(8_000, 16_000), (16_000, 8_000), (44_100, 16_000), (8_000, 8_000), (12_000, 16_000)]


def resampled(
    samples: NDArray[np.int16], rates: tuple[int, int], cuts: list[int]
) -> NDArray[np.int16]:
    """The samples fed in the given cuts, then the rest."""
    resampler = Resampler(*rates)
    parts = [resampler.feed(part) for part in np.split(samples, sorted(cuts))]
    return np.concatenate([*parts, resampler.finish()])


@settings(deadline=None)
@given(
    st.sampled_from(RATES),
    st.lists(st.integers(0, 1_500), max_size=8),
    st.integers(0, 1_500),
    st.integers(0, 2**32),
)
def test_any_cut_gives_the_same_samples(
    rates: tuple[int, int], cuts: list[int], count: int, seed: int
) -> None:
    """To the last bit, at full scale, and as many as the rates say."""
    samples = np.random.default_rng(seed).integers(-32_768, 32_768, count, dtype=np.int16)
    whole = resampled(samples, rates, [])
    assert np.array_equal(whole, resampled(samples, rates, cuts))
    assert len(whole) == -(-count * rates[1] // rates[0])


@pytest.mark.parametrize("rates", RATES)
@pytest.mark.parametrize("hz", [300, 1_000, 3_000])
def test_speech_band_is_kept_in_place(rates: tuple[int, int], hz: int) -> None:
    """A tone comes out as the same tone, neither late nor louder."""
    heard = resampled(tone(0.5, hz, rates[0]), rates, [])
    wanted = tone(0.5, hz, rates[1])
    middle = slice(200, len(wanted) - 200)
    assert np.abs(heard[middle].astype(int) - wanted[middle]).max() < 8_000 * 0.005


def test_images_above_the_telephone_band_are_gone() -> None:
    """A model that never saw energy above 4 kHz hears five times more words wrongly."""
    heard = resampled(tone(1.0, 3_000), (8_000, 16_000), [])
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    assert spectrum[4_400:].max() < spectrum.max() / 1_000


def test_what_would_fold_back_is_gone() -> None:
    """A 5 kHz tone is no 3 kHz tone at 8 kHz."""
    heard = resampled(tone(1.0, 5_000, 16_000), (16_000, 8_000), [])
    assert np.abs(heard[200:-200]).max() < 8_000 / 1_000


@pytest.mark.parametrize("rate", [0, -8_000, 1, 10**9])
def test_a_rate_that_is_none_is_refused(rate: int) -> None:
    """Rate 0 would loop for ever in the engine behind."""
    with pytest.raises(ValueError, match="no rate"):
        Resampler(rate, 16_000)
    with pytest.raises(ValueError, match="no rate"):
        Resampler(8_000, rate)
