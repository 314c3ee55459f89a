"""What the daemon and its child processes tell each other: length (4 bytes, LE), msgpack.

Only data, checked by type on arrival: a child that was taken over by a crafted recording can lie
about words, no more.
"""

from pathlib import Path
from typing import Any

import msgspec

from calltrackd.speech.audio.tracks import Track
from calltrackd.speech.engines.base import Heard
from calltrackd.speech.engines.plan import Plan
from calltrackd.speech.talk.talkmap import TalkMap

HEAD_BYTES = 4
MOST_BYTES = 64 << 20
"""A frame that is longer ends the child."""


class Listen(msgspec.Struct, tag=True):
    """Turn whole files into words. Answer: Listened."""

    number: int
    plan: Plan
    language: str
    tracks: list[Track]
    phrases: list[str] | None = None


class Open(msgspec.Struct, tag=True):
    """Open a live session, which is called by this number from now on. Answer: Said, empty."""

    number: int
    plan: Plan
    language: str
    rate: int
    """Of the samples that will come, Hz."""
    phrases: list[str] | None = None


class Feed(msgspec.Struct, tag=True):
    """Samples of a live session, PCM16LE mono. Answer: Said."""

    number: int
    pcm: bytes


class Finish(msgspec.Struct, tag=True):
    """The end of a live session. Answer: Said, and the session is forgotten."""

    number: int


class Drop(msgspec.Struct, tag=True):
    """Forget a job or a session. Answer: Said, empty."""

    number: int


class Probe(msgspec.Struct, tag=True):
    """Load an engine and look words up. Answer: Probed."""

    number: int
    plan: Plan
    words: list[str] = []


class Chart(msgspec.Struct, tag=True):
    """Draw the talk map of whole files; no engine hears them. Answer: Charted."""

    number: int
    tracks: list[Track]


Request = Listen | Open | Feed | Finish | Drop | Probe | Chart


class Ready(msgspec.Struct, tag=True):
    """The child is up; comes once, unasked."""

    number: int = 0


class Said(msgspec.Struct, tag=True):
    """What a live session heard."""

    number: int
    heard: list[Heard] = []


class Listened(msgspec.Struct, tag=True):
    """What was heard in each track, in the tracks' order and on their time line."""

    number: int
    engine: str
    model: str
    voices: list[list[Heard]]


class Probed(msgspec.Struct, tag=True):
    """An engine that works."""

    number: int
    model: str
    sample_rate: int
    unknown: list[str]
    """Words that it can never hear."""


class Charted(msgspec.Struct, tag=True):
    """Who spoke when."""

    number: int
    talk: TalkMap


class Failed(msgspec.Struct, tag=True):
    """It did not work; the child goes on."""

    number: int
    reason: str
    later: bool = False
    """Whether the same may work later."""


Reply = Ready | Said | Listened | Probed | Charted | Failed


def _plain(value: Any) -> str:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(type(value))


def _rich(kind: type, value: Any) -> Any:
    if issubclass(kind, Path) and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(kind)


_encoder = msgspec.msgpack.Encoder(enc_hook=_plain)
_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request, dec_hook=_rich)
_replies: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


def framed(message: Request | Reply) -> bytes:
    """A message as it goes over the pipe."""
    body = _encoder.encode(message)
    return len(body).to_bytes(HEAD_BYTES, "little") + body


def request(body: bytes) -> Request:
    """A request without its length."""
    return _requests.decode(body)


def reply(body: bytes) -> Reply:
    """A reply without its length. msgspec.DecodeError: the child lies."""
    return _replies.decode(body)


class Frames:
    """Bytes of a pipe, cut anywhere, as bodies of messages."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The bodies that are whole now."""
        self._bytes += data
        bodies = []
        while len(self._bytes) >= HEAD_BYTES:
            end = HEAD_BYTES + int.from_bytes(self._bytes[:HEAD_BYTES], "little")
            if len(self._bytes) < end:
                break
            bodies.append(bytes(self._bytes[HEAD_BYTES:end]))
            del self._bytes[:end]
        return bodies
