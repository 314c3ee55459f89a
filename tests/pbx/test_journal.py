"""The journal: nothing that was acted on is lost, whatever kills the process or fills the disk."""

import errno
import gzip
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from calltrackd.pbx.journal import (
    Journal,
    JournalError,
    JournalFullError,
    JournalInUseError,
    JournalLimits,
)
from calltrackd.pbx.stream import Chunk, Stream

SMALL = JournalLimits(segment_bytes=300)


@contextmanager
def opened(folder: Path, limits: JournalLimits | None = None) -> Iterator[Journal]:
    """A journal, closed at the end."""
    journal = Journal(folder, "office", limits)
    try:
        yield journal
    finally:
        journal.close()


def files(folder: Path) -> list[str]:
    """Names of the segments."""
    return sorted(path.name for path in (folder / "office").glob("*.jsonl*"))


def test_numbers_go_on(tmp_path: Path) -> None:
    """Reads and marks share one series of numbers, also after a reopen."""
    with opened(tmp_path) as journal:
        assert journal.mark(1.0, "reconnect") == 1
        assert journal.append(2.0, b"a") == 2
        assert journal.mark(3.0, "eof") == 3
    with opened(tmp_path) as journal:
        assert journal.append(4.0, b"b") == 4
        assert list(journal.read()) == [
            Chunk(1, 1.0, mark="reconnect"),
            Chunk(2, 2.0, b"a"),
            Chunk(3, 3.0, mark="eof"),
            Chunk(4, 4.0, b"b"),
        ]


def test_reading_from_a_number_across_segments(tmp_path: Path) -> None:
    """The number decides, not the segment."""
    with opened(tmp_path, SMALL) as journal:
        for number in range(1, 51):
            journal.append(float(number), str(number).encode())
        for start in range(1, 52):
            found = [(chunk.seq, chunk.data) for chunk in journal.read(start)]
            assert found == [(n, str(n).encode()) for n in range(start, 51)]


def test_sealed_segments_are_packed(tmp_path: Path) -> None:
    """All but the newest are gzip; together they still are everything."""
    with opened(tmp_path, SMALL) as journal:
        for number in range(50):
            journal.append(float(number), b"x")
    names = files(tmp_path)
    assert len(names) > 3
    assert all(name.endswith(".gz") for name in names[:-1])
    assert names[-1].endswith(".jsonl")
    with opened(tmp_path, SMALL) as journal:
        assert [chunk.seq for chunk in journal.read()] == list(range(1, 52))


def test_segment_is_sealed_by_age(tmp_path: Path) -> None:
    """A quiet PBX still gets a new segment in time."""
    with opened(tmp_path, JournalLimits(segment_age_s=60)) as journal:
        for at in (0.0, 59.0, 60.0):
            journal.append(at, b"x")
    assert files(tmp_path) == ["000000000001.jsonl.gz", "000000000003.jsonl"]


def test_end_is_marked_after_a_kill(tmp_path: Path) -> None:
    """A journal without an end gets it when opened, dated at the last sign of life."""
    with opened(tmp_path) as journal:
        journal.append(5.0, b"x")
    with opened(tmp_path) as journal:
        assert list(journal.read(2)) == [Chunk(2, 5.0, mark="eof")]
    with opened(tmp_path) as journal:
        assert journal.next_seq == 3


@pytest.mark.parametrize("torn", [b'{"t": 1.0, "ra', b'{"t"', b"\0" * 100])
def test_torn_line_is_cut_off(tmp_path: Path, torn: bytes) -> None:
    """What kill -9 or a power cut left of a line is removed, counted, and its number reused."""
    with opened(tmp_path) as journal:
        journal.append(1.0, b"a")
        journal.mark(1.0, "eof")
    with (tmp_path / "office" / "000000000001.jsonl").open("ab") as file:
        file.write(torn)
    with opened(tmp_path) as journal:
        assert journal.torn == 1
        assert journal.append(2.0, b"b") == 3
        assert [chunk.data for chunk in journal.read()] == [b"a", b"", b"b"]


@pytest.mark.parametrize("header", [b"", b'{"stream": "am'])
def test_torn_header(tmp_path: Path, header: bytes) -> None:
    """A segment that was not begun yet costs nothing."""
    with opened(tmp_path) as journal:
        journal.append(1.0, b"a")
        journal.mark(1.0, "eof")
    (tmp_path / "office" / "000000000003.jsonl").write_bytes(header)
    with opened(tmp_path) as journal:
        assert journal.append(2.0, b"b") == 3
        assert [chunk.seq for chunk in journal.read()] == [1, 2, 3]


def test_killed_writer_loses_nothing(tmp_path: Path) -> None:
    """Every number that the writer told before kill -9 is there after it."""
    script = (
        "import sys; from pathlib import Path\n"
        "from calltrackd.pbx.journal import Journal, JournalLimits\n"
        "j = Journal(Path(sys.argv[1]), 'office', JournalLimits(segment_bytes=20000))\n"
        "while True: print(j.append(1.0, b'x' * 100), flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        for _ in range(2000):
            told = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split(b"\n")
    told = max([told, *(int(line) for line in rest[:-1])])
    with opened(tmp_path) as journal:
        found = list(journal.read())
    assert [chunk.seq for chunk in found] == list(range(1, len(found) + 1))
    assert len(found) - 1 >= told
    assert found[-1].mark == "eof"


def test_killed_packer_leaves_both_or_one(tmp_path: Path) -> None:
    """A half packed file is thrown away, a doubled segment is read once."""
    with opened(tmp_path, SMALL) as journal:
        for number in range(20):
            journal.append(float(number), b"x")
    folder = tmp_path / "office"
    first = folder / files(tmp_path)[0]
    first.with_suffix("").write_bytes(gzip.decompress(first.read_bytes()))
    (folder / "000000000001.jsonl.gz.tmp").write_bytes(b"half")
    with opened(tmp_path, SMALL) as journal:
        assert [chunk.seq for chunk in journal.read()] == list(range(1, 22))
    assert not list(folder.glob("*.tmp"))


def test_damaged_line_is_skipped_and_counted(tmp_path: Path) -> None:
    """A rotten line costs itself: the numbers around it stay right."""
    with opened(tmp_path) as journal:
        for number in range(1, 6):
            journal.append(float(number), str(number).encode())
    path = tmp_path / "office" / "000000000001.jsonl"
    lines = path.read_bytes().split(b"\n")
    lines[3] = b"rotten"
    path.write_bytes(b"\n".join(lines))
    with opened(tmp_path) as journal:
        before = journal.damaged
        assert [chunk.seq for chunk in journal.read()] == [1, 2, 4, 5, 6]
        assert journal.damaged == before + 1


def test_unreadable_segment_is_kept_aside(tmp_path: Path) -> None:
    """A rotten header does not stop the daemon; the file stays for a person, numbers go on."""
    with opened(tmp_path) as journal:
        journal.append(1.0, b"a")
        journal.mark(1.0, "eof")
    path = tmp_path / "office" / "000000000001.jsonl"
    path.write_bytes(b"rotten" + path.read_bytes())
    with opened(tmp_path) as journal:
        assert journal.append(2.0, b"b") >= 3
    assert (tmp_path / "office" / "000000000001.jsonl.damaged").exists()


def test_a_full_disk_leaves_the_journal_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line of which only a part fits is taken back; the number is used when there is room."""
    write = os.write

    def half(fd: int, data: bytes) -> int:
        if len(data) < 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(fd, data[:20])

    with opened(tmp_path) as journal:
        journal.append(1.0, b"a")
        with monkeypatch.context() as patch:
            patch.setattr("calltrackd.pbx.segment.os.write", half)
            with pytest.raises(JournalFullError, match="No space left"):
                journal.append(2.0, b"lost")
        assert [chunk.data for chunk in journal.read()] == [b"a"]
        assert journal.append(3.0, b"b") == 2
        assert [chunk.data for chunk in journal.read()] == [b"a", b"b"]


def test_a_full_disk_at_the_begin_of_a_segment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When no new segment can be begun, the old one stays as it was."""

    def full(_: int, __: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with opened(tmp_path, JournalLimits(segment_bytes=1)) as journal:
        journal.append(1.0, b"a")
        with monkeypatch.context() as patch:
            patch.setattr("calltrackd.pbx.segment.os.write", full)
            with pytest.raises(JournalFullError):
                journal.append(2.0, b"lost")
        assert journal.append(3.0, b"b") == 2
        assert [chunk.data for chunk in journal.read()] == [b"a", b"b"]


def test_a_broken_disk_is_another_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a lack of room is a lack of room; also when the part can't be taken back at once."""

    def broken(_: int, __: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    with opened(tmp_path) as journal:
        journal.append(1.0, b"a")
        with monkeypatch.context() as patch:
            patch.setattr("calltrackd.pbx.segment.os.write", broken)
            patch.setattr("calltrackd.pbx.journal.os.ftruncate", broken)
            with pytest.raises(JournalError, match="Input/output") as caught:
                journal.append(2.0, b"lost")
        assert not isinstance(caught.value, JournalFullError)
        with (tmp_path / "office" / "000000000001.jsonl").open("ab") as file:
            file.write(b"part of it")
        assert journal.append(3.0, b"b") == 2
        assert [chunk.data for chunk in journal.read()] == [b"a", b"b"]


def test_room_is_measured(tmp_path: Path) -> None:
    """Less room than the reserve is no room."""
    with opened(tmp_path) as journal:
        assert journal.has_room()
    with opened(tmp_path, JournalLimits(reserve_bytes=1 << 60)) as journal:
        assert not journal.has_room()


def test_pruned_by_size_but_never_what_is_needed(tmp_path: Path) -> None:
    """The oldest go when there is too much, up to the number that is still needed."""
    limits = JournalLimits(segment_bytes=300, total_bytes=1)
    with opened(tmp_path, limits) as journal:
        for number in range(40):
            journal.append(float(number), b"x")
    with opened(tmp_path, limits) as journal:
        assert next(journal.read()).seq == 1
        journal.keep_from(20)
        for number in range(40):
            journal.append(float(number), b"x")
    with opened(tmp_path, limits) as journal:
        oldest = next(journal.read()).seq
        assert 1 < oldest <= 20


def test_pruned_by_age(tmp_path: Path) -> None:
    """Old segments go even when there is room."""
    limits = JournalLimits(segment_bytes=1, total_age_s=100)
    with opened(tmp_path, limits) as journal:
        journal.keep_from(1000)
        for at in (0.0, 50.0, 120.0):
            journal.append(at, b"x")
    with opened(tmp_path, limits) as journal:
        assert [chunk.at for chunk in journal.read()] == [50.0, 120.0, 120.0]


def test_size_is_known(tmp_path: Path) -> None:
    """The metric's bytes are the files' bytes."""
    with opened(tmp_path, SMALL) as journal:
        for number in range(20):
            journal.append(float(number), b"x")
        journal._packer.submit(lambda: None).result()
        on_disk = [path.stat().st_size for path in (tmp_path / "office").glob("*.jsonl*")]
        assert journal.size == sum(on_disk)


def test_two_daemons_never_share_a_journal(tmp_path: Path) -> None:
    """The second writer is refused."""
    with opened(tmp_path), pytest.raises(JournalInUseError):
        Journal(tmp_path, "office")


def test_attachments_have_their_own(tmp_path: Path) -> None:
    """Two PBXs never mix, whatever their names."""
    for name in ("a", "../a", "a/b"):
        journal = Journal(tmp_path / "journals", name)
        journal.append(1.0, name.encode())
        assert [chunk.data for chunk in journal.read()] == [name.encode()]
        journal.close()
    assert [path.name for path in tmp_path.iterdir()] == ["journals"]


def test_numbers_of_a_lost_journal_are_not_used_again(tmp_path: Path) -> None:
    """When the store knows higher numbers, the journal goes on behind them."""
    with opened(tmp_path) as journal:
        journal.append(1.0, b"a")
        journal.start_at(100)
        assert journal.append(2.0, b"b") == 100
        journal.start_at(50)
        assert journal.append(3.0, b"c") == 101
        assert [chunk.seq for chunk in journal.read()] == [1, 100, 101]


def test_reading_while_it_is_written(tmp_path: Path) -> None:
    """A reader in another thread sees whole lines only, in order, while segments are packed."""
    with opened(tmp_path, JournalLimits(segment_bytes=3000)) as journal:
        journal.append(0.0, b"x")
        failures: list[object] = []

        def reader() -> None:
            for _ in range(60):
                start = max(1, journal.next_seq - 100)
                end = journal.next_seq
                found = [chunk.seq for chunk in journal.read(start)]
                if found[: end - start] != list(range(start, end)):
                    failures.append(found)

        thread = threading.Thread(target=reader)
        thread.start()
        while thread.is_alive():
            journal.append(1.0, b"y" * 50)
        thread.join()
    assert failures == []
    assert journal.damaged == 0


def test_another_make_under_the_same_name_begins_a_segment(tmp_path: Path) -> None:
    """A segment holds one make's stream; numbers go on."""
    journal = Journal(tmp_path, "office")
    journal.append(1.0, b"Asterisk Call Manager")
    journal.mark(2.0, "eof")
    journal.close()
    journal = Journal(tmp_path, "office", stream="esl-plain")
    journal.append(3.0, b"Content-Type: auth/request\n\n\xff")
    journal.close()
    streams = [Stream(path) for path in sorted((tmp_path / "office").glob("*.jsonl*"))]
    assert [stream.header.stream for stream in streams] == ["ami", "esl-plain"]
    assert [chunk.seq for stream in streams for chunk in stream] == [1, 2, 3]
    assert next(iter(streams[1])).data.endswith(b"\xff")
