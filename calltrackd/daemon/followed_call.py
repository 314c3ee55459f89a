"""One call that is heard from growing recordings: sound of its files on the way to engines."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from calltrackd.daemon.overheard import Overheard
from calltrackd.model.call import Party
from calltrackd.speech.followed import Followed, Piece, Polled, Source
from calltrackd.speech.presence import Presence
from calltrackd.speech.sound import Sound

CUT_S = 0.1
"""Sound is taken or left out by stretches of this length."""
MOST_TRIES = 3
"""A side that no engine would hear so often is left to the finished recording."""
AGAIN_S = 1.0

Hear = Callable[[Overheard, Party, Sound], Coroutine[Any, Any, None]]
"""Hears one side of a call until its sound ends."""


class _Voice(msgspec.Struct):
    """One source, and who hears it."""

    sound: Sound
    hearing: asyncio.Task[None]
    tries: int
    again_at: float
    """Unix seconds from which on another may hear it, when this one gave up."""


class FollowedCall:
    """What is said while the sides talk goes to engines; times are unix seconds."""

    def __init__(self, pbx: str, heard: Overheard, followed: Followed, hear: Hear) -> None:
        self.pbx = pbx
        self.followed = followed
        self.presence = Presence()
        self.over_at: float | None = None
        """When the talk was over for good; None: it goes on."""
        self._heard = heard
        self._hear = hear
        self._voices: dict[Source, _Voice] = {}
        self._ending: set[asyncio.Task[None]] = set()
        """Those whose source gave way to another: what waits is heard."""

    @property
    def call_id(self) -> str:
        """The call."""
        return self._heard.call_id

    def take(self, polled: Polled, at: float) -> None:
        """What its files gave."""
        for source in [one for one in self._voices if one not in polled.sources]:
            self._end(self._voices.pop(source))
        for piece in polled.pieces:
            voice = self._voice(piece.source, at)
            if voice is not None:
                self._put(voice.sound, piece)

    def finish(self) -> list[asyncio.Task[None]]:
        """No more comes: what waits is heard to the end; by these."""
        self.followed.close()
        while self._voices:
            self._end(self._voices.popitem()[1])
        return list(self._ending)

    def _end(self, voice: _Voice) -> None:
        voice.sound.end()
        if not voice.hearing.done():
            self._ending.add(voice.hearing)
            voice.hearing.add_done_callback(self._ending.discard)

    def _voice(self, source: Source, at: float) -> _Voice | None:
        """Who hears the source; None while nobody does."""
        known = self._voices.get(source)
        if known is not None and not known.hearing.done():
            return known
        tries = 1 if known is None else known.tries + 1
        if known is not None and (tries > MOST_TRIES or at < known.again_at):
            return None
        sound = Sound()
        name = f"{source.side} of {self.call_id}"
        task = asyncio.create_task(self._hear(self._heard, source.side, sound), name=name)
        self._voices[source] = _Voice(sound, task, tries, at + AGAIN_S)
        return self._voices[source]

    def _put(self, sound: Sound, piece: Piece) -> None:
        step = max(1, int(CUT_S * piece.rate))
        begin = piece.until - len(piece.samples) / piece.rate
        for first in range(0, len(piece.samples), step):
            samples = piece.samples[first : first + step]
            until = begin + (first + len(samples)) / piece.rate
            if self.presence.talks(piece.source.side, until):
                sound.put(piece.rate, samples.astype("<i2").tobytes(), until)
