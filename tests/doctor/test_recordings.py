"""Recordings that are missing, one-sided, mixed, elsewhere or empty."""

import wave
from pathlib import Path

import pytest

from calltrackd.doctor import disk, recordings
from calltrackd.doctor.facts import AudioFile, Folder
from calltrackd.settings import RecordingSettings
from tests.doctor.seeds import brief, only, site, talk

BOTH_SIDES = ("both", "caller", "operator")


def test_talks_recorded_on_both_sides_are_fine() -> None:
    """A file for each side, all on this machine."""
    call = talk(sides=BOTH_SIDES)
    files = {item.path: AudioFile(32_768, 1) for item in call.recordings}
    assert list(recordings.check(site(calls=(call,), files=files))) == []


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
    files = dict.fromkeys((item.path for item in call.recordings), None)
    found = only(recordings.check(site(calls=(call,), files=files)))
    assert (found.check, found.severity) == ("recordings.files", "warning")
    assert '"/rec" = "/mnt/recordings"' in found.mend


def test_empty_file() -> None:
    """A killed PBX or a full disk leaves 0 bytes."""
    call = talk(sides=BOTH_SIDES)
    files = {item.path: AudioFile(0) for item in call.recordings[:1]}
    found = only(recordings.check(site(calls=(call,), files=files)))
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


FREESWITCH = {"pbx": [{"kind": "freeswitch", "name": "hq", "secret": "x"}]}


@pytest.mark.parametrize(
    ("channels", "found"), [(2, []), (None, []), (1, [("recordings.mixed", "note")])]
)
def test_stereo_file_holds_the_sides_apart(channels: int | None, found: list[object]) -> None:
    """FreeSWITCH writes one file: its head tells how many channels, and unknown is not mixed."""
    call = talk(sides=("both",))
    files = {item.path: AudioFile(32_768, channels) for item in call.recordings}
    facts = site(FREESWITCH, calls=(call,), files=files)
    assert brief(recordings.check(facts)) == found


def test_mend_is_that_of_the_make() -> None:
    """A FreeSWITCH gets FreeSWITCH's lines, beside an Asterisk that gets its own."""
    both = [*FREESWITCH["pbx"], {"kind": "asterisk", "name": "branch", "secret": "x"}]
    calls = (talk(), talk(pbx="branch"))
    ours, theirs = recordings.check(site({"pbx": both}, calls=calls))
    assert (ours.pbx, theirs.pbx) == ("hq", "branch")
    assert "fs_cli -x reloadxml" in ours.mend
    assert "asterisk -rx 'dialplan reload'" in theirs.mend


def test_calls_of_an_attachment_that_is_gone_are_not_judged() -> None:
    """There is no dialplan left to mend."""
    assert list(recordings.check(site(calls=(talk(pbx="sold"),)))) == []


def test_head_of_a_file_is_read_where_the_pbx_put_it(tmp_path: Path) -> None:
    """Size and channels of what is here, through the map of folders; None for what is not."""
    with wave.open(str(tmp_path / "0-both.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(400))
    (tmp_path / "1-caller.wav").write_bytes(bytes(100))
    settings = RecordingSettings(folders=[tmp_path], path_map={"/rec": str(tmp_path)})
    found = disk.files([talk(sides=("both", "caller", "operator"))], settings)
    assert found == {
        "/rec/0-both.wav": AudioFile(444, 2),
        "/rec/1-caller.wav": AudioFile(100, None),
        "/rec/2-operator.wav": None,
    }
