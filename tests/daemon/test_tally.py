"""What live hearing tells /metrics."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import soundfile

from calltrackd.daemon.tally import Tally
from calltrackd.ops.metrics import Metrics
from calltrackd.settings.speech import LiveSpeech
from calltrackd.speech.sound import Sound
from tests.daemon import audible
from tests.daemon.company import Call, office, pbx, settings
from tests.daemon.test_live import asked, listening
from tests.fakes.ami import FakeAmi
from tests.speech import given

RATE = 8000


async def figures(metrics: Metrics) -> dict[str, float]:
    """The page's lines of live hearing: name with labels, without the prefix -> figure."""
    rows = (line.rsplit(" ", 1) for line in (await metrics.page()).decode().splitlines())
    return {
        name.removeprefix("calltrackd_live_"): float(figure)
        for name, figure in rows
        if name.startswith("calltrackd_live_")
    }


def second_of_sound(sound: Sound, at: float) -> None:
    """One second of silence that came at `at`."""
    sound.put(RATE, bytes(2 * RATE), at)


async def test_seconds_are_shown_while_they_are_heard_and_stay() -> None:
    """What went to the engine, what never came and what was left out, of open sounds and ended."""
    metrics = Metrics("1")
    tally, sound = Tally(metrics), Sound()
    with tally.hearing(sound):
        for at in (1.0, 2.0, 6.0):
            second_of_sound(sound, at)
        for _ in range(2):
            assert await sound.take(1.0) is not None
        amid = await figures(metrics)
        for at in range(7, 20):
            second_of_sound(sound, float(at))
    after = await figures(metrics)
    assert (amid["voices"], after["voices"]) == (1, 0)
    assert (amid["audio_seconds_total"], after["audio_seconds_total"]) == (2, 2)
    assert amid['gap_seconds_total{reason="silent"}'] == 3
    assert after['gap_seconds_total{reason="slow"}'] == 4


def spoken(start_s: float, end_s: float) -> Iterator[bytes]:
    """The caller's side of a fixture call as AudioSocket frames, and two seconds of silence."""
    samples, _ = soundfile.read(
        given.call("en_coffee_A"), dtype="int16", start=int(start_s * RATE), stop=int(end_s * RATE)
    )
    pcm = samples[:, 1].astype("<i2").tobytes() + bytes(2 * 2 * RATE)
    for at in range(0, len(pcm), 320):
        piece = pcm[at : at + 320]
        yield b"\x10" + len(piece).to_bytes(2) + piece


async def test_spoken_words_are_counted(tmp_path: Path, ami: FakeAmi) -> None:
    """Tap, words, tag and how late it was, of a call that lives."""
    wanted = settings(
        tmp_path / "state", [pbx(ami)], **audible.heard(tmp_path / "rec", live=live())
    )
    call = Call(1)
    async with office(wanted) as one:
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(call.rings + call.answers)
        _, address, uuid = (await asked(ami, 1))[0]["Channel"].split("/")
        host, _, port = address.partition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"\x01\x00\x10" + UUID(uuid).bytes)
        writer.writelines(spoken(16.0, 18.84))
        writer.write(b"\x00\x00\x00")
        await one.until(lambda found: any(tag["name"] == "refund" for tag in found[0]["tags"]))
        page = await figures(one.daemon._metrics)
        writer.close()
    assert page['taps_total{result="opened"}'] == 1
    assert page["tags_total"] == 1
    assert page["alerts_total"] == 0
    assert page["words_total"] >= 1
    assert page["audio_seconds_total"] > 1
    assert page["lag_seconds_count"] == 1


async def test_strangers_are_counted(tmp_path: Path, ami: FakeAmi) -> None:
    """Who brings audio that nobody asked for is sent away."""
    async with office(listening(tmp_path, ami)) as one:
        await ami.wait_for("ConfbridgeListRooms")
        reader, writer = await asyncio.open_connection("127.0.0.1", one.daemon.live.port)
        writer.write(b"\x01\x00\x10" + bytes(16))
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        assert (await figures(one.daemon._metrics))["strangers_total"] == 1
        writer.close()


def live() -> LiveSpeech:
    """Heard live, on any free port."""
    return LiveSpeech(enabled=True, port=0)
