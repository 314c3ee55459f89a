r"""FreeSWITCH's event socket on the wire: bytes in, frames out. No I/O, no clock.

The theory. Every message has a head (`Content-Type`, `Content-Length`) and a body of that length
(esl_framer.py). What the body is, the kind tells:

    auth/request, command/reply      nothing; the head itself is the message
    api/response, *-notice           text
    text/event-plain                 the headers of an event, and perhaps a body of its own behind a
                                     second Content-Length (BACKGROUND_JOB, MESSAGE)

* **Lines are cut first, values decoded after.** FreeSWITCH percent-encodes each value, and a caller
  can put `%0aEvent-Name: ...` into its name: who decodes first lets a caller forge events.
* **The first of repeated headers wins**, so that nothing said later overwrites it (`Hangup-Cause`
  stands twice in every CHANNEL_HANGUP_COMPLETE).
* An event has 150 headers of which a tracker reads thirty: unwanted events are dropped by name
  before a line of them is cut, and of the others only wanted headers are looked for, by one regular
  expression (half the time of cutting all lines, measured).

Any cut of the bytes gives the same frames. Text is valid UTF-8 always: bytes of a value that are
not are shown as `\xd0`, NUL as `\x00`. In a body they become U+FFFD, for it may be JSON, where a
backslash would mean something.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby
from os.path import commonprefix
from urllib.parse import unquote_to_bytes

import msgspec

from calltrackd.pbx.esl_framer import MAX_FRAME, EslFramer

EVENT = "text/event-plain"
UNSET = "_undef_"
"""What FreeSWITCH writes for an empty value."""
ARRAY, NEXT = "ARRAY::", "|:"

_NAME = b"Event-Name: "
_SUBCLASS = b"\nEvent-Subclass: "
_CUSTOM = b"CUSTOM"
_LENGTH = b"\nContent-Length: "
_IS_EVENT = b"Content-Type: text/event-plain"


class EslFrame(msgspec.Struct, gc=False):
    """One message. `headers` of an event are the event's, else those of the head.

    Headers with an empty value are left out.
    """

    kind: str
    headers: dict[str, str]
    body: str = ""

    @property
    def name(self) -> str:
        """The event's name; of a custom one with its subclass: `CUSTOM callcenter::info`."""
        name = self.headers.get("Event-Name", "")
        if name != "CUSTOM":
            return name
        return f"CUSTOM {self.headers.get('Event-Subclass', '')}"


class EslCodec:
    """Bytes of one connection after another in, frames out.

    `wanted`: events that pass, by `EslFrame.name`; None = all. `headers`: those of events that are
    decoded; None = all.

    `counters`, by what became of a message: `frames`, `unwanted`, `oversized`, `malformed` (no
    readable head, or an event without a name), `torn` (cut by the end of a connection); and of what
    was mended in frames: `undecodable`, `headless` (lines without colon; not looked for where
    `headers` are given).
    """

    def __init__(
        self,
        wanted: frozenset[str] | None = None,
        headers: frozenset[str] | None = None,
        max_frame: int = MAX_FRAME,
    ) -> None:
        self._framer = EslFramer(max_frame)
        self._wanted = None if wanted is None else frozenset(name.encode() for name in wanted)
        always = {"Event-Name", "Event-Subclass"}
        self._headers = None if headers is None else _lines(headers | always)
        self._counts: Counter[str] = Counter()

    @property
    def counters(self) -> Mapping[str, int]:
        """What became of the messages so far."""
        return self._counts + self._framer.counters

    @property
    def held(self) -> int:
        """Bytes of an unfinished message in memory; at most `max_frame` and a few."""
        return self._framer.held

    def feed(self, data: bytes) -> list[EslFrame]:
        """Take the next bytes of the connection, however cut; return the frames now whole."""
        messages = self._framer.cut(data)
        frames = [f for head, body in messages if (f := self._frame(head, body)) is not None]
        self._counts["frames"] += len(frames)
        return frames

    def reset(self) -> None:
        """The connection ended; the next bytes begin a new one."""
        if self._framer.reset():
            self._counts["torn"] += 1

    def _frame(self, head: bytes, body: bytes) -> EslFrame | None:
        if head.endswith(_IS_EVENT):
            return self._event(body)
        headers = parsed(head, None, self._counts)
        kind = headers.pop("Content-Type", "")
        return self._event(body) if kind == EVENT else EslFrame(kind, headers, self._text(body))

    def _event(self, data: bytes) -> EslFrame | None:
        """The frame of an event; None when it is unwanted, or nameless (counted)."""
        block, _, rest = data.partition(b"\n\n")
        name = _named(block)
        if not name:
            self._counts["malformed"] += 1
            return None
        if self._wanted is not None and name not in self._wanted:
            self._counts["unwanted"] += 1
            return None
        body = self._text(rest) if rest and _LENGTH in block else ""
        return EslFrame(EVENT, parsed(block, self._headers, self._counts), body)

    def _text(self, body: bytes) -> str:
        try:
            text = body.decode()
        except UnicodeDecodeError:
            self._counts["undecodable"] += 1
            text = body.decode("utf-8", "replace")
        return text.replace("\0", "\ufffd")


def parsed(block: bytes, wanted: re.Pattern[str] | None, counts: Counter[str]) -> dict[str, str]:
    """Headers of a block of lines, those with a value; what had to be mended is counted.

    `wanted`: as `_lines` makes it; None = all.
    """
    text = block.decode("latin-1").replace("\0", "\\x00")
    pairs = _pairs(text, counts) if wanted is None else wanted.findall(f"\n{text}")
    found = dict(reversed(pairs))  # the first of repeated ones wins
    for key, value in found.items():
        if "%" in value or not value.isascii():
            found[key] = _decoded(value, counts)
    return {key: value for key, value in found.items() if value != UNSET}


def _pairs(text: str, counts: Counter[str]) -> list[tuple[str, str]]:
    pairs = []
    for line in text.split("\n"):
        key, colon, value = line.partition(": ")
        if colon:
            pairs.append((key, value))
        else:
            counts["headless"] += bool(line)
    return pairs


def _lines(names: Iterable[str]) -> re.Pattern[str]:
    """Finds (name, value) of each line that has one of these names."""
    return re.compile(rf"\n({_any_of(sorted(names))}): ([^\n]*)")


def _any_of(names: list[str]) -> str:
    r"""An expression for these sorted words that tries no beginning twice.

    >>> _any_of(["Caller-A", "Caller-B", "Job", "Jobs"])
    '(?:Caller\\-(?:A|B)|Job(?:s|))'
    """
    parts = []
    for _, group in groupby(names, lambda name: name[:1]):
        words = list(group)
        begin = commonprefix(words)  # noqa: RUF071 - letters are meant, not folders
        rest = [word[len(begin) :] for word in words]
        parts.append(re.escape(begin) + (_any_of(rest) if len(rest) > 1 else ""))
    longest_first = sorted(parts, key=bool, reverse=True)
    return longest_first[0] if len(parts) == 1 else f"(?:{'|'.join(longest_first)})"


def _decoded(value: str, counts: Counter[str]) -> str:
    raw = unquote_to_bytes(value.encode("latin-1"))
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        counts["undecodable"] += 1
        text = raw.decode("utf-8", "backslashreplace")
    return text.replace("\0", "\\x00")


def _named(block: bytes) -> bytes:
    """The event's name, and its subclass when it is a custom one. Both are plain ASCII words."""
    if not block.startswith(_NAME):
        at = block.find(b"\n" + _NAME)
        if at < 0:
            return b""
        block = block[at + 1 :] + b"\n" + block[:at]
    name = block[len(_NAME) : _end(block, len(_NAME))]
    if name != _CUSTOM:
        return name
    at = block.find(_SUBCLASS) + len(_SUBCLASS)
    subclass = block[at : _end(block, at)] if at >= len(_SUBCLASS) else b""
    return _CUSTOM + b" " + unquote_to_bytes(subclass)


def _end(block: bytes, at: int) -> int:
    found = block.find(b"\n", at)
    return len(block) if found < 0 else found


def items(value: str) -> list[str]:
    """The values of a variable that holds several, `ARRAY::a|:b`; of any other its only one.

    >>> items("ARRAY::one|:two")
    ['one', 'two']
    """
    return value.removeprefix(ARRAY).split(NEXT) if value.startswith(ARRAY) else [value]
