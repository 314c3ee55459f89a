r"""AMI on the wire: bytes in, frames out; and actions back into bytes. No I/O, no clock.

The theory. AMI is a banner line, then messages: `Key: value` lines that end with CRLF, closed by an
empty line. Three layers, each with one worry:

    bytes --Framer--> blocks --filter--> blocks we want --dict--> frames

* The framer finds where messages end, in bytes, before anything is decoded: a UTF-8 letter cut by
  TCP stays whole. It holds at most `max_frame` bytes; a longer message is skipped to its end. Real
  deviations that it knows: empty lines before a message (PlayDTMF), an empty line without its CR
  before the next message (asterisk#761, `\r\n\n`), and the output of Command before Asterisk 14,
  which may hold empty lines and ends with `--END COMMAND--`.
* The filter looks at the event's name only, since most of a stream is of no use (VarSet, CEL,
  RTCP, TestEvent: four of five): what is dropped costs a slice and a set look-up, no dict.
  Responses and whatever bears an ActionID (items of lists) always pass.
* A frame is a plain dict. The first of repeated headers wins, so that nobody can overwrite what
  Asterisk said first by text that he controls; headers that repeat by design are joined by newline.

Any cut of the bytes gives the same frames. Text is valid UTF-8 always: bytes that are not are shown
as `\xd0`, NUL as `\x00`.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from calltrackd.pbx.framer import BANNER, FOLLOWS, FOLLOWS_END, MAX_FRAME, Framer

Frame = dict[str, str]
FieldValue = str | int | Sequence[str]

REPEATED = frozenset({"Variable", "ChanVariable", "DestChanVariable", "Output"})
"""Headers that Asterisk repeats by design."""

CARRIERS = {"Variable": "VarSet", "Application": "Newexten"}
"""Headers that are the reason of one event; elsewhere (CEL) they only repeat it."""

_EVENT = b"Event: "
_ACTION_ID = b"\r\nActionID:"
_HEAD = 32
"""Bytes that tell an event: the longest name has 23 letters, and its class begins behind it."""
_MOST_HEADS = 1000
"""Remembered; Asterisk 22 has 180 events."""
_CANONICAL = {"event": "Event", "response": "Response", "actionid": "ActionID"}


class AmiCodec:
    """Bytes of one AMI connection after another in, frames out.

    `wanted`: names of the events that pass, None = all. `holding`: header lines, as far as needed
    from their begin; an unwanted event that bears one of them passes all the same
    (`Variable: MIXMONITOR_FILENAME` takes that one variable out of the flood of VarSet). Lines of
    `CARRIERS` are sought only in the event that exists to tell them.

    `counters`, by what became of a message: `frames`, `unwanted`, `oversized`, `malformed` (neither
    event nor response), `torn` (cut by the end of a connection); and of what was mended in frames:
    `undecodable`, `headless` (lines without colon).
    """

    def __init__(
        self,
        wanted: frozenset[str] | None = None,
        max_frame: int = MAX_FRAME,
        *,
        holding: Iterable[str] = (),
    ) -> None:
        self._framer = Framer(max_frame)
        self._wanted = (
            None if wanted is None else frozenset(_EVENT + name.encode() for name in wanted)
        )
        carried: dict[bytes, list[bytes]] = {}
        anywhere = [_ACTION_ID]
        for line in holding:
            carrier = CARRIERS.get(line.partition(":")[0])
            needles = carried.setdefault(_EVENT + carrier.encode(), []) if carrier else anywhere
            needles.append(b"\r\n" + line.encode())
        self._carried = {name: _searcher(needles) for name, needles in carried.items()}
        self._needles = anywhere
        self._anywhere = _searcher(anywhere)
        self._fates: dict[bytes, bool | Callable[[bytes], object]] = {}
        self._counts: Counter[str] = Counter()

    @property
    def counters(self) -> Mapping[str, int]:
        """What became of the messages so far."""
        return {**self._counts, "oversized": self._framer.oversized}

    @property
    def held(self) -> int:
        """Bytes of an unfinished message in memory; at most `max_frame` and a few."""
        return self._framer.held

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes of the connection, however cut; return the frames now whole."""
        blocks = self._framer.cut(data)
        if self._wanted is not None and blocks:
            kept = self._filter(blocks)
            self._counts["unwanted"] += len(blocks) - len(kept)
            blocks = kept
        frames = [frame for block in blocks if (frame := self._frame(block)) is not None]
        self._counts["frames"] += len(frames)
        return frames

    def reset(self) -> None:
        """The connection ended; the next bytes begin a new one with its banner."""
        if self._framer.reset():
            self._counts["torn"] += 1

    def _filter(self, blocks: list[bytes]) -> list[bytes]:
        """Drop events by name: what begins as one seen before has its fate."""
        if any(needle in self._framer.joined for needle in self._needles):
            return [block for block in blocks if self._passes(block)]
        fate_of, first_seen = self._fates.get, self._first_seen
        return [
            block
            for block in blocks
            if (fate := fate_of(block[:_HEAD], first_seen)) is True or (fate and fate(block))
        ]

    def _first_seen(self, block: bytes) -> bool:
        """Whether it passes; and its name alone decides for all that begin alike from now on."""
        head = block[:_HEAD]
        line, newline, _ = head.partition(b"\r")
        if newline and line.startswith(_EVENT) and len(self._fates) < _MOST_HEADS:
            self._fates[head] = self._carried.get(line) or line in (self._wanted or ())
        return self._passes(block)

    def _passes(self, block: bytes) -> bool:
        """The same for one block that is seen for the first time, odd, or among replies."""
        block = block.lstrip(b"\r\n")
        line = block.partition(b"\r")[0]
        if line[:7] != _EVENT or line in (self._wanted or ()) or self._anywhere(block):
            return True
        return line in self._carried and self._carried[line](block) is not None

    def _frame(self, block: bytes) -> Frame | None:
        """The frame of a block; None (counted) when it is none or unwanted after all."""
        try:
            text = block.decode()
            lines = text.split("\r\n")
            frame = dict([line.split(": ", 1) for line in lines])
        except ValueError:
            return self._odd(block.lstrip(b"\r\n"))
        if len(frame) != len(lines) or "\0" in text or text[:7] != "Event: ":
            return self._odd(block.lstrip(b"\r\n"))
        return frame

    def _odd(self, block: bytes) -> Frame | None:
        """The same for all but the plainest events, header by header."""
        if not block:
            return None
        text = self._text(block)
        if block.startswith(BANNER) and b"\r" not in block:
            return {"Banner": text}
        if block.startswith(FOLLOWS):
            return _command_frame(text)
        frame = self._careful(text.split("\r\n"))
        return frame if text.startswith("Event: ") else self._other(frame, block)

    def _text(self, block: bytes) -> str:
        """Readable, valid UTF-8 without NUL (PostgreSQL takes none), whatever the bytes."""
        try:
            text = block.decode()
        except UnicodeDecodeError:
            self._counts["undecodable"] += 1
            text = block.decode("utf-8", "backslashreplace")
        return text.replace("\0", "\\x00") if "\0" in text else text

    def _careful(self, lines: list[str]) -> Frame:
        """Headers one by one: repeats, `Key:value`, lines without a colon."""
        frame: Frame = {}
        for line in lines:
            key, colon, value = line.partition(":")
            value = value.removeprefix(" ")
            if not colon:
                self._counts["headless"] += 1
            elif key not in frame:
                frame[key] = value
            elif key in REPEATED:
                frame[key] += "\n" + value
        return frame

    def _other(self, frame: Frame, block: bytes) -> Frame | None:
        """What does not begin with `Event: `: a response, or a message in odd spelling."""
        frame = {_CANONICAL.get(key.lower(), key): value for key, value in frame.items()}
        name = frame.get("Event")
        if name is None and "Response" not in frame:
            self._counts["malformed"] += 1
            return None
        if name is None or "Response" in frame or "ActionID" in frame or self._wanted is None:
            return frame
        if _EVENT + name.encode() in self._wanted or self._anywhere(block):
            return frame
        self._counts["unwanted"] += 1
        return None


def _searcher(needles: Iterable[bytes]) -> Callable[[bytes], object]:
    return re.compile(b"|".join(map(re.escape, needles))).search


def _command_frame(text: str) -> Frame:
    """Command's output as Asterisk before 14 gave it, in the shape of today's."""
    frame: Frame = {}
    body = text.removesuffix(FOLLOWS_END.decode()).split("\r\n")
    while body and (parts := body[0].split(": ", 1))[0] in ("Response", "Privilege", "ActionID"):
        frame[parts[0]] = parts[-1]
        del body[0]
    frame["Output"] = "\n".join(body).rstrip("\n")
    return frame


class BadFieldError(ValueError):
    """A field of an action would break the framing, and with it inject another action."""


def encode_action(fields: Mapping[str, FieldValue]) -> bytes:
    r"""Bytes of an action. A list value repeats its header.

    Raises BadFieldError, naming the field, for CR, LF or NUL in a key or value, for a key that is
    empty or has a colon, and for text that is not valid UTF-8.

    >>> encode_action({"Action": "Ping", "ActionID": "1"})
    b'Action: Ping\r\nActionID: 1\r\n\r\n'
    """
    lines = []
    for key, value in fields.items():
        _refuse(key, key)
        if not key or ":" in key:
            raise BadFieldError(f"action field {key!r}: a name can't be empty or have a colon")
        for item in [value] if isinstance(value, str | int) else value:
            text = str(item)
            _refuse(key, text)
            lines.append(f"{key}: {text}\r\n")
    try:
        return ("".join(lines) + "\r\n").encode()
    except UnicodeEncodeError as error:
        raise BadFieldError(f"action {fields.get('Action')!r}: not valid UTF-8 text") from error


def _refuse(key: str, text: str) -> None:
    for name, character in (("CR", "\r"), ("LF", "\n"), ("NUL", "\0")):
        if character in text:
            raise BadFieldError(f"action field {key!r}: {name} is not allowed in it")
