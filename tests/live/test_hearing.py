"""At a real Asterisk 22 words are tags and alerts while the call is up, without a dialplan edit."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.asterisk import Asterisk
from tests.lab.running import running
from tests.lab.scenarios.acts import hand_over
from tests.lab.sip.sound import SILENCE
from tests.lab.stage import pause
from tests.live.hearing import TAPPED_S, heard
from tests.live.speaking import turn

pytestmark = pytest.mark.live22

ANGRY = turn("en_coffee_A", "too expensive")
GREETING = turn("en_coffee_A", "good morning")
PRICE = turn("en_coffee_A", "fifty dollars")


@pytest.fixture(scope="module")
def pbx22(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    """One Asterisk for the tests of this file."""
    with running(22, tmp_path_factory.mktemp("heard-")) as asterisk:
        yield asterisk


@pytest.fixture
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where models are unpacked, once a session."""
    return tmp_path_factory.getbasetemp() / "models"


async def test_keyword_is_told_while_the_call_is_up(
    pbx22: Asterisk, tmp_path: Path, models: Path
) -> None:
    """A phrase of the client becomes an alert and a tag, on its side, before anybody hangs up."""
    async with heard(pbx22, tmp_path, models) as one:
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


async def test_two_calls_at_once(pbx22: Asterisk, tmp_path: Path, models: Path) -> None:
    """Each call gets what was said in it, and nothing of the other."""
    async with heard(pbx22, tmp_path, models) as one:
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


async def test_hang_up_in_the_middle_of_a_word(
    pbx22: Asterisk, tmp_path: Path, models: Path
) -> None:
    """What was said until then is heard, half a word is none; the next call is heard as well."""
    async with heard(pbx22, tmp_path, models) as one:
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


async def test_transfer_moves_the_tap(pbx22: Asterisk, tmp_path: Path, models: Path) -> None:
    """After a blind transfer the new operator is heard, and the client still is."""
    async with heard(pbx22, tmp_path, models) as one:
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
