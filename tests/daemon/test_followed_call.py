"""Sound of one followed call on its way to engines: what is taken, left out, asked for again."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from calltrackd.daemon.followed_call import AGAIN_S, MOST_TRIES, FollowedCall
from calltrackd.model.call import CallRecord, Party
from calltrackd.speech.audio.paths import Finder
from calltrackd.speech.followed import Followed, Piece, Polled, Source
from calltrackd.speech.sound import Piece as SoundPiece
from calltrackd.speech.sound import Sound

T0 = 1_795_000_000.0
RATE = 8_000
OPERATOR = Source("/rec/out.sln", "operator", 0)
BOTH: frozenset[Party] = frozenset({"caller", "operator"})


class Ears:
    """Hears sides; `give_up`: at once."""

    def __init__(self, *, give_up: bool = False) -> None:
        self.sounds: list[Sound] = []
        self.pieces: list[SoundPiece] = []
        self._give_up = give_up

    async def hear(self, _call: Any, _side: Party, sound: Sound) -> None:
        """Until it ends."""
        self.sounds.append(sound)
        while not self._give_up and (piece := await sound.take(0.1)) is not None:
            self.pieces.append(piece)


def call(ears: Ears) -> FollowedCall:
    """A call in which both talk from the beginning on."""
    record = CallRecord(id="c", pbx="hq", direction="inbound", started_at=T0)
    followed = Followed(record, Finder([Path("/rec")]), 0)
    heard: Any = SimpleNamespace(call_id="c")
    made = FollowedCall("hq", heard, followed, ears.hear)
    made.presence.change(T0, BOTH)
    return made


def polled(begin: float, length_s: float) -> Polled:
    """The operator's file grew."""
    samples = np.full(round(length_s * RATE), 7, np.int16)
    piece = Piece(OPERATOR, RATE, samples, T0 + begin + length_s)
    return Polled([piece], frozenset({OPERATOR}))


async def test_hold_is_left_out_of_a_lump() -> None:
    """Of four seconds that come at once, those in which the operator was away are a gap."""
    ears = Ears()
    one = call(ears)
    one.presence.change(T0 + 1.5, frozenset({"caller"}))
    one.presence.change(T0 + 3.5, BOTH)
    one.take(polled(0.0, 5.0), T0 + 5.0)
    await asyncio.gather(*one.finish())
    gaps = [piece.gap_s for piece in ears.pieces if piece.gap_s]
    assert len(gaps) == 1
    assert 0.8 < gaps[0] < 1.2  # two seconds, but for half a second on either side
    assert sum(piece.seconds for piece in ears.pieces) + gaps[0] > 4.9


async def test_source_that_is_named_no_more_ends() -> None:
    """Another file holds the same voice from now on."""
    ears = Ears()
    one = call(ears)
    one.take(polled(0.0, 1.0), T0 + 1.0)
    one.take(Polled([], frozenset()), T0 + 2.0)
    assert one._voices == {}
    await asyncio.sleep(0)
    assert [sound.ended for sound in ears.sounds] == [True]


async def test_engine_that_gives_up_is_asked_again_a_few_times() -> None:
    """Not at once, and not for ever."""
    ears = Ears(give_up=True)
    one = call(ears)
    for at in (0.0, 0.1):
        one.take(polled(at, 0.1), T0 + at)
        await asyncio.sleep(0)
    assert len(ears.sounds) == 1
    for n in range(1, 10):
        one.take(polled(2.0 * n * AGAIN_S, 0.1), T0 + 2.0 * n * AGAIN_S)
        await asyncio.sleep(0)
    assert len(ears.sounds) == MOST_TRIES
