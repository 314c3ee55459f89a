"""One side of a talk that goes on: sound in, words out, as soon as they will hardly change."""

from collections.abc import Callable, Sequence

import msgspec

from calltrackd.model.transcript import Word
from calltrackd.speech.audiosocket import SAMPLE_BYTES
from calltrackd.speech.engines.base import Heard
from calltrackd.speech.engines.plan import Plan
from calltrackd.speech.live import LiveSession
from calltrackd.speech.pool import Pool
from calltrackd.speech.sound import Piece, Sound
from calltrackd.speech.timeline import Timeline
from calltrackd.tagging.phrases.steady import Steady

STEP_S = 0.1
"""Sound that goes to the engine at a time."""
PAUSE_S = 1.0
"""Of a gap so much is heard as silence: enough for an engine to end a sentence."""


class Ear:
    """`told` gets new words, with seconds from `since` (unix seconds)."""

    def __init__(self, sound: Sound, since: float, told: Callable[[Sequence[Word]], None]) -> None:
        self._sound = sound
        self._since = since
        self._told = told
        self._steady = Steady()
        self._line = Timeline(0.0)

    async def listen(self, pool: Pool, plan: Plan, language: str) -> None:
        """Until the sound ends. RefusedError, PoisonedError, UnavailableError."""
        first = await self._sound.take(STEP_S)
        if first is None or self._sound.begun_at is None:
            return
        self._line = Timeline(self._sound.begun_at - self._since)
        session = await pool.open(plan, language, first.rate)
        try:
            await self._follow(session, first)
            self._take(await session.finish())
        finally:
            await session.drop()

    async def _follow(self, session: LiveSession, piece: Piece | None) -> None:
        while piece is not None:
            await self._pause(session, piece)
            await self._feed(session, piece.pcm, piece.rate)
            piece = await self._sound.take(STEP_S)

    async def _pause(self, session: LiveSession, piece: Piece) -> None:
        silent_s = min(piece.gap_s, PAUSE_S)
        if silent_s:
            await self._feed(session, bytes(int(silent_s * piece.rate) * SAMPLE_BYTES), piece.rate)
            self._line.skip(piece.gap_s - silent_s)

    async def _feed(self, session: LiveSession, pcm: bytes, rate: int) -> None:
        self._line.fed(len(pcm) / SAMPLE_BYTES / rate)
        self._take(await session.feed(pcm))

    def _take(self, heard: Sequence[Heard]) -> None:
        for one in heard:
            if one.kind == "final":
                words = self._steady.final(one.words)
            else:
                words = self._steady.partial(one.words, self._line.fed_s)
            if words:
                self._told([self._placed(word) for word in words])

    def _placed(self, word: Word) -> Word:
        start, end = self._line.at(word.start), self._line.at(word.end)
        return msgspec.structs.replace(word, start=start, end=end)
