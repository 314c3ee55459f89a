"""The recording format: exact bytes and times come back, damage is tolerated only at the end."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltrackd.pbx.stream import (
    Chunk,
    Header,
    Stream,
    StreamError,
    chunk_line,
    header_line,
    mark_line,
    moment,
    read,
)
from calltrackd.pbx.wire import AmiCodec

HEADER = Header(pbx="office", t0=1795423709.557732)
RECORDINGS = sorted((Path(__file__).parents[1] / "streams").glob("asterisk-*/*.jsonl*"))
SHARED = sorted((Path(__file__).parents[3] / "shared/traces/streams").glob("asterisk-*/*.jsonl"))


def write(path: Path, *lines: bytes) -> Path:
    """A stream file of these lines behind a header."""
    path.write_bytes(header_line(HEADER) + b"".join(lines))
    return path


@given(st.binary(), st.floats(0, 10_000_000))
def test_bytes_and_time_come_back(data: bytes, after: float) -> None:
    """Any bytes and any microsecond are the same after a round through the file's line."""
    at = moment(HEADER.t0 + after)
    entry = json.loads(chunk_line(HEADER, at, data))
    assert entry["raw"].encode("utf-8", "surrogateescape") == data
    assert moment(HEADER.t0 + entry["t"]) == at


def test_chunks_and_marks(tmp_path: Path) -> None:
    """Reads and marks come back in order and numbered."""
    path = write(
        tmp_path / "a.jsonl",
        mark_line(HEADER, HEADER.t0, "reconnect"),
        chunk_line(HEADER, HEADER.t0 + 1.5, b"a\xd0"),
        mark_line(HEADER, HEADER.t0 + 2, "eof"),
    )
    assert list(read(path)) == [
        Chunk(1, HEADER.t0, mark="reconnect"),
        Chunk(2, moment(HEADER.t0 + 1.5), b"a\xd0"),
        Chunk(3, moment(HEADER.t0 + 2), mark="eof"),
    ]


@pytest.mark.parametrize("forged", [b"--EOF--", b"x\n--EOF--", b"--RECONNECT--"])
def test_bytes_that_look_like_a_mark_are_bytes(tmp_path: Path, forged: bytes) -> None:
    """Nobody can end a connection by sending the words for it."""
    path = write(tmp_path / "a.jsonl", chunk_line(HEADER, HEADER.t0, forged))
    assert [(chunk.data, chunk.mark) for chunk in read(path)] == [(forged, None)]


def test_last_bytes_stand_before_their_mark(tmp_path: Path) -> None:
    """A trace's EOF line can carry the unfinished message."""
    path = write(tmp_path / "a.jsonl", b'{"t": 1, "raw": "Event: Ha\\n--EOF--"}\n')
    assert [(c.seq, c.data, c.mark) for c in read(path)] == [
        (1, b"Event: Ha", None),
        (2, b"", "eof"),
    ]


def test_packed_file(tmp_path: Path) -> None:
    """A file that ends with .gz is unpacked."""
    plain = write(tmp_path / "a.jsonl", chunk_line(HEADER, HEADER.t0, b"x"))
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert list(read(packed)) == list(read(plain))


def test_packed_file_that_breaks_off(tmp_path: Path) -> None:
    """What can be unpacked is read; the damage is counted."""
    plain = write(tmp_path / "a.jsonl", *[chunk_line(HEADER, HEADER.t0, b"x")] * 500)
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes())[:-20])
    stream = Stream(packed)
    assert 0 < len(list(stream)) <= 500
    assert stream.torn == 1


@pytest.mark.parametrize("tail", [b'{"t": 2, "ra', b"\0\0\0\0", b"{}"])
def test_torn_last_line_is_tolerated(tmp_path: Path, tail: bytes) -> None:
    """What a killed writer left ends the stream quietly, and is counted."""
    path = write(tmp_path / "a.jsonl", chunk_line(HEADER, HEADER.t0, b"x"), tail)
    stream = Stream(path)
    assert [chunk.data for chunk in stream] == [b"x"]
    assert stream.torn == 1


def test_bad_line_in_the_middle_is_named(tmp_path: Path) -> None:
    """Damage elsewhere is an error with file and line."""
    good = chunk_line(HEADER, HEADER.t0, b"x")
    path = write(tmp_path / "a.jsonl", good, b"rubbish\n", good)
    with pytest.raises(StreamError, match=r"a\.jsonl, line 3"):
        list(read(path))


@pytest.mark.parametrize("line", [b"", b"rubbish\n", b'{"stream": "sip", "pbx": "x", "t0": 1}\n'])
def test_bad_header_is_named(tmp_path: Path, line: bytes) -> None:
    """A file of another kind is refused at once."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(line)
    with pytest.raises(StreamError, match=r"a\.jsonl, line 1"):
        read(path)


def test_esl_streams_are_latin_1(tmp_path: Path) -> None:
    """FreeSWITCH's bytes are kept one character a byte."""
    header = Header(stream="esl-plain", pbx="fs", t0=1.0, encoding="latin-1")
    path = tmp_path / "a.jsonl"
    path.write_bytes(header_line(header) + chunk_line(header, 1.0, b"\xd0\x91"))
    assert [chunk.data for chunk in read(path)] == [b"\xd0\x91"]


def test_reading_from_a_number(tmp_path: Path) -> None:
    """A journal's segment can be read from and to a number."""
    lines = [chunk_line(HEADER, HEADER.t0, bytes([n])) for n in range(65, 75)]
    found = Stream(write(tmp_path / "a.jsonl", *lines)).between(4, 7)
    assert [(chunk.seq, chunk.data) for chunk in found] == [(4, b"D"), (5, b"E"), (6, b"F")]


@pytest.mark.parametrize(
    "path", RECORDINGS + SHARED, ids=lambda path: f"{path.parent.name}/{path.name}"
)
@pytest.mark.parametrize("size", [1, 997])
def test_recordings_parse_alike_however_cut(path: Path, size: int) -> None:
    """Streams of real Asterisk give the same frames however cut, and none malformed."""
    whole, cut, seen = AmiCodec(), AmiCodec(), 0
    for reads in connections(path):
        data = b"".join(reads)[: 20_000 if size == 1 else None]
        pieces = [data[n : n + size] for n in range(0, len(data), size)]
        expected = whole.feed(data) if size == 1 else [f for r in reads for f in whole.feed(r)]
        assert [frame for piece in pieces for frame in cut.feed(piece)] == expected
        seen += len(expected)
        whole.reset()
        cut.reset()
    assert seen > 10
    assert cut.counters == whole.counters
    assert cut.counters.get("malformed", 0) + cut.counters["oversized"] == 0


def connections(path: Path) -> list[list[bytes]]:
    """Reads of each connection in a recording."""
    found: list[list[bytes]] = [[]]
    for chunk in read(path):
        if chunk.mark is None:
            found[-1].append(chunk.data)
        else:
            found.append([])
    return found
