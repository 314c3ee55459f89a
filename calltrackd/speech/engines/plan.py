"""Which engine is meant, with all that a child process needs to build it."""

import msgspec

DEFAULT_RATE = 16_000


class VoskPlan(msgspec.Struct, frozen=True, tag="vosk"):
    """A Vosk model on this machine."""

    model: str
    """Its folder, absolute."""


class VoskServerPlan(msgspec.Struct, frozen=True, tag="vosk-server"):
    """A vosk-server, by websocket."""

    url: str
    sample_rate: int = DEFAULT_RATE
    """Of its model, Hz: a small model's server drops a connection of another rate."""
    timeout_s: float = 30.0


class SphinxPlan(msgspec.Struct, frozen=True, tag="pocketsphinx"):
    """PocketSphinx with the English model that it brings."""


class CommandPlan(msgspec.Struct, frozen=True, tag="command"):
    """A program that answers lines: docs/speech.md, "A command of your own"."""

    name: str
    argv: tuple[str, ...]
    sample_rate: int = DEFAULT_RATE
    longest_s: float = 25.0
    """Longer speech is cut at a pause before."""


class HttpPlan(msgspec.Struct, frozen=True, tag="http"):
    """A server that takes a WAV file by POST, as OpenAI's `/v1/audio/transcriptions` does."""

    name: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    sample_rate: int = DEFAULT_RATE
    longest_s: float = 25.0
    timeout_s: float = 120.0


Plan = VoskPlan | VoskServerPlan | SphinxPlan | CommandPlan | HttpPlan
