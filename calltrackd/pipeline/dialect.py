"""What one make of PBX speaks: bytes to frames, frames to channel events."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from calltrackd.model.channel import ChannelEvent
from calltrackd.pbx import asterisk, freeswitch
from calltrackd.pbx.channels import ChannelRules
from calltrackd.pbx.esl import EslCodec
from calltrackd.pbx.stream import Kind
from calltrackd.pbx.wire import AmiCodec

F = TypeVar("F")
F_contra = TypeVar("F_contra", contravariant=True)


class Codec(Protocol[F]):
    """Bytes of one connection after another in, frames out."""

    @property
    def counters(self) -> Mapping[str, int]:
        """What became of the messages."""

    @property
    def held(self) -> int:
        """Bytes of an unfinished message."""

    def feed(self, data: bytes) -> list[F]:
        """The frames that the next bytes made whole."""

    def reset(self) -> None:
        """The connection ended."""


class Translator(Protocol[F_contra]):
    """Frames in, channel events out."""

    unusable: Counter[str]

    def feed(self, at: float, frame: F_contra) -> Iterable[ChannelEvent]:
        """Events of a frame that arrived at `at`."""

    def link_lost(self, at: float) -> Iterable[ChannelEvent]:
        """The connection ended at `at`."""


@dataclass(frozen=True)
class Dialect(Generic[F]):
    """Codec and translator of one attachment; `name` says what a frame tells."""

    codec: Codec[F]
    translator: Translator[F]
    name: Callable[[F], str]


def dialect_of(kind: Kind, rules: ChannelRules) -> Dialect[Any]:
    """A fresh one for a stream of this kind."""
    if kind == "ami":
        return Dialect(
            AmiCodec(asterisk.WANTED, holding=asterisk.HOLDING),
            asterisk.Translator(rules),
            lambda frame: frame.get("Event", ""),
        )
    return Dialect(
        EslCodec(freeswitch.WANTED, freeswitch.HEADERS),
        freeswitch.Translator(rules),
        lambda frame: frame.name,
    )
