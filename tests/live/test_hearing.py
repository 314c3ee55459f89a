"""At a real Asterisk words are tags while the call is up: by taps on 22, by files on 16 and 22."""

import asyncio
from pathlib import Path

import pytest

from calltrackd.model.call import seconds
from tests.lab.asterisk import Asterisk
from tests.lab.scenarios.acts import hand_over, park
from tests.lab.sip.call import Call
from tests.lab.sip.sound import SILENCE
from tests.lab.stage import pause
from tests.live.conftest import VERSIONS
from tests.live.hearing import PATIENCE_S, TAPPED_S, Heard, Source, Talk, heard
from tests.live.speaking import turn

ON_22 = pytest.mark.parametrize("pbx", [VERSIONS[0]], indirect=True)
ON_16 = pytest.mark.parametrize("pbx", [VERSIONS[1]], indirect=True)

ANGRY = turn("en_coffee_A", "too expensive")
GREETING = turn("en_coffee_A", "good morning")
PRICE = turn("en_coffee_A", "fifty dollars")


@pytest.fixture
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where models are unpacked, once a session."""
    return tmp_path_factory.getbasetemp() / "models"


async def consult(one: Heard, talk: Talk, number: str) -> tuple[Call, Call]:
    """The operator holds the client and calls another: its second line, and the other's call."""
    await talk.operator.hold()
    second = await one.stage.dials("101", number)
    taker = await one.stage.rings(number, 0.2)
    second.rtp.voice = taker.rtp.voice = SILENCE
    await taker.answer()
    await second.until_up()
    return second, taker


@ON_22
async def test_keyword_is_told_while_the_call_is_up(
    pbx: Asterisk, tmp_path: Path, models: Path
) -> None:
    """A phrase of the client becomes an alert and a tag, on its side, before anybody hangs up."""
    async with heard(pbx, tmp_path, models) as one:
        talk = await one.talk("101")
        talk.operator.rtp.say(GREETING.speech)
        await pause(GREETING.seconds + 0.3)
        began, alert = await one.heard_saying(talk.caller.rtp, ANGRY, "refund")
        assert not one.events("call.ended")
        late_s = alert["heard_at"] - began - ANGRY.ends["refund"]
        print(f"alert {late_s:.2f} s after the word's end")  # noqa: T201 - the figure
        evidence = alert["alert"]["evidence"]
        assert (evidence["side"], evidence["engine"]) == ("caller", "vosk")
        assert "refund" in evidence["quote"]
        greeting = await one.tag("greeting")
        assert (greeting["side"], greeting["ended"]) == ("operator", None)
        await talk.caller.bye()


async def test_keyword_in_a_growing_file(pbx: Asterisk, tmp_path: Path, models: Path) -> None:
    """The same from the recordings that the PBX writes: 16, which can't be tapped, and 22."""
    source: Source = "auto" if pbx.version == 16 else "files"
    async with heard(pbx, tmp_path, models, source) as one:
        talk = await one.talk("101")
        talk.operator.rtp.say(GREETING.speech)
        await pause(GREETING.seconds + 0.3)
        began, alert = await one.heard_saying(talk.caller.rtp, ANGRY, "refund")
        assert not one.events("call.ended")
        late_s = alert["heard_at"] - began - ANGRY.ends["refund"]
        print(f"alert {late_s:.2f} s after the word's end")  # noqa: T201 - the figure
        evidence = alert["alert"]["evidence"]
        assert (evidence["side"], evidence["engine"]) == ("caller", "vosk")
        said_s = began + ANGRY.ends["i"] - seconds(alert["data"]["answered_at"])
        assert evidence["second"] == pytest.approx(said_s, abs=1.0)
        greeting = await one.tag("greeting")
        assert (greeting["side"], greeting["ended"]) == ("operator", None)
        assert await one.taps() == []
        await talk.caller.bye()


async def test_hang_up_gives_the_rest_of_a_file(
    pbx: Asterisk, tmp_path: Path, models: Path
) -> None:
    """What the PBX held in its buffer until the hang-up is heard, from the file alone."""
    async with heard(pbx, tmp_path, models, "files") as one:
        cut = await one.talk("101")
        cut.caller.rtp.say(ANGRY.speech)
        await pause(ANGRY.ends["want"] + 0.2)
        await cut.caller.bye()
        alert = await one.alert("expensive")
        assert alert["alert"]["evidence"]["side"] == "caller"


@ON_16
async def test_tap_of_asterisk_16_is_refused(pbx: Asterisk, tmp_path: Path, models: Path) -> None:
    """It has no AudioSocket: the log says so before a call comes, and nothing is tried."""
    async with heard(pbx, tmp_path, models, "tap") as one:
        await one.daemon.until(
            lambda: one.daemon.said_text("AudioSocket came with Asterisk 18"), PATIENCE_S, "refused"
        )
        talk = await one.talk("101")
        assert await one.taps() == []
        await talk.caller.bye()


@ON_22
async def test_two_calls_at_once(pbx: Asterisk, tmp_path: Path, models: Path) -> None:
    """Each call gets what was said in it, and nothing of the other."""
    async with heard(pbx, tmp_path, models) as one:
        first = await one.talk("101")
        second = await one.talk("121", "01", "direct")
        (_, refund), (_, price) = await asyncio.gather(
            one.heard_saying(first.caller.rtp, ANGRY, "refund"),
            one.heard_saying(second.operator.rtp, PRICE, "price"),
        )
        assert refund["data"]["id"] != price["data"]["id"]
        assert price["alert"]["evidence"]["side"] == "operator"
        assert "price" not in {tag["name"] for tag in refund["data"]["tags"]}
        await first.caller.bye()
        await second.caller.bye()


@ON_22
async def test_hang_up_in_the_middle_of_a_word(pbx: Asterisk, tmp_path: Path, models: Path) -> None:
    """What was said until then is heard, half a word is none; the next call is heard as well."""
    async with heard(pbx, tmp_path, models) as one:
        cut = await one.talk("101")
        cut.caller.rtp.say(ANGRY.speech)
        await pause(ANGRY.ends["want"] + 0.2)
        await cut.caller.bye()
        assert (await one.tag("expensive"))["side"] == "caller"
        after = await one.talk("101")
        after.caller.rtp.say(ANGRY.speech)
        alert = await one.alert("refund")
        assert alert["data"]["outcome"] == "answered"
        await after.caller.bye()
        assert len(one.events("call.alert")) == 3  # expensive twice, refund once


@ON_22
async def test_transfer_moves_the_tap(pbx: Asterisk, tmp_path: Path, models: Path) -> None:
    """After a blind transfer the new operator is heard, and the client still is."""
    async with heard(pbx, tmp_path, models) as one:
        talk = await one.talk("101")
        handing = asyncio.create_task(hand_over(talk.operator, "102"))
        taker = await one.stage.rings("102", 0.2)
        taker.rtp.voice = SILENCE
        await taker.answer()
        await handing
        await pause(TAPPED_S)
        _, price = await one.heard_saying(taker.rtp, PRICE, "price")
        assert price["data"]["operators"] == ["101", "102"]
        await one.heard_saying(talk.caller.rtp, ANGRY, "refund")
        await talk.caller.bye()


@ON_22
async def test_attended_transfer_moves_the_tap(pbx: Asterisk, tmp_path: Path, models: Path) -> None:
    """The consultation is not heard; after it the new operator is, the old one no more."""
    async with heard(pbx, tmp_path, models) as one:
        talk = await one.talk("101")
        await one.tapped("101", "trunk")
        second, taker = await consult(one, talk, "102")
        taker.rtp.say(PRICE.speech)
        await pause(PRICE.seconds)
        await hand_over(talk.operator, "102", replaces=second)
        await one.tapped("102", "trunk")
        assert one.alerts("price") == []
        _, price = await one.heard_saying(taker.rtp, PRICE, "price")
        assert price["alert"]["evidence"]["side"] == "operator"
        assert price["data"]["operators"] == ["101", "102"]
        _, refund = await one.heard_saying(talk.caller.rtp, ANGRY, "refund")
        assert refund["alert"]["evidence"]["side"] == "caller"
        await talk.caller.bye()


@ON_16
async def test_attended_transfer_in_growing_files(
    pbx: Asterisk, tmp_path: Path, models: Path
) -> None:
    """The files stand still while the client is on hold; what follows is heard in its place."""
    async with heard(pbx, tmp_path, models, "auto") as one:
        talk = await one.talk("101")
        second, taker = await consult(one, talk, "102")
        taker.rtp.say(PRICE.speech)
        await pause(PRICE.seconds + 3.0)
        await hand_over(talk.operator, "102", replaces=second)
        assert one.alerts("price") == []
        began, price = await one.heard_saying(taker.rtp, PRICE, "price")
        assert price["data"]["operators"] == ["101", "102"]
        evidence = price["alert"]["evidence"]
        said_s = began + PRICE.ends["is"] - seconds(price["data"]["answered_at"])
        assert evidence["side"] == "operator"
        assert evidence["second"] == pytest.approx(said_s, abs=1.5)
        _, refund = await one.heard_saying(talk.caller.rtp, ANGRY, "refund")
        assert refund["alert"]["evidence"]["side"] == "caller"
        await talk.caller.bye()


@ON_22
async def test_parked_client_is_heard_again_when_retrieved(
    pbx: Asterisk, tmp_path: Path, models: Path
) -> None:
    """While nobody talks with the client nothing is tapped; then both are, each on its side."""
    async with heard(pbx, tmp_path, models) as one:
        talk = await one.talk("101")
        await one.tapped("101", "trunk")
        await park(talk.operator)
        await one.tapped()
        taker = await one.stage.dials("103", "701")
        taker.rtp.voice = SILENCE
        await taker.until_up()
        await one.tapped("103", "trunk")
        (_, price), (_, refund) = await asyncio.gather(
            one.heard_saying(taker.rtp, PRICE, "price"),
            one.heard_saying(talk.caller.rtp, ANGRY, "refund"),
        )
        assert price["alert"]["evidence"]["side"] == "operator"
        assert refund["alert"]["evidence"]["side"] == "caller"
        await talk.caller.bye()
