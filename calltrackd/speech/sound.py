"""The audio of one side on its way to an engine: bounded, with its gaps."""

import asyncio
from collections import deque
from typing import NamedTuple

from calltrackd.speech.audiosocket import SAMPLE_BYTES

GAP_S = 0.5
"""A tap that sent nothing for longer had nothing to send; less is the network's unrest."""
MOST_S = 0.5
"""Taken at once at most: sound that comes in lumps is guessed at as often as sound that flows."""
WAITING_S = 10.0
"""Seconds of sound that may wait; then the oldest are left out, for an alert that late is none."""


class Piece(NamedTuple):
    """Samples in a row, PCM16LE mono."""

    gap_s: float
    """Seconds of the talk before them of which there are no samples."""
    rate: int
    pcm: bytes

    @property
    def seconds(self) -> float:
        """How long they last."""
        return len(self.pcm) / SAMPLE_BYTES / self.rate


class Sound:
    """One side of one talk, from the connection that brings it to the session that hears it."""

    def __init__(self) -> None:
        self.begun_at: float | None = None
        """When its first sample was said, on the clock of `put`."""
        self.muted = False
        """What is said now is not for us: silence in its place."""
        self.lost_s = 0.0
        """Seconds that no engine was quick enough to hear."""
        self.silent_s = 0.0
        """Seconds of the talk in which nothing came."""
        self.taken_s = 0.0
        """Seconds that went to the engine."""
        self._until = 0.0
        self._pieces: deque[Piece] = deque()
        self._waiting_s = 0.0
        self._ended = False
        self._more = asyncio.Event()

    @property
    def ended(self) -> bool:
        """No more comes, though some may wait."""
        return self._ended

    def put(self, rate: int, pcm: bytes, at: float) -> None:
        """Samples that came at `at`, seconds on any steady clock."""
        if self._ended:
            return
        piece = Piece(0.0, rate, bytes(len(pcm)) if self.muted else pcm)
        if self.begun_at is None:
            self.begun_at = self._until = at - piece.seconds
        gap_s = at - piece.seconds - self._until
        if gap_s > GAP_S:
            piece = piece._replace(gap_s=gap_s)
            self._until += gap_s
            self.silent_s += gap_s
        self._until += piece.seconds
        self._keep(piece)

    def _keep(self, piece: Piece) -> None:
        self._pieces.append(piece)
        self._waiting_s += piece.seconds
        left_out_s = 0.0
        while self._waiting_s > WAITING_S:
            oldest = self._pieces.popleft()
            self._waiting_s -= oldest.seconds
            self.lost_s += oldest.seconds
            left_out_s += oldest.gap_s + oldest.seconds
        if left_out_s:
            first = self._pieces[0]
            self._pieces[0] = first._replace(gap_s=first.gap_s + left_out_s)
        self._more.set()

    def end(self) -> None:
        """The tap is over; what waits is still heard."""
        self._ended = True
        self._more.set()

    async def take(self, least_s: float) -> Piece | None:
        """What waits up to the next gap, `least_s` of it if that comes, MOST_S at most.

        None when all is over.
        """
        while self._waiting_s < least_s and not self._ended:
            self._more.clear()
            await self._more.wait()
        if not self._pieces:
            return None
        taken = [self._pieces.popleft()]
        seconds = taken[0].seconds
        while self._pieces and self._follows(taken[0]) and seconds < MOST_S:
            taken.append(self._pieces.popleft())
            seconds += taken[-1].seconds
        self._waiting_s -= seconds
        self.taken_s += seconds
        return taken[0]._replace(pcm=b"".join(piece.pcm for piece in taken))

    def _follows(self, first: Piece) -> bool:
        return not self._pieces[0].gap_s and self._pieces[0].rate == first.rate
