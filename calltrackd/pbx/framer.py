"""Where one AMI message ends and the next begins, found in bytes; wire.py tells the theory.

Nearly all of a stream is plain events, so each scan over all the bytes is worth its absence: there
are four, with needles that are long enough to be fast.
"""

MAX_FRAME = 1 << 20
"""Bytes. The longest real message seen is 3 KB; a queue with 1,000 members sends items of 400 B."""

BANNER = b"Asterisk Call Manager/"
FOLLOWS = b"Response: Follows\r\nPrivilege: Command"
"""How Command's output began before Asterisk 14."""
FOLLOWS_END = b"--END COMMAND--"

_END = b"\r\n\r\n"
_NEWLINES = b"\r\n"
_RESPONSE = b"Response: "
_BEFORE_EVENT = b"\r\n\nEvent: "
_BEFORE_RESPONSE = b"\r\n\n" + _RESPONSE
_ENDS = (_END, _BEFORE_EVENT, _BEFORE_RESPONSE)
_LONGEST_END = max(map(len, _ENDS))


class Framer:
    """Cuts bytes into blocks: one message each, without its closing empty line.

    A block may be empty or begin with newlines (an empty line more than needed). The banner, which
    only stands at the begin of a connection, is a block of its own.
    """

    def __init__(self, max_frame: int = MAX_FRAME) -> None:
        self._max = max_frame
        self._held = bytearray()
        self._fresh = True
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
        start = max(0, len(self._held) - _LONGEST_END + 1)  # an end may have begun in it
        self._held += data
        banner = self._banner() if self._fresh else []
        self.joined, blocks = b"", []
        if any(self._held.find(end, 0 if banner else start) >= 0 for end in _ENDS):
            blocks = self._split(bytes(self._held))
        self._bound()
        return banner + blocks

    def reset(self) -> bool:
        """The connection ended: forget the unfinished message. Returns whether there was one."""
        torn = self._skipping or bool(self._held.strip(_NEWLINES)) or bool(self._follows)
        self._held.clear()
        self._follows.clear()
        self._skipping = False
        self._fresh = True
        return torn

    def _banner(self) -> list[bytes]:
        """The banner has no empty line behind it: it is whole with its own line."""
        self._held = self._held.lstrip(_NEWLINES)
        if not self._held.startswith(BANNER):
            self._fresh = BANNER.startswith(self._held)
            return []
        if (end := self._held.find(b"\r\n")) < 0:
            return []
        line = bytes(self._held[:end])
        self._held = self._held[end + 2 :]
        self._fresh = False
        return [line]

    def _split(self, joined: bytes) -> list[bytes]:
        """Blocks of bytes in which at least one message ends."""
        if _BEFORE_EVENT in joined:
            joined = joined.replace(_BEFORE_EVENT, _END + b"Event: ")
        if responses := _RESPONSE in joined:
            joined = joined.replace(_BEFORE_RESPONSE, _END + _RESPONSE)
        self.joined = joined
        blocks = joined.split(_END)
        self._held = bytearray(blocks.pop())
        if self._skipping:
            self._skipping = False
            del blocks[0]
        if responses or self._follows or len(joined) > self._max:
            return [whole for block in blocks for whole in self._rare(block.lstrip(_NEWLINES))]
        return blocks

    def _bound(self) -> None:
        """Keep what is not whole yet within bounds."""
        if self._skipping:
            del self._held[: 1 - _LONGEST_END]
            return
        if self._held.startswith((b"\r", b"\n")):
            self._held = self._held.lstrip(_NEWLINES)
        if len(self._held) > self._max + _LONGEST_END:
            self._skipping = True
            self.oversized += 1
            del self._held[: 1 - _LONGEST_END]

    def _rare(self, block: bytes) -> list[bytes]:
        """One block of bytes in which old Command output or a giant may be."""
        if self._follows or block.startswith(FOLLOWS):
            return self._command_output(block)
        if len(block) > self._max:
            self.oversized += 1
            return []
        return [block]

    def _command_output(self, block: bytes) -> list[bytes]:
        """Gather until --END COMMAND--: empty lines are part of the output."""
        self._follows += (_END if self._follows else b"") + block
        if block.endswith(FOLLOWS_END):
            whole = [bytes(self._follows)]
        elif len(self._follows) > self._max:
            self.oversized += 1
            whole = []
        else:
            return []
        self._follows.clear()
        return whole
