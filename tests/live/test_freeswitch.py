"""The daemon at a real FreeSWITCH writes the records that the phones can testify to."""

import asyncio
from pathlib import Path

import pytest

from tests.crash.daemon import KEY
from tests.fakes.receiver import Receiver
from tests.lab.freeswitch import GIVEN, Freeswitch, FreeswitchStage
from tests.live.evening import Played
from tests.live.freeswitch_evening import attached, play_all, playable
from tests.live.hearing import listen, playing
from tests.live.speaking import turn
from tests.scenarios.compare import differences


@pytest.fixture(scope="session")
def freeswitch() -> Freeswitch:
    """The one that is given; it has no Debian package, so nobody brings it along."""
    found = Freeswitch.given()
    if found is None:
        pytest.skip(f"no FreeSWITCH is given: {GIVEN}=host:port:password")
    return found


@pytest.fixture(scope="session")
def evening(
    request: pytest.FixtureRequest,
    freeswitch: Freeswitch,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Played]:
    """The plots of the chosen tests played to an attached daemon, once a session."""
    chosen = (getattr(item, "callspec", None) for item in request.session.items)
    names = [spec.params["plot"] for spec in chosen if spec is not None and "plot" in spec.params]
    return asyncio.run(play_all(freeswitch, tmp_path_factory.mktemp("freeswitch-"), names))


@pytest.mark.parametrize("plot", playable())
def test_daemon_records_what_the_phones_did(evening: dict[str, Played], plot: str) -> None:
    """Every scored field of every call of the plot is as the phones' diary says."""
    played = evening[plot]
    if played.error is not None:
        raise played.error
    wrong = differences(played.truth, played.records)
    assert wrong == [], "\n".join(played.diary)


async def test_words_are_told_while_the_call_is_up(freeswitch: Freeswitch, tmp_path: Path) -> None:
    """Both channels of the stereo recording are heard as it grows, each on its side."""
    angry, price = turn("en_coffee_A", "too expensive"), turn("en_coffee_A", "fifty dollars")
    recordings = Path((await freeswitch.ask("global_getvar recordings_dir")).strip())
    async with Receiver((KEY,)) as receiver:
        daemon = attached(freeswitch, tmp_path, receiver.url)
        listen(daemon, tmp_path / "models", "auto", recordings)
        async with playing(daemon, FreeswitchStage(freeswitch), receiver) as one:
            talk = await one.talk("101")
            (began, refund), (_, told) = await asyncio.gather(
                one.heard_saying(talk.caller.rtp, angry, "refund"),
                one.heard_saying(talk.operator.rtp, price, "price"),
            )
            late_s = refund["heard_at"] - began - angry.ends["refund"]
            print(f"alert {late_s:.2f} s after the word's end")  # noqa: T201 - the figure
            assert not one.events("call.ended")
            assert refund["alert"]["evidence"]["side"] == "caller"
            assert told["alert"]["evidence"]["side"] == "operator"
            await talk.caller.bye()
