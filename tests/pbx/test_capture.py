"""Captures for bug reports: no number of a person in them, and they replay."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltrackd.pbx.capture import Capture, Masker
from calltrackd.pbx.stream import Header, read

KEY = b"0123456789abcdef"
numbers = st.from_regex(r"\+?\d{7,15}", fullmatch=True)


@given(numbers)
def test_length_stays(number: str) -> None:
    """A masked number is as long, and a number."""
    masked = Masker(key=KEY).mask(number)
    assert len(masked) == len(number)
    assert re.fullmatch(r"\+?\d+", masked)


@given(st.lists(st.from_regex(r"7\d{10}", fullmatch=True), min_size=2, max_size=20, unique=True))
def test_different_numbers_stay_different(some: list[str]) -> None:
    """No two numbers become one."""
    masker = Masker(key=KEY)
    assert len({masker.mask(number) for number in some}) == len(some)


def test_number_is_hidden_and_the_same_in_every_form() -> None:
    """With plus, with 8, without a prefix: one number, not the real one."""
    masker = Masker(key=KEY)
    forms = [masker.mask(f) for f in ("+79161234567", "89161234567", "9161234567", "1234567")]
    assert {form[-7:] for form in forms} != {"1234567"}
    assert len({form[-7:] for form in forms}) == 1


def test_captures_differ() -> None:
    """Without a key, nobody can compare two captures."""
    masked = {Masker().mask("+79161234567") for _ in range(5)}
    assert len(masked) > 1


@pytest.mark.parametrize("form", ["+74950000001", "84950000001", "4950000001"])
def test_tracking_numbers_can_be_kept(form: str) -> None:
    """Numbers of the settings stay in each of their forms, else nothing would match."""
    assert Masker(keep=["+74950000001"], key=KEY).mask(form) == form


@pytest.mark.parametrize(
    "text",
    [
        "Uniqueid: 1795423309.6",
        "Uniqueid: lab22-1795423309.6",
        "Channel: PJSIP/trunk-00000004",
        "Channel: Local/101@from-queue-0000002a;1",
        "BridgeUniqueid: 12345678-1234-1234-1234-123456789012",
        "Channel: PJSIP/101-00000001, PJSIP/102-00000002",
        "File: /var/spool/in-101-20261123-084829.wav",
        "SessionID: 0x7feb3c0298401234",
        "Extension: 100500",
    ],
)
def test_ids_and_short_numbers_stay(text: str) -> None:
    """What ties the stream together is no phone number."""
    assert Masker(key=KEY).mask(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "Channel: Local/79161234567@out-00000001;2",
        "File: /var/spool/79161234567.wav",
        "Uri: sip:%2B79161234567@example.org",
        'CallerID: "Ann" <79161234567>',
        "Value: c79161234567",
    ],
)
def test_numbers_are_found_everywhere(text: str) -> None:
    """Inside channel names, paths and URIs a number is a number."""
    assert "79161234567" not in Masker(key=KEY).mask(text)


def test_number_cut_by_a_read_is_hidden(tmp_path: Path) -> None:
    """A number of which each half is too short is found across reads."""
    path = tmp_path / "a.jsonl"
    with Capture(path, Header(pbx="office", t0=0.0), Masker(key=KEY)) as capture:
        capture.chunk(1.0, b"Event: X\r\nNum: 791612")
        capture.chunk(2.0, b"34567\r\n\r\nEv")
        capture.mark(3.0, "eof")
    chunks = list(read(path))
    data = b"".join(chunk.data for chunk in chunks).decode()
    assert data == Masker(key=KEY).mask("Event: X\r\nNum: 79161234567\r\n\r\nEv")
    assert "4567" not in data
    assert chunks[-1].mark == "eof"


def test_capture_without_masks_is_exact(tmp_path: Path) -> None:
    """Unmasked, reads come back as they were; a file is never overwritten."""
    path = tmp_path / "a.jsonl"
    with Capture(path, Header(pbx="office", t0=0.0)) as capture:
        capture.chunk(1.0, b"Num: 791612\xd0")
    assert [chunk.data for chunk in read(path)] == [b"Num: 791612\xd0"]
    with pytest.raises(FileExistsError):
        Capture(path, Header(pbx="office", t0=0.0))
