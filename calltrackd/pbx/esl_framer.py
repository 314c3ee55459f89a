"""Where one message of the event socket ends, found in bytes; esl.py tells the theory.

A message is a head of `Key: value` lines, an empty line, and as many bytes of body as the head's
Content-Length says. What a broken head leaves behind is skipped until a head begins again.
"""

import re
from collections import Counter

MAX_FRAME = 8 << 20
"""Bytes of one body. An event has 3-11 KB, `show channels as json` some 900 bytes a channel."""
MAX_HEAD = 64 << 10
"""Bytes of one head. Real ones have less than 1 KB."""

_END = b"\n\n"
_HEAD = re.compile(rb"(?:Content-Length|Content-Type): ")
_LENGTH = re.compile(rb"^Content-Length: *(\d{1,18}(?=\r?$))?", re.M)


class EslFramer:
    """Cuts bytes into (head, body).

    `counters`: `oversized` (left out, their length was known, or a head without end), `malformed`
    (a head that says no kind, or no readable length).
    """

    def __init__(self, max_frame: int = MAX_FRAME, max_head: int = MAX_HEAD) -> None:
        self._max = max_frame
        self._max_head = max_head
        self._held = bytearray()
        self._needed = 0
        """Bytes that the message in hand has, as far as its head is known."""
        self._skip = 0
        self._lost = False
        """A head without end is being thrown away."""
        self.counters: Counter[str] = Counter()

    @property
    def held(self) -> int:
        """Bytes of an unfinished message that wait in memory."""
        return len(self._held)

    def cut(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """Take the next bytes; return the messages that became whole."""
        if self._skip:
            data = self._skipped(data)
        self._held += data
        if len(self._held) < self._needed:
            return []
        whole = bytes(self._held)
        found: list[tuple[bytes, bytes]] = []
        taken = self._take(whole, found)
        del self._held[:taken]
        self._bound()
        return found

    def reset(self) -> bool:
        """The connection ended: forget the unfinished message. Returns whether there was one."""
        torn = bool(self._held.strip(b"\r\n")) or self._skip > 0 or self._lost
        self._held.clear()
        self._needed = self._skip = 0
        self._lost = False
        return torn

    def _skipped(self, data: bytes) -> bytes:
        taken = min(self._skip, len(data))
        self._skip -= taken
        return data[taken:]

    def _take(self, whole: bytes, found: list[tuple[bytes, bytes]]) -> int:
        """Gather whole messages; return how many bytes they have."""
        at, end = 0, len(whole)
        self._needed = 0
        while at < end:
            while not self._lost and whole.startswith(b"\n", at):
                at += 1
            stop = whole.find(_END, at)
            if stop < 0:
                break
            body = stop + len(_END)
            length = self._length(whole[at:stop])
            if length > self._max:
                self.counters["oversized"] += 1
                self._skip = max(0, body + length - end)
                at = min(body + length, end)
            elif body + length > end:
                self._needed = body + length - at
                break
            else:
                if length >= 0:
                    found.append((whole[at:stop], whole[body : body + length]))
                at = body + max(length, 0)
        return at

    def _length(self, head: bytes) -> int:
        """Bytes of the body; -1 when this is no head, which is counted."""
        if self._lost:
            self._lost = False
            return -1
        if len(head) > self._max_head:
            self.counters["oversized"] += 1
            return -1
        length = _LENGTH.search(head)
        if _HEAD.match(head) is None or (length is not None and length.group(1) is None):
            self.counters["malformed"] += 1
            return -1
        return int(length.group(1)) if length else 0

    def _bound(self) -> None:
        """Keep what is not whole yet within bounds."""
        if not self._lost and not self._needed and len(self._held) > self._max_head + 1:
            self._lost = True
            self.counters["oversized"] += 1
        if self._lost:
            del self._held[: 1 - len(_END)]
