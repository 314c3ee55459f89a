"""Where one AMI message ends and the next begins, found in bytes; wire.py tells the theory."""

MAX_FRAME = 1 << 20
"""Bytes. The longest real message seen is 3 KB; a queue with 1,000 members sends items of 400 B."""

BANNER = b"Asterisk Call Manager/"
FOLLOWS = b"Response: Follows\r\nPrivilege: Command"
"""How Command's output began before Asterisk 14."""
FOLLOWS_END = b"--END COMMAND--"

_END = b"\r\n\r\n"
_SHORT_END = b"\r\n\n"
_EMPTY_LINES = _END + b"\r"
_NEWLINES = b"\r\n"


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
        if self._follows or block.startswith(FOLLOWS):
            return banners + self._command_output(block)
        if len(block) > self._max:
            self.oversized += 1
            return banners
        return [*banners, block] if block else banners

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
