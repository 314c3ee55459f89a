r"""AMI on the wire: bytes in, frames out; and actions back into bytes. No I/O, no clock.

The theory. AMI is a banner line, then messages: `Key: value` lines that end with CRLF, closed by an
empty line. Three layers, each with one worry:

    bytes --Framer--> blocks --filter--> blocks we want --dict--> frames

* The framer finds where messages end, in bytes, before anything is decoded: a UTF-8 letter cut by
  TCP stays whole. It holds at most `max_frame` bytes; a longer message is skipped to its end. Real
  deviations that it knows: empty lines before a message (PlayDTMF), an empty line without its CR
  (asterisk#761, `\r\n\n`), and the output of Command before Asterisk 14, which may hold empty lines
  and ends with `--END COMMAND--`.
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
from collections.abc import Iterable, Mapping, Sequence

Frame = dict[str, str]
FieldValue = str | int | Sequence[str]

MAX_FRAME = 1 << 20
"""Bytes. The longest real message seen is 3 KB; a queue with 1,000 members sends items of 400 B."""

BANNER = b"Asterisk Call Manager/"
REPEATED = frozenset({"Variable", "ChanVariable", "DestChanVariable", "Output"})
"""Headers that Asterisk repeats by design."""

_END = b"\r\n\r\n"
_SHORT_END = b"\r\n\n"
_EMPTY_LINES = _END + b"\r"
_NEWLINES = b"\r\n"
_EVENT = b"Event: "
_ACTION_ID = b"\r\nActionID:"
_FOLLOWS = b"Response: Follows\r\nPrivilege: Command"
_FOLLOWS_END = b"--END COMMAND--"
_CANONICAL = {"event": "Event", "response": "Response", "actionid": "ActionID"}


class Framer:
    """Cuts bytes into blocks: one message each, without its closing empty line, never empty."""

    def __init__(self, max_frame: int = MAX_FRAME) -> None:
        self._max = max_frame
        self._held = bytearray()
        self._skipping = False
        self._follows = bytearray()
        self.joined = b""
        """The bytes from which the last blocks were cut, to search them all at once."""
        self.oversized = 0

    @property
    def held(self) -> int:
        """Bytes of an unfinished message that wait in memory."""
        return len(self._held) + len(self._follows)

    def cut(self, data: bytes) -> list[bytes]:
        """Take the next bytes; return the blocks that became whole."""
        held = self._held
        start = max(0, len(held) - 3)  # an end may have begun in what we hold
        held += data
        if held.find(_END, start) < 0 and held.find(_SHORT_END, start) < 0:
            self.joined = b""
            return self._wait()
        self.joined = bytes(held)
        if mended := _SHORT_END in self.joined:
            self.joined = self.joined.replace(_SHORT_END, _END)
        blocks = self.joined.split(_END)
        self._held = bytearray(blocks.pop())
        return self._plain(blocks, mended=mended) + self._wait()

    def reset(self) -> bool:
        """The connection ended: forget the unfinished message. Returns whether there was one."""
        torn = self._skipping or bool(self._held.strip(_NEWLINES)) or bool(self._follows)
        self._held.clear()
        self._follows.clear()
        self._skipping = False
        return torn

    def _wait(self) -> list[bytes]:
        """Nothing more is whole, but a banner line is; keep the rest within bounds."""
        if self._skipping:
            del self._held[:-3]
            return []
        if self._held.startswith((b"\r", b"\n")):
            self._held = self._held.lstrip(_NEWLINES)
        banner = self._banner()
        if len(self._held) > self._max + 3:
            self._skipping = True
            self.oversized += 1
            del self._held[:-3]
        return banner

    def _banner(self) -> list[bytes]:
        """The banner has no empty line behind it: it is whole with its own line."""
        lines = []
        while self._held.startswith(BANNER) and (end := self._held.find(b"\r\n")) >= 0:
            lines.append(bytes(self._held[:end]))
            self._held = self._held[end:].lstrip(_NEWLINES)
        return lines

    def _plain(self, blocks: list[bytes], *, mended: bool) -> list[bytes]:
        """The blocks as they are, unless one of the rare cases is among them."""
        if self._skipping:
            self._skipping = False
            del blocks[0]
        if (
            len(self.joined) > self._max
            or self._follows
            or b"Response: Follows" in self.joined
            or BANNER in self.joined
        ):
            return [whole for block in blocks for whole in self._rare(block.lstrip(_NEWLINES))]
        if mended or _EMPTY_LINES in self.joined or self.joined.startswith((b"\r", b"\n")):
            blocks = [block.lstrip(_NEWLINES) for block in blocks]
        return [block for block in blocks if block]

    def _rare(self, block: bytes) -> list[bytes]:
        """One block of bytes in which a banner, old Command output or a giant was seen."""
        banners = []
        while block.startswith(BANNER) and not self._follows:
            line, _, block = block.partition(b"\r\n")
            banners.append(line)
            block = block.lstrip(_NEWLINES)
        if self._follows or block.startswith(_FOLLOWS):
            return banners + self._command_output(block)
        if len(block) > self._max:
            self.oversized += 1
            return banners
        return [*banners, block] if block else banners

    def _command_output(self, block: bytes) -> list[bytes]:
        """Gather until --END COMMAND--: empty lines are part of the output."""
        self._follows += (_END if self._follows else b"") + block
        if block.endswith(_FOLLOWS_END):
            whole = [bytes(self._follows)]
        elif len(self._follows) > self._max:
            self.oversized += 1
            whole = []
        else:
            return []
        self._follows.clear()
        return whole


class AmiCodec:
    """Bytes of one AMI connection after another in, frames out.

    `wanted`: names of the events that pass, None = all. `holding`: header lines; an event that
    bears one of them passes whatever its name (`Variable: MIXMONITOR_FILENAME` takes that one
    variable out of the flood of VarSet). `counters`, by what became of a message: `frames`,
    `unwanted`, `oversized`, `malformed` (neither event nor response), `torn` (cut by the end of a
    connection); and of what was mended in frames: `undecodable`, `headless` (lines without colon).
    """

    def __init__(
        self,
        wanted: frozenset[str] | None = None,
        max_frame: int = MAX_FRAME,
        *,
        holding: Iterable[str] = (),
    ) -> None:
        self._framer = Framer(max_frame)
        self._wanted = None if wanted is None else frozenset(name.encode() for name in wanted)
        self._needles = (_ACTION_ID, *(b"\r\n" + line.encode() for line in holding))
        self._holds = re.compile(b"|".join(map(re.escape, self._needles))).search
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
        """Drop events by name. Needles are sought in all the bytes first: ten times cheaper."""
        wanted = self._wanted or frozenset()
        if not any(needle in self._framer.joined for needle in self._needles):
            return [
                block
                for block in blocks
                if block[7 : block.find(b"\r", 7)] in wanted
                or block[:7] != _EVENT
                or (b"\r" not in block and block[7:] in wanted)
            ]
        return [
            block
            for block in blocks
            if block[7 : block.find(b"\r", 7)] in wanted
            or block[:7] != _EVENT
            or (b"\r" not in block and block[7:] in wanted)
            or self._holds(block)
        ]

    def _frame(self, block: bytes) -> Frame | None:
        """The frame of a block; None (counted) when it is none or unwanted after all."""
        text = self._text(block)
        if text.startswith("Asterisk Call Manager/"):
            return {"Banner": text}
        lines = text.split("\r\n")
        try:
            frame = dict([line.split(": ", 1) for line in lines])
        except ValueError:
            frame = self._careful(lines)
        else:
            if len(frame) != len(lines):
                frame = self._careful(lines)
        if text.startswith("Event: "):
            return frame
        return self._other(frame, text)

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

    def _other(self, frame: Frame, text: str) -> Frame | None:
        """What does not begin with `Event: `: a response, or a message in odd spelling."""
        if text.startswith(_FOLLOWS.decode()):
            return _command_frame(text)
        frame = {_CANONICAL.get(key.lower(), key): value for key, value in frame.items()}
        name = frame.get("Event")
        if name is None and "Response" not in frame:
            self._counts["malformed"] += 1
            return None
        if name is None or "Response" in frame or "ActionID" in frame or self._wanted is None:
            return frame
        if name.encode() in self._wanted or self._holds(text.encode()):
            return frame
        self._counts["unwanted"] += 1
        return None


def _command_frame(text: str) -> Frame:
    """Command's output as Asterisk before 14 gave it, in the shape of today's."""
    frame: Frame = {}
    body = text.removesuffix(_FOLLOWS_END.decode()).split("\r\n")
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
