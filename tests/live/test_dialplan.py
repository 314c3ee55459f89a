"""The snippets of dialplan/asterisk do at a real Asterisk what they say."""

import re
import wave
from array import array
from itertools import pairwise
from pathlib import Path

import pytest

from calltrackd.pbx.asterisk import HOLDING, WANTED
from calltrackd.pbx.tone import confirmation
from tests.lab import scenarios as _scenarios  # noqa: F401 - registers them
from tests.lab.asterisk import Asterisk
from tests.lab.recorder import Frame, Tap, advised_tap
from tests.lab.scenarios.acts import talk_with
from tests.lab.stage import CLIENTS, SCENARIOS, Stage, pause, play

SNIPPETS = Path(__file__).parents[2] / "dialplan/asterisk"
MANAGER = (SNIPPETS / "manager_calltrackd.conf").read_text()
LISTED = {"CoreShowChannel", "CoreShowChannelsComplete", "Status", "StatusComplete", "QueueEntry"}
"""Items of lists: no filter touches the answers to actions."""


def passing() -> set[str]:
    """The event names that the manager user's first filter line lets through."""
    (names,) = re.findall(r"^eventfilter = \^Event: \((.+?)\)", MANAGER, re.MULTILINE)
    return set(names.split("|"))


def test_filter_passes_what_is_used_and_no_more() -> None:
    """Line by line the events that the translator reads, and the answer to an Originate."""
    assert passing() == (WANTED - LISTED) | {"OriginateResponse"}


@pytest.mark.parametrize("line", HOLDING)
def test_filter_passes_the_lines_of_the_flood_that_tell_something(line: str) -> None:
    """Recordings and mailboxes: header lines that one of the other filters finds."""
    filters = re.findall(r"^eventfilter = (?!\^Event|!)(.+)$", MANAGER, re.MULTILINE)
    assert any(re.search(pattern, f"{line}\r\n") for pattern in filters)


async def _tapped(pbx: Asterisk, name: str) -> tuple[Tap, Tap, Stage]:
    """A plot as a user without any filter and as ours sees it."""
    all_seen, ours = Tap(), advised_tap()
    stage = Stage(pbx)
    for tap in (all_seen, ours):
        await tap.connect(pbx.ami_port)
        tap.chunks.clear()
        tap.frames.clear()
    await play(stage, SCENARIOS[name])
    for tap in (all_seen, ours):
        await tap.close()
    return all_seen, ours, stage


def _size(tap: Tap) -> int:
    return sum(len(raw) for _, raw in tap.chunks)


def _events(tap: Tap) -> set[str]:
    return {frame["Event"] for frame in tap.frames if "Event" in frame}


@pytest.mark.parametrize("name", ["answered_client_hangs", "queue_answered"])
async def test_filter_spares_four_of_five_bytes(pbx: Asterisk, name: str) -> None:
    """Measured: 106 events, 46 KB become 17, 9 KB; the flood is stopped in the PBX."""
    all_seen, ours, _ = await _tapped(pbx, name)
    assert _size(ours) * 3.5 < _size(all_seen)
    assert _events(ours) - passing() == {"Newexten", "VarSet"}


async def test_filter_tells_mailbox_and_recording(pbx: Asterisk) -> None:
    """Of the dialplan's flood what is needed comes through."""
    _, ours, _ = await _tapped(pbx, "voicemail")
    executed = {f["Application"] for f in ours.frames if f.get("Event") == "Newexten"}
    assert executed == {"MixMonitor", "VoiceMail"}
    assert any(frame.get("Variable") == "MIXMONITOR_FILENAME" for frame in ours.frames)


@pytest.mark.parametrize(
    "action",
    ["Status", "CoreShowChannels", "BridgeList", "QueueStatus", "ParkedCalls", "CoreSettings"],
)
async def test_user_may_ask_what_is_going_on(pbx: Asterisk, action: str) -> None:
    """The snapshot's lists."""
    assert (await _answer(pbx, action)).get("Response") == "Success"


async def test_user_may_not_run_commands(pbx: Asterisk) -> None:
    """A stolen secret opens no shell."""
    answer = await _answer(pbx, "Command", Command="core show uptime")
    assert answer["Message"] == "Permission denied"


async def _answer(pbx: Asterisk, action: str, **fields: str) -> Frame:
    tap = advised_tap()
    await tap.connect(pbx.ami_port)
    try:
        return (await tap.action(action, **fields))[0]
    finally:
        await tap.close()


@pytest.mark.parametrize("name", ["tag_keys_unheard", "tag_keys_unheard_queue"])
async def test_client_does_not_hear_tag_keys(pbx: Asterisk, name: str) -> None:
    """*71 is swallowed, 4 is not; the PBX tells all four."""
    all_seen, _, stage = await _tapped(pbx, name)
    heard = [e.detail["digit"] for e in stage.diary.entries if e.what == "digit_in"]
    assert heard == ["4"]
    told = [
        frame["Digit"]
        for frame in all_seen.frames
        if frame.get("Event") == "DTMFBegin" and frame["Direction"] == "Received"
    ]
    assert told == ["*", "7", "1", "4"]


async def test_client_hears_keys_without_the_feature_group(pbx: Asterisk) -> None:
    """What the group is for."""
    _, _, stage = await _tapped(pbx, "tag_keys")
    heard = [e.detail["digit"] for e in stage.diary.entries if e.what == "digit_in"]
    assert heard == ["*", "7", "1", "5"]


async def test_recording_has_each_side_in_a_file_of_its_own(pbx: Asterisk) -> None:
    """Same length, the client's tone in one, the operator's in the other, no ringing before."""
    before = set(pbx.folder.glob("spool/monitor/**/*.wav"))
    await play(Stage(pbx), SCENARIOS["answered_client_hangs"])
    made = set(pbx.folder.glob("spool/monitor/**/*.wav")) - before
    sides = {path.stem.rpartition("-")[2]: _pitch(path) for path in made}
    (caller, caller_s), (operator, operator_s) = sides["caller"], sides["operator"]
    assert caller == pytest.approx(CLIENTS["client"][1], abs=15)
    assert operator == pytest.approx(1000, abs=15)
    assert caller_s == operator_s == pytest.approx(1.5, abs=0.3)


def _pitch(path: Path) -> tuple[float, float]:
    """(hertz by rising zero crossings of the louder part, seconds) of an 8 kHz file."""
    with wave.open(str(path)) as file:
        samples = array("h", file.readframes(file.getnframes()))
    loud = [n for n, sample in enumerate(samples) if abs(sample) > 2000]
    part = samples[loud[0] : loud[-1]]
    rises = sum(1 for a, b in pairwise(part) if a < 0 <= b)
    return rises * 8000 / len(part), len(samples) / 8000


@pytest.mark.parametrize("known", [True, False])
async def test_whisper_is_for_the_operator_only(pbx: Asterisk, known: bool) -> None:
    """A beep over the talk at the operator's phone, nothing foreign at the client's."""
    async with Stage(pbx) as stage:
        await stage.tap.connect(pbx.ami_port)
        caller, operator = await talk_with(stage, "101")
        ((action, fields),) = confirmation("whisper", stage.tap.channel("PJSIP/101-"), known=known)
        before = operator.rtp.hearing.foreign
        await stage.tap.action(action, **fields)
        await pause(1.5)
        beeped, leaked = operator.rtp.hearing.foreign - before, caller.rtp.hearing.foreign
        await caller.bye()
        await stage.settled()
    assert beeped > 3
    assert leaked == 0
