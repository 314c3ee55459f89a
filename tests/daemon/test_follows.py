"""Calls that live, heard from the recordings that grow beside them."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calltrackd.daemon import follows, tapper
from calltrackd.model.call import seconds
from calltrackd.settings import AsteriskPbx, FreeswitchPbx, Settings
from calltrackd.settings.phrases import Phrase
from calltrackd.settings.speech import LiveSpeech
from calltrackd.speech.audio.companding import linear
from calltrackd.speech.audio.shape import Shape
from calltrackd.speech.followed import Followed, Polled
from tests.daemon import audible
from tests.daemon.company import Call, office, pbx, settings, target
from tests.daemon.fs_company import FsCall, core_of, fs
from tests.daemon.heard import log
from tests.fakes.ami import FakeAmi
from tests.fakes.esl import FakeEsl
from tests.fakes.receiver import Receiver
from tests.live.speaking import turn
from tests.speech.audio.files import header

AMI_16 = b"Asterisk Call Manager/5.0.4\r\n"
ALAW = Shape("alaw", 8_000, 1)
REFUND = linear(turn("en_coffee_A", "too expensive").speech, ALAW).astype("<i2")
"""What a client says, (n, 1)."""
SILENCE = np.zeros((8_000, 1), "<i2")
"""A second of it."""
ALERT = Phrase(name="refund", match="want ..1 refund", side="client", alert=True)


@pytest.fixture
def ami_16(ami: FakeAmi) -> FakeAmi:
    """An Asterisk without AudioSocket."""
    ami.banner = AMI_16
    return ami


@pytest.fixture
async def esl() -> AsyncIterator[FakeEsl]:
    """An event socket that behaves."""
    async with FakeEsl() as server:
        server.core = core_of(FsCall(1).whole)
        yield server


def following(
    folder: Path,
    attached: AsteriskPbx | FreeswitchPbx,
    receiver: Receiver | None = None,
    **given: Any,
) -> Settings:
    """A company that hears calls live; finished recordings are not read within a test."""
    heard = audible.heard(
        folder / "rec", live=LiveSpeech(**{"enabled": True, "port": 0, **given}), settle_s=300.0
    )
    heard["recordings"].path_map["/data/lib/freeswitch/rec"] = str(folder / "rec")
    heard |= {"phrase": [ALERT], "script": []}
    targets = [] if receiver is None else [target(receiver)]
    return settings(folder / "state", [attached], targets, **heard)  # type: ignore[list-item]


def grow(folder: Path, call: Call, ending: str, samples: Any) -> None:
    """The PBX writes more of one of the call's files."""
    (folder / "rec").mkdir(exist_ok=True)
    with (folder / "rec" / f"{Path(call.recording).name}{ending}").open("ab") as file:
        file.write(samples.tobytes())


async def alert(receiver: Receiver) -> dict[str, Any]:
    """The first alert that the CRM gets."""

    def alerts(taken: Receiver) -> list[dict[str, Any]]:
        return [event for event in taken.accepted.values() if event["type"] == "call.alert"]

    await receiver.until(lambda taken: bool(alerts(taken)), 30.0)
    return alerts(receiver)[0]


async def test_word_in_a_growing_file_is_told_while_the_call_is_up(
    tmp_path: Path, ami_16: FakeAmi, receiver: Receiver
) -> None:
    """Asterisk 16: the client's file grows in lumps, the alert comes before anybody hangs up."""
    call = Call(1, recorded=True)
    async with office(following(tmp_path, pbx(ami_16), receiver)):
        await ami_16.wait_for("ConfbridgeListRooms")
        ami_16.send(call.rings + call.answers)
        grow(tmp_path, call, "-out.sln", SILENCE)
        grow(tmp_path, call, "-in.sln", REFUND[:9_001])
        grow(tmp_path, call, "-in.sln", REFUND[9_001:])
        grow(tmp_path, call, "-in.sln", SILENCE)
        told = await alert(receiver)
    assert told["data"]["ended_at"] is None
    evidence = told["alert"]["evidence"]
    assert (evidence["side"], evidence["engine"]) == ("caller", "vosk")
    assert 1.0 < evidence["second"] < 2.5
    assert ami_16.got("Originate") == []


async def test_what_the_hang_up_flushes_is_heard(
    tmp_path: Path, ami_16: FakeAmi, receiver: Receiver
) -> None:
    """A PBX writes the rest of its buffer when the call is over."""
    call = Call(1, recorded=True)
    async with office(following(tmp_path, pbx(ami_16), receiver)) as one:
        await ami_16.wait_for("ConfbridgeListRooms")
        ami_16.send(call.rings + call.answers)
        grow(tmp_path, call, "-out.sln", SILENCE)
        grow(tmp_path, call, "-in.sln", SILENCE[:800])
        await one.until(lambda found: bool(found and found[0]["answered_at"]))
        await asyncio.sleep(len(REFUND) / 8_000)  # it is being said
        ami_16.send(call.key_7 + call.ends)
        await one.until(lambda found: found[0]["ended_at"] is not None)
        grow(tmp_path, call, "-in.sln", REFUND)
        told = await alert(receiver)
    assert told["alert"]["evidence"]["side"] == "caller"


async def test_stereo_file_of_freeswitch(tmp_path: Path, esl: FakeEsl, receiver: Receiver) -> None:
    """The left channel is the client; the ringing before the answer is left out."""
    call = FsCall(1)
    path = tmp_path / "rec" / f"74950000001_79161234567_{call.client}.wav"
    path.parent.mkdir()
    async with office(following(tmp_path, fs(esl), receiver)) as one:
        await esl.wait_for("show channels as json")
        esl.send(call.rings + call.answers)
        (record,) = await one.until(lambda found: bool(found and found[0]["answered_at"]))
        await asyncio.sleep(seconds(record["answered_at"]) - time.time())  # of the recorded call
        ringing = np.tile(REFUND, 2)
        said = np.hstack([REFUND, np.zeros_like(REFUND)])
        path.write_bytes(header(size=0, channels=2) + ringing.tobytes())
        await asyncio.sleep(1.0)  # a file can't hold what was not said yet
        with path.open("ab") as file:
            file.write(said.tobytes() + np.tile(SILENCE, 2).tobytes())
        told = await alert(receiver)
    evidence = told["alert"]["evidence"]
    assert evidence["side"] == "caller"
    assert evidence["second"] > 1.0  # what is said while it rings lies before 0
    assert told["data"]["ended_at"] is None
    (record,) = (e["data"] for e in receiver.accepted.values() if e["type"] == "call.answered")
    assert record["pbx"] == "branch"


async def test_new_asterisk_is_followed_when_that_is_wanted(tmp_path: Path, ami: FakeAmi) -> None:
    """With source = "files" no tap is asked for, and no port is opened."""
    call = Call(1, recorded=True)
    with log() as heard:
        async with office(following(tmp_path, pbx(ami), source="files")) as one:
            await ami.wait_for("ConfbridgeListRooms")
            ami.send(call.rings + call.answers)
            line = await heard.line("speech.live_source")
            await one.until(lambda found: bool(found and found[0]["answered_at"]))
            assert one.daemon.live.port is None
    assert (line["pbx"], line["source"]) == ("hq", "files")
    assert ami.got("Originate") == []


async def test_tap_of_an_old_asterisk_is_refused(tmp_path: Path, ami_16: FakeAmi) -> None:
    """With source = "tap" nothing is asked in vain, and the log says why."""
    call = Call(1, recorded=True)
    with log() as heard:
        async with office(following(tmp_path, pbx(ami_16), source="tap")) as one:
            await ami_16.wait_for("ConfbridgeListRooms")
            ami_16.send(call.rings + call.answers)
            line = await heard.line("speech.live_source")
            await one.until(lambda found: bool(found and found[0]["answered_at"]))
    assert (line["level"], line["source"]) == ("warning", None)
    assert "AudioSocket came with Asterisk 18" in line["reason"]
    assert ami_16.got("Originate") == []


async def test_pbx_that_brings_no_audio_is_followed(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new Asterisk without the module: after some vain questions its files are read."""
    monkeypatch.setattr(tapper, "COMES_S", 0.05)
    monkeypatch.setattr(tapper, "HOPELESS", 2)
    call = Call(1, recorded=True)
    async with office(following(tmp_path, pbx(ami), receiver)):
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(call.rings + call.answers)
        await ami.wait_for("Originate", 2)
        grow(tmp_path, call, "-out.sln", SILENCE)
        grow(tmp_path, call, "-in.sln", REFUND)
        grow(tmp_path, call, "-in.sln", SILENCE)
        assert (await alert(receiver))["alert"]["evidence"]["side"] == "caller"


@pytest.mark.parametrize(
    ("recorded", "reason"),
    [
        (False, "the PBX tells of no recording of it"),
        (True, "no sound in it yet"),
        ("elsewhere", "outside the folders of recordings"),
    ],
)
async def test_silent_recordings_are_told(
    tmp_path: Path,
    ami_16: FakeAmi,
    monkeypatch: pytest.MonkeyPatch,
    recorded: bool | str,
    reason: str,
) -> None:
    """No recording, one that may not be read, one that is not there: once, with what helps."""
    monkeypatch.setattr(follows, "SILENT_S", 0.1)
    monkeypatch.setattr(follows, "RECORDINGS_S", 0.1)
    wanted = following(tmp_path, pbx(ami_16))
    if recorded == "elsewhere":
        wanted.recordings.path_map.clear()
    first, second = (Call(number, recorded=bool(recorded)) for number in (1, 2))
    with log() as heard:

        def lines() -> list[dict[str, Any]]:
            return [one for one in heard.of("speech.live_silent") if reason in one["reason"]]

        async with office(wanted) as one:
            await ami_16.wait_for("ConfbridgeListRooms")
            ami_16.send(first.rings + first.answers + second.rings + second.answers)
            async with asyncio.timeout(10):
                while not lines():  # noqa: ASYNC110 - the truth is the log
                    await asyncio.sleep(0.01)
            ami_16.send(first.key_7 + first.ends + second.key_7 + second.ends)
            await one.until(lambda found: all(record["ended_at"] for record in found))
    (line,) = lines()
    assert "doctor" in line["mend"]


async def test_no_more_followed_calls_than_wanted(tmp_path: Path, ami_16: FakeAmi) -> None:
    """Beyond `most_calls` a call is left to its recording, which is told once."""
    with log() as heard:
        async with office(following(tmp_path, pbx(ami_16), most_calls=1)) as one:
            await ami_16.wait_for("ConfbridgeListRooms")
            calls = [Call(number, recorded=True) for number in (1, 2, 3)]
            ami_16.send(b"".join(call.rings + call.answers for call in calls))
            await heard.line("speech.live_full")
            assert len(one.daemon.live._follows._calls) == 1
    assert len(heard.of("speech.live_full")) == 1


async def test_share_that_hangs_holds_nobody_up(
    tmp_path: Path, ami_16: FakeAmi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls are seen, and the daemon stops as ever, while the one poller waits for a disk."""
    arrived, go_on = threading.Event(), threading.Event()

    def hang(_self: Followed, _at: float) -> Polled:
        arrived.set()
        go_on.wait(30)
        return Polled([], frozenset())

    monkeypatch.setattr(Followed, "poll", hang)
    call = Call(1, recorded=True)
    async with office(following(tmp_path, pbx(ami_16))) as one:
        await ami_16.wait_for("ConfbridgeListRooms")
        ami_16.send(call.rings + call.answers)
        assert await asyncio.to_thread(arrived.wait, 10)
        ami_16.send(call.key_7 + call.ends)
        await one.until(lambda found: bool(found and found[0]["ended_at"]))
        await one.stop()
        assert not go_on.is_set()
    go_on.set()


async def test_call_on_which_the_poller_breaks_costs_no_other(
    tmp_path: Path, ami_16: FakeAmi, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is logged once, with its call; the other call is heard."""
    broken, sound = Call(1, recorded=True), Call(2, recorded=True)
    poll = Followed._poll

    def fail(self: Followed, at: float) -> Polled:
        if any(broken.recording in one.path for one in self.recordings):
            raise ZeroDivisionError
        return poll(self, at)

    monkeypatch.setattr(Followed, "_poll", fail)
    with log() as heard:
        async with office(following(tmp_path, pbx(ami_16), receiver)):
            await ami_16.wait_for("ConfbridgeListRooms")
            ami_16.send(broken.rings + broken.answers + sound.rings + sound.answers)
            grow(tmp_path, sound, "-out.sln", SILENCE)
            grow(tmp_path, sound, "-in.sln", REFUND)
            grow(tmp_path, sound, "-in.sln", SILENCE)
            assert (await alert(receiver))["alert"]["evidence"]["side"] == "caller"
    assert len(heard.of("speech.live_broke")) == 1
