"""PocketSphinx with the English model of its package: a second engine without a download.

Its own endpointer cuts the speech, and each stretch is decoded by itself. Text is poor beside
Vosk's; there are no confidences worth the name, so none are told.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from calltrackd.model.transcript import Word
from calltrackd.speech.engines.base import Heard, said
from calltrackd.speech.errors import RefusedError

if TYPE_CHECKING:
    from pocketsphinx import Decoder

RATE = 16_000
FRAMES_A_SECOND = 100
LANGUAGE = "en"


class SphinxEngine:
    """The decoder. RefusedError: the package is not installed."""

    name = "pocketsphinx"
    model = "en-us"
    sample_rate = RATE

    def __init__(self) -> None:
        try:
            from pocketsphinx import Decoder  # noqa: PLC0415 - an extra that may be absent
        except ImportError:
            mend = "install calltrackd with the extra pocketsphinx"
            raise RefusedError(f"pocketsphinx is not installed: {mend}") from None
        self._decoder = Decoder(samprate=RATE, loglevel="ERROR")

    def open(
        self, language: str, phrases: Sequence[str] | None = None, *, partials: bool = False
    ) -> "SphinxSession":
        """Free decoding of English, told at pauses only."""
        del partials
        if language != LANGUAGE:
            raise RefusedError(f"pocketsphinx has no model for {language}, only for {LANGUAGE}")
        if phrases is not None:
            raise RefusedError("pocketsphinx takes no list of phrases")
        return SphinxSession(self._decoder)

    def unknown(self, words: Sequence[str]) -> list[str]:
        """Words that are not in its dictionary."""
        return [word for word in words if self._decoder.lookup_word(word.lower()) is None]

    def close(self) -> None:
        """The library frees the decoder."""


class SphinxSession:
    """An endpointer of its own; the decoder is shared, since a stretch is decoded in one go."""

    def __init__(self, decoder: "Decoder") -> None:
        from pocketsphinx import Endpointer  # noqa: PLC0415 - an extra that may be absent

        self._decoder = decoder
        self._endpointer = Endpointer(sample_rate=RATE)
        self._pcm = bytearray()
        self._stretch = bytearray()
        self._start = 0.0
        self._over = False

    def feed(self, pcm: bytes) -> list[Heard]:
        """A final for each stretch of speech that ended."""
        if self._over:
            raise RefusedError("the session is over")
        self._pcm += pcm
        size = self._endpointer.frame_bytes
        whole = len(self._pcm) - len(self._pcm) % size
        heard: list[Heard] = []
        for at in range(0, whole, size):
            heard += self._frame(bytes(self._pcm[at : at + size]))
        del self._pcm[:whole]
        return heard

    def _frame(self, frame: bytes) -> list[Heard]:
        before = self._endpointer.in_speech
        speech = self._endpointer.process(frame)
        if speech is None:
            return []
        if not before:
            self._start = self._endpointer.speech_start
        self._stretch += speech
        return [] if self._endpointer.in_speech else self._decode()

    def finish(self) -> list[Heard]:
        """What was being said at the end."""
        if self._over:
            return []
        self._over = True
        rest = self._endpointer.end_stream(bytes(self._pcm[: len(self._pcm) // 2 * 2]))
        self._stretch += rest or b""
        return self._decode() if self._stretch else []

    def _decode(self) -> list[Heard]:
        decoder = self._decoder
        decoder.start_utt()
        decoder.process_raw(bytes(self._stretch), full_utt=True)
        decoder.end_utt()
        self._stretch.clear()
        words = [
            Word(
                one.word.partition("(")[0],  # read(2): its second pronunciation
                self._start + one.start_frame / FRAMES_A_SECOND,
                self._start + (one.end_frame + 1) / FRAMES_A_SECOND,
            )
            for one in decoder.seg() or ()
            if not one.word.startswith(("<", "["))  # silence and noises
        ]
        return [said(words, " ".join(word.word for word in words))] if words else []
