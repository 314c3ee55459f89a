"""G.711 A-law sound: tones that tell the phones apart, and an ear that knows them again.

Every phone speaks in a tone of its own, a whole multiple of 50 Hz. Over one packet of 160 samples
(20 ms at 8 kHz) such tones are orthogonal, so the ear finds each of them exactly, in a mix too.
"""

import math
from collections.abc import Callable
from operator import mul

RATE = 8000
PACKET = 160
SILENCE = bytes([0xD5]) * PACKET
AMPLITUDE = 8000.0
FAINT = (AMPLITUDE / 8) ** 2 / 2 * PACKET
PURE = 0.8  # of the power must be known tones; a vowel has much beside them


def encode(sample: int) -> int:
    """16-bit linear to A-law (ITU-T G.711)."""
    sign = 0x80 if sample >= 0 else 0
    magnitude = min(sample if sample >= 0 else -sample - 1, 32767) >> 3
    if magnitude < 32:
        return (magnitude >> 1 | sign) ^ 0x55
    exponent = magnitude.bit_length() - 5
    return (exponent << 4 | magnitude >> exponent & 0x0F | sign) ^ 0x55


def _decode(code: int) -> float:
    code ^= 0x55
    exponent, mantissa = code >> 4 & 7, code & 15
    value = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << exponent - 1
    return float(value if code & 0x80 else -value)


DECODED = tuple(_decode(code) for code in range(256))
"""Linear value of each A-law code."""


def tone(hertz: int) -> bytes:
    """One packet of a tone; packets in a row are continuous for multiples of 50 Hz."""
    step = 2 * math.pi * hertz / RATE
    return bytes(encode(int(AMPLITUDE * math.sin(step * n))) for n in range(PACKET))


class Ear:
    """Finds known tones in packets of 160 A-law samples."""

    def __init__(self, tones: dict[str, int]) -> None:
        """`tones`: hertz by the name of the phone that speaks so."""
        self._waves = {
            name: (self._wave(math.cos, hertz), self._wave(math.sin, hertz))
            for name, hertz in tones.items()
        }

    @staticmethod
    def _wave(shape: Callable[[float], float], hertz: int) -> tuple[float, ...]:
        step = 2 * math.pi * hertz / RATE
        return tuple(shape(step * n) for n in range(PACKET))

    def listen(self, packet: bytes) -> tuple[list[str], bool]:
        """(the phones that speak in the packet, whether there is a sound of no phone's in it)."""
        if len(packet) != PACKET:
            return [], False
        samples = [DECODED[code] for code in packet]
        power = math.fsum(map(mul, samples, samples))
        shares = {name: self._power(samples, *wave) for name, wave in self._waves.items()}
        loud = {name: share for name, share in shares.items() if share > max(power / 5, FAINT)}
        foreign = power - math.fsum(loud.values()) > max((1 - PURE) * power, FAINT)
        return ([] if foreign else list(loud)), foreign

    @staticmethod
    def _power(samples: list[float], cosine: tuple[float, ...], sine: tuple[float, ...]) -> float:
        real = math.fsum(map(mul, samples, cosine))
        imaginary = math.fsum(map(mul, samples, sine))
        return (real * real + imaginary * imaginary) * 2 / PACKET
