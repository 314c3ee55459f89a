"""Recorded streams: journal segments, captures and the traces for tests are one format.

One JSON object a line. First a header `{"stream": "ami", "pbx": NAME, "scenario": …, "t0": unix
seconds, "encoding": …}`, then one socket read a line: `{"t": seconds after t0, "raw": text}`. AMI
bytes are `raw.encode("utf-8", "surrogateescape")`, ESL bytes `raw.encode("latin-1")`, so any bytes
come back exactly. `--EOF--` in raw marks the end of a connection, `--RECONNECT--` the next one;
raw with `"data": true` is bytes that only look like a mark. A journal's header has `seq`, the
number of its first line; elsewhere lines count from 1. Plain or gzip, by the name's end.
"""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Literal, cast

import msgspec

Mark = Literal["eof", "reconnect"]
Kind = Literal["ami", "esl-plain"]

EOF = "--EOF--"
RECONNECT = "--RECONNECT--"
_MARKS: dict[Mark, str] = {"eof": EOF, "reconnect": RECONNECT}
ENCODINGS: dict[Kind, str] = {"ami": "utf-8+surrogateescape", "esl-plain": "latin-1"}


class StreamError(Exception):
    """A stream file can't be used; the text names file and line."""


class Chunk(msgspec.Struct, frozen=True, gc=False):
    """One socket read, or a mark (then without data). `at`: unix seconds, exact to 1 µs."""

    seq: int
    at: float
    data: bytes = b""
    mark: Mark | None = None


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line. `t0`: unix seconds; `seq`: number of the first line after it."""

    stream: Kind = "ami"
    pbx: str
    scenario: str = ""
    t0: float
    encoding: str = ENCODINGS["ami"]
    seq: int = 1


def moment(at: float) -> float:
    """The time as a stream keeps it: whole microseconds.

    What acts on live bytes takes it so too, else a replay would differ.
    """
    return round(at, 6)


def header_line(header: Header) -> bytes:
    """The header as the file's first line."""
    return msgspec.json.encode(header) + b"\n"


def chunk_line(header: Header, at: float, data: bytes) -> bytes:
    """One socket read as a line of the file."""
    text = _decode(header.stream, data)
    line: dict[str, float | str | bool] = {"t": moment(at - header.t0), "raw": text}
    if _split_mark(text)[1] is not None:
        line["data"] = True
    return json.dumps(line).encode() + b"\n"


def mark_line(header: Header, at: float, mark: Mark) -> bytes:
    """The end of a connection, or the begin of the next, as a line of the file."""
    return json.dumps({"t": moment(at - header.t0), "raw": _MARKS[mark]}).encode() + b"\n"


def read(path: Path) -> Iterator[Chunk]:
    """All chunks and marks of a file; StreamError as Stream says."""
    return iter(Stream(path))


class Stream:
    """A file of the format, to iterate over. The header is read at once.

    A damaged last line (the writer was killed, the disk was full) ends the stream quietly: `torn`
    counts it. Another line that can't be read, or the header, raises StreamError with file and
    line; with `on_damage` that is told instead, and the line's number stays unused.
    """

    def __init__(self, path: Path, on_damage: Callable[[StreamError], None] | None = None) -> None:
        self.path = path
        self.torn = 0
        self._on_damage = on_damage
        with open_bytes(path) as file:
            self.header = self._header(self._line(file))

    def __iter__(self) -> Iterator[Chunk]:
        return self.between(self.header.seq)

    def between(self, seq: int, until: int | None = None) -> Iterator[Chunk]:
        """Chunks from the one with this number on, up to `until` (not included).

        What is before is skipped unparsed, so a `seq` other than the header's must be a journal's:
        there each line is one chunk.
        """
        with open_bytes(self.path) as file:
            self._line(file)
            number, at = 1, self.header.seq
            while at < seq and self._line(file):
                at, number = at + 1, number + 1
            yield from self._chunks(file, number, at, until)

    def _chunks(self, file: BinaryIO, number: int, seq: int, until: int | None) -> Iterator[Chunk]:
        following = self._line(file)
        while (line := following) and (until is None or seq < until):
            number += 1
            following = self._line(file)
            try:
                chunks = self._parse(seq, line)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                if not following:
                    self.torn += 1
                    return
                self._damaged(StreamError(f"{self.path}, line {number}: {error!r}"))
                seq += 1
            else:
                yield from chunks
                seq += len(chunks)

    def _damaged(self, error: StreamError) -> None:
        if self._on_damage is None:
            raise error
        self._on_damage(error)

    def _parse(self, seq: int, line: bytes) -> list[Chunk]:
        """One line; a trace's EOF line can have the last, unfinished bytes before its mark."""
        entry = json.loads(line)
        at, text = moment(self.header.t0 + entry["t"]), entry["raw"]
        rest, mark = (text, None) if entry.get("data") else _split_mark(text)
        chunks = []
        if rest or mark is None:
            chunks.append(Chunk(seq, at, _encode(self.header.stream, rest)))
        if mark is not None:
            chunks.append(Chunk(seq + len(chunks), at, mark=mark))
        return chunks

    def _line(self, file: BinaryIO) -> bytes:
        """The next line; empty at the end, also where a gzip file breaks off."""
        try:
            return file.readline()
        except (EOFError, zlib.error, gzip.BadGzipFile):
            self.torn += 1
            return b""

    def _header(self, line: bytes) -> Header:
        try:
            header = msgspec.json.decode(line, type=Header)
        except msgspec.DecodeError as error:
            raise StreamError(f"{self.path}, line 1: not a stream's header: {error}") from error
        return msgspec.structs.replace(header, t0=moment(header.t0))


def open_bytes(path: Path) -> BinaryIO:
    """The file's bytes, unpacked when its name ends with .gz."""
    return cast("BinaryIO", gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb"))


def _split_mark(text: str) -> tuple[str, Mark | None]:
    if text == RECONNECT:
        return "", "reconnect"
    if text == EOF:
        return "", "eof"
    if text.endswith("\n" + EOF):
        return text[: -len(EOF) - 1], "eof"
    return text, None


def _decode(kind: Kind, data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape") if kind == "ami" else data.decode("latin-1")


def _encode(kind: Kind, text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape") if kind == "ami" else text.encode("latin-1")
