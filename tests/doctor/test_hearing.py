"""Whether calls can be heard while they live, by the way that is wanted."""

from typing import Any

import pytest

from calltrackd.doctor import hearing
from calltrackd.doctor.asterisk.facts import AsteriskFacts, ManagerUser
from calltrackd.doctor.facts import AudioFile, PbxFacts
from calltrackd.doctor.freeswitch.facts import Step
from tests.doctor import freeswitch, seeds
from tests.doctor.seeds import ALL_CLASSES, only, site, talk

SIDES = ("both", "caller", "operator")
RECORDED = talk(sides=SIDES)
FILES = {item.path: AudioFile(32_768, 1) for item in RECORDED.recordings}
OLD = seeds.pbx(version="16.28.0")
BUFFERED = Step("public", "calltrackd-record", "set", "enable_file_write_buffering=8192")
FAST = freeswitch.pbx(steps=(*freeswitch.RECORDS, BUFFERED))


def found(pbx: PbxFacts, source: str = "auto", **more: Any) -> list[Any]:
    """What is told of a PBX whose calls are to be heard live; its talks are recorded."""
    speech = {"speech": {"enabled": True, "live": {"enabled": True, "source": source}}}
    given = {"calls": (RECORDED,), "files": FILES} | more
    return list(hearing.check(site(speech, pbxs=(pbx,), **given)))


@pytest.mark.parametrize(
    ("pbx", "source"),
    [
        (seeds.pbx(), "auto"),
        (seeds.pbx(), "tap"),
        (seeds.pbx(version=None), "tap"),
        (seeds.pbx(), "files"),
        (OLD, "auto"),
        (FAST, "auto"),
        (AsteriskFacts(settings=seeds.attachment(), unreachable="refused"), "tap"),
    ],
)
def test_nothing_to_say(pbx: PbxFacts, source: str) -> None:
    """What is wanted can be had, or the PBX could not be asked."""
    assert found(pbx, source) == []


def test_who_does_not_want_it_is_not_told() -> None:
    """Live hearing is off by default."""
    assert list(hearing.check(site(pbxs=(OLD,), calls=(talk(),)))) == []


@pytest.mark.parametrize("pbx", [OLD, FAST])
def test_tap_where_there_is_none(pbx: PbxFacts) -> None:
    """The mend is to let calltrackd choose."""
    told = only(found(pbx, "tap"))
    assert (told.check, told.severity) == ("speech.live", "warning")
    assert 'source = "auto"' in told.mend


def test_user_that_may_not_ask_for_a_tap() -> None:
    """Class originate is missing."""
    user = ManagerUser(ALL_CLASSES, frozenset({"call"}))
    told = only(found(seeds.pbx(commands=None, user=user)))
    assert "originate" in told.what
    assert any("originate" in line for line in told.mend)


@pytest.mark.parametrize("pbx", [OLD, FAST])
def test_talks_without_recordings(pbx: PbxFacts) -> None:
    """There is nothing to read, so the dialplan's lines are told."""
    told = only(found(pbx, calls=(talk(), talk())))
    assert "none of the latest 2 talks" in told.what
    assert any("dialplan" in line for line in told.mend)


def test_recordings_elsewhere() -> None:
    """Their folder is told, for path_map."""
    told = only(found(OLD, files=dict.fromkeys(FILES)))
    assert '"/rec" = "/mnt/recordings"' in told.mend


def test_freeswitch_that_writes_seldom_is_a_note() -> None:
    """It works, two seconds late."""
    told = only(found(freeswitch.pbx()))
    assert (told.check, told.severity) == ("speech.live", "note")
    assert any("enable_file_write_buffering=8192" in line for line in told.mend)
