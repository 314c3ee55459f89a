"""Recordings that are missing, one-sided, mixed, elsewhere or empty."""

from pathlib import Path

from calltrackd.doctor import recordings
from calltrackd.doctor.facts import Folder
from tests.doctor.seeds import brief, only, site, talk

BOTH_SIDES = ("both", "caller", "operator")


def test_talks_recorded_on_both_sides_are_fine() -> None:
    """A file for each side, all on this machine."""
    call = talk(sides=BOTH_SIDES)
    sizes = {item.path: 32_768 for item in call.recordings}
    assert list(recordings.check(site(calls=(call,), sizes=sizes))) == []


def test_unrecorded_talk_is_told_with_its_number() -> None:
    """The number leads to the dialplan that lacks the line."""
    calls = (talk(sides=BOTH_SIDES), talk("+74950000002"))
    found = only(recordings.check(site(calls=calls)))
    assert (found.check, found.severity) == ("recordings.missing", "warning")
    assert found.what.startswith("1 of the latest 2 talks")
    assert "+74950000002" in found.what
    assert any("calltrackd-record" in line for line in found.mend)


def test_short_talk_and_lost_call_need_no_recording() -> None:
    """Asterisk may have nothing to write."""
    calls = (talk(clean_talk_s=2.0), talk(clean_talk_s=0.0, outcome="abandoned"))
    assert list(recordings.check(site(calls=calls))) == []


def test_one_side_only() -> None:
    """Half of the talk can't be heard."""
    found = only(recordings.check(site(calls=(talk(sides=("caller",)),))))
    assert (found.check, found.severity) == ("recordings.one_sided", "warning")


def test_mix_only_is_a_note() -> None:
    """It can be heard, but not who says what."""
    found = only(recordings.check(site(calls=(talk(sides=("both",)),))))
    assert (found.check, found.severity) == ("recordings.mixed", "note")


def test_file_that_is_not_on_this_machine() -> None:
    """The PBX is another host: path_map, with the PBX's folder filled in."""
    call = talk(sides=BOTH_SIDES)
    sizes = dict.fromkeys((item.path for item in call.recordings), None)
    found = only(recordings.check(site(calls=(call,), sizes=sizes)))
    assert (found.check, found.severity) == ("recordings.files", "warning")
    assert '"/rec" = "/mnt/recordings"' in found.mend


def test_empty_file() -> None:
    """A killed PBX or a full disk leaves 0 bytes."""
    call = talk(sides=BOTH_SIDES)
    sizes = {item.path: 0 for item in call.recordings[:1]}
    found = only(recordings.check(site(calls=(call,), sizes=sizes)))
    assert (found.check, found.severity) == ("recordings.empty", "warning")


def test_folder_that_cannot_be_read() -> None:
    """With the reason and the right to give."""
    folders = (Folder(Path("/ok")), Folder(Path("/shut"), "Permission denied"))
    found = only(recordings.check(site(folders=folders)))
    assert (found.check, found.severity) == ("recordings.folder", "warning")
    assert "/shut" in found.what
    assert "Permission denied" in found.what
    assert any(line.startswith("setfacl") and "/shut" in line for line in found.mend)


def test_store_that_cannot_be_read_is_told() -> None:
    """What was not looked at is said so."""
    facts = site(calls=None, no_calls_because="there is no database yet")
    assert brief(recordings.check(facts)) == [("recordings.store", "note")]
