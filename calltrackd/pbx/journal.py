"""The write-ahead log of one attachment: every byte of its PBX, numbered, before it is acted on.

A folder of segments in the format of stream.py, named by the number of their first line. The
newest is plain text and written line by line, so kill -9 costs at most a line that nobody has acted
on yet; older ones are packed in a thread. What is written is safe from the death of this process
at once, from a loss of power when its segment is sealed.

    JournalError           bytes could not be kept: do not act on them
        JournalFullError   ... since the disk is full: go on when has_room() says so
        JournalInUseError  another process writes this journal
"""

import errno
import fcntl
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import msgspec
import structlog

from calltrackd.pbx.segment import PLAIN, Segment, found_in, write_all
from calltrackd.pbx.stream import (
    ENCODINGS,
    Chunk,
    Header,
    Kind,
    Mark,
    StreamError,
    chunk_line,
    header_line,
    mark_line,
    moment,
)

_log = structlog.get_logger(__name__)
_Line = Callable[[Header], bytes]
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class JournalError(Exception):
    """Bytes could not be kept. The journal is as it was before; the text names file and reason."""


class JournalFullError(JournalError):
    """There is no room on the disk."""


class JournalInUseError(JournalError):
    """Another process writes this journal."""


class JournalLimits(msgspec.Struct, frozen=True, kw_only=True):
    """When a segment is sealed and when it is dropped; sizes in bytes, ages in seconds."""

    segment_bytes: int = 16 << 20
    segment_age_s: float = 3600.0
    total_bytes: int = 2 << 30
    total_age_s: float = 7 * 86400.0
    reserve_bytes: int = 32 << 20
    """Room on the disk without which a new connection is not begun."""


class Journal:
    """Appends and reads the journal of the attachment `pbx`, which speaks `stream`, under `folder`.

    Opening mends what a killed process left: a half written line is cut off (`torn`), and when the
    last line is not the end of a connection, that mark is added at the time of the last line.
    Methods are called from one thread; `read` may run in another while appends go on.
    """

    def __init__(
        self, folder: Path, pbx: str, limits: JournalLimits | None = None, stream: Kind = "ami"
    ) -> None:
        self.folder = folder / quote(pbx, safe="")
        self.limits = limits or JournalLimits()
        self.torn = 0
        self.damaged = 0
        self.next_seq = 1
        self.last_at: float | None = None
        """When the last line was, unix seconds; None: the journal is empty."""
        self.pbx = pbx
        self._mutex = threading.Lock()
        self._packer = ThreadPoolExecutor(1, thread_name_prefix=f"journal-{pbx}")
        self._fd: int | None = None
        self._stream = stream
        self._header = Header(pbx=pbx, t0=0.0)
        self._dirty = False
        self._unended = False
        self._crowded = False
        self._lock = _lock(self.folder)
        self._segments = found_in(self.folder)
        self._keep_from = 1
        self._recover()

    # -- writing

    def append(self, at: float, data: bytes) -> int:
        """Keep one socket read that came at `at` (unix seconds); its number.

        Raises JournalError: then nothing was kept and the number is not used up.
        """
        return self._append(at, lambda header: chunk_line(header, at, data))

    def mark(self, at: float, mark: Mark) -> int:
        """Keep that a connection ended or began; the number of the mark. Raises JournalError."""
        return self._append(at, lambda header: mark_line(header, at, mark))

    def _append(self, at: float, line: _Line) -> int:
        seq = self.next_seq
        if self._fd is None or self._outgrown(at):
            self._begin(seq, at, line)
        else:
            self._write(self._fd, line(self._header))
        self.next_seq = seq + 1
        self.last_at = self._segments[-1].last_at = moment(at)
        return seq

    def _outgrown(self, at: float) -> bool:
        active = self._segments[-1]
        return (
            active.size >= self.limits.segment_bytes
            or at - self._header.t0 >= self.limits.segment_age_s
            or self._header.stream != self._stream  # the attachment was another make's before
        )

    def _begin(self, seq: int, at: float, line: _Line) -> None:
        """A new segment with its first line. The old one stays the active one when that fails."""
        encoding = ENCODINGS[self._stream]
        header = Header(
            stream=self._stream, pbx=self.pbx, t0=moment(at), encoding=encoding, seq=seq
        )
        path = self.folder / f"{seq:012d}{PLAIN}"
        segment = Segment(seq, path, size=0, last_at=at)
        old = self._fd
        try:
            fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC, 0o640)
        except OSError as error:
            raise _typed(path, error) from error
        try:
            segment.size = write_all(fd, header_line(header) + line(header))
        except OSError as error:
            os.close(fd)
            path.unlink()
            raise _typed(path, error) from error
        with self._mutex:
            self._segments.append(segment)
        self._fd, self._header, self._dirty = fd, header, False
        if old is not None:
            os.close(old)
        self._tidy()

    def _write(self, fd: int, line: bytes) -> None:
        active = self._segments[-1]
        try:
            if self._dirty:
                os.ftruncate(fd, active.size)
                self._dirty = False
            active.size += write_all(fd, line)
        except OSError as error:
            self._undo(fd, active.size)
            raise _typed(active.path, error) from error

    def _undo(self, fd: int, size: int) -> None:
        """Cut a half written line off again; when even that fails, before the next one."""
        try:
            os.ftruncate(fd, size)
        except OSError:
            self._dirty = True

    def start_at(self, seq: int) -> None:
        """Numbers below `seq` were used by a journal that is gone; no effect when behind."""
        if seq <= self.next_seq:
            return
        self.next_seq = seq
        if self._fd is not None:  # a segment's numbers have no holes: begin another
            os.close(self._fd)
            self._fd = None

    def has_room(self) -> bool:
        """Whether the disk has the reserve that a new connection should find."""
        return shutil.disk_usage(self.folder).free >= self.limits.reserve_bytes

    def close(self) -> None:
        """Finish packing, make the newest segment safe, let others open the journal."""
        self._packer.shutdown(wait=True)
        if self._fd is not None:
            os.fsync(self._fd)
            os.close(self._fd)
            self._fd = None
        os.close(self._lock)

    # -- reading

    def read(self, from_seq: int = 1) -> Iterator[Chunk]:
        """Chunks and marks from this number on, up to the newest when the reading began.

        Begins later when older segments were pruned; skips damaged lines (counted in `damaged`,
        logged with file and line). So a caller that must have every one compares numbers.
        """
        seq, end = from_seq, self.next_seq
        while seq < end and (segment := self._holding(seq)) is not None:
            path = segment.path
            try:
                stream = segment.stream(self._damaged)
                for chunk in stream.between(seq, end):
                    yield chunk
                    seq = chunk.seq + 1
                self.torn += stream.torn
            except FileNotFoundError:
                if segment.path == path and segment in self._segments:
                    raise
                continue  # packed or pruned meanwhile: look again
            except StreamError as error:
                self._damaged(error)
            seq = max(seq, self._end_of(segment, end))

    def _holding(self, seq: int) -> Segment | None:
        """The segment with this number, or the next one that there is."""
        with self._mutex:
            for segment, following in pairwise([*self._segments, None]):
                if segment is not None and (following is None or following.first > seq):
                    return segment
        return None

    def _end_of(self, segment: Segment, end: int) -> int:
        with self._mutex:
            later = [other.first for other in self._segments if other.first > segment.first]
        return min([*later, end])

    def _damaged(self, error: StreamError) -> None:
        self.damaged += 1
        _log.error("journal is damaged here", pbx=self.pbx, error=str(error))

    # -- keeping within limits

    @property
    def size(self) -> int:
        """Bytes on disk."""
        with self._mutex:
            return sum(segment.size for segment in self._segments)

    def keep_from(self, seq: int) -> None:
        """What is older than this number may be pruned; until first told, nothing may."""
        self._keep_from = seq

    def _pack_and_prune(self) -> None:
        """In the packer's thread: pack all but the newest segment, drop what is over the limits."""
        with self._mutex:
            plain = [segment for segment in self._segments[:-1] if segment.is_plain]
        for segment in plain:
            try:
                segment.pack(self._mutex)
            except OSError as error:
                _log.warning("journal segment stays unpacked", path=segment.path, error=error)
        for segment in self._prunable():
            segment.path.unlink(missing_ok=True)
            _log.debug("journal segment pruned", path=segment.path)

    def _prunable(self) -> list[Segment]:
        """Take the oldest segments out of the list while they are unprotected and too many."""
        pruned: list[Segment] = []
        with self._mutex:
            total = sum(segment.size for segment in self._segments)
            horizon = (self.last_at or 0.0) - self.limits.total_age_s
            while len(self._segments) > 1:
                oldest = self._segments[0]
                too_big = total > self.limits.total_bytes
                if not too_big and oldest.last_at >= horizon:
                    break
                if self._segments[1].first > self._keep_from:
                    self._tell_crowded(total, too_big=too_big)
                    break
                total -= oldest.size
                pruned.append(self._segments.pop(0))
        return pruned

    def _tell_crowded(self, total: int, *, too_big: bool) -> None:
        if too_big and not self._crowded:
            _log.warning(
                "journal is over its limit: calls in progress or unsaved ones still need it",
                pbx=self.pbx,
                bytes=total,
                limit=self.limits.total_bytes,
            )
        self._crowded = too_big

    def _tidy(self) -> None:
        self._packer.submit(self._pack_and_prune).add_done_callback(self._tidied)

    def _tidied(self, done: Future[None]) -> None:
        if (error := done.exception()) is not None:
            _log.error("journal could not be tidied", pbx=self.pbx, error=error)

    # -- after a crash

    def _recover(self) -> None:
        if self._segments:
            self._resume(self._segments[-1])
        if self._unended and self.last_at is not None:
            self.mark(self.last_at, "eof")
        self._tidy()

    def _resume(self, newest: Segment) -> None:
        """Go on where the newest segment ends; put it aside when it can't be read at all."""
        if newest.is_plain:
            self.torn += newest.mend()
        try:
            stream = newest.stream(self._damaged)
        except StreamError as error:
            self._damaged(error)
            self.next_seq = newest.first + newest.put_aside()
            self._segments.pop()
            return
        self.next_seq, self.last_at = stream.header.seq, stream.header.t0
        for chunk in stream:
            self.next_seq, self.last_at = chunk.seq + 1, chunk.at
            self._unended = chunk.mark != "eof"
        newest.last_at = self.last_at
        if newest.is_plain:
            self._header = stream.header
            self._fd = os.open(newest.path, os.O_WRONLY | os.O_APPEND)


def _lock(folder: Path) -> int:
    """Hold the folder against a second writer, as long as the descriptor lives."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o640)
    except OSError as error:
        raise _typed(folder, error) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise JournalInUseError(f"{folder}: another process writes this journal") from error
    return lock


def _typed(path: Path, error: OSError) -> JournalError:
    kind = JournalFullError if error.errno in _FULL else JournalError
    return kind(f"{path}: {error.strerror or error}")
