"""From a real PBX to the cards of a portal: at whom it rings, while it rings."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.crash.daemon import Daemon
from tests.fakes.bitrix24 import Bitrix24Fake
from tests.lab.freeswitch import GIVEN, Freeswitch, FreeswitchStage
from tests.lab.running import running
from tests.lab.stage import Stage, pause
from tests.live.evening import NOWHERE
from tests.live.freeswitch_evening import attached

CALL = "telephony.externalCall."
CARDS = ("show", "hide")
Card = tuple[str, list[int]]
NEXT: list[Card] = [("show", [12]), ("hide", [12]), ("show", [13])]
"""Asterisk gives up the one agent's phone, then rings the next."""
NEXT_AT_ONCE: list[Card] = [("show", [12]), ("show", [13]), ("hide", [12])]
"""FreeSWITCH offers the next agent while it gives up the last one's phone."""
PATIENCE_S = 30.0
TALK_S = 1.0
"""A REFER in the instant between the answer and the bridge is refused: NOTIFY says 400."""
TARGET = """
[[target]]
kind = "bitrix24"
name = "portal"
url = "{url}"
oauth_url = "{url}"
client_id = "local.1"
secret = "s3cr3t-token"
refresh_token = "refresh-0"
allow_private = true
[target.users]
101 = "11"
102 = "12"
103 = "13"
105 = "15"
106 = "16"
107 = "17"
"""


@dataclass(frozen=True)
class Pbx:
    """How a daemon is put beside it, who calls through it, how its queue goes to the next agent."""

    beside: Callable[[Path], Daemon]
    stage: Callable[[], Stage]
    next_agent: list[Card]


@pytest.fixture(
    scope="module", params=[pytest.param("asterisk", marks=pytest.mark.live22), "freeswitch"]
)
def pbx(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pbx]:
    """One for the tests of this file: an Asterisk 22, and the FreeSWITCH that is given."""
    if request.param == "asterisk":
        with running(22, tmp_path_factory.mktemp("cards-")) as asterisk:
            port = asterisk.ami_port
            yield Pbx(lambda folder: Daemon(folder, port, NOWHERE), lambda: Stage(asterisk), NEXT)
        return
    if (given := Freeswitch.given()) is None:
        pytest.skip(f"no FreeSWITCH is given: {GIVEN}=host:port:password")
    yield Pbx(partial(attached, given), partial(FreeswitchStage, given), NEXT_AT_ONCE)


class Portal:
    """The stage, and what the portal was asked."""

    def __init__(self, stage: Stage, daemon: Daemon, fake: Bitrix24Fake) -> None:
        self.stage, self.daemon, self.fake = stage, daemon, fake

    @property
    def cards(self) -> list[Card]:
        """`show` and `hide` in order, each with the users whom it was about."""
        asked = [(hit.path.removesuffix(".json"), hit.json) for hit in self.fake.hits]
        moves = [(path.rsplit(".", 1)[-1], given) for path, given in asked if CALL in path]
        return [(name, given["USER_ID"]) for name, given in moves if name in CARDS]

    @property
    def shown(self) -> set[int]:
        """Users who have the card of the only call."""
        found: list[set[int]] = [call["shown"] for call in self.fake.kept["calls"]]
        return found[0] if found else set()

    async def until(self, fits: Callable[[], bool]) -> None:
        """Wait for the portal."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not fits():  # noqa: ASYNC110 - the truth is the portal
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"{self.cards}\n{self.daemon.last_words()}") from None


@asynccontextmanager
async def portal(pbx: Pbx, folder: Path) -> AsyncIterator[Portal]:
    """A daemon between the PBX and a portal."""
    async with Bitrix24Fake() as fake:
        daemon = pbx.beside(folder)
        daemon.config.write_text(daemon.config.read_text() + TARGET.format(url=fake.url))
        async with daemon:
            await daemon.start()
            await daemon.ready()
            async with pbx.stage() as stage:
                yield Portal(stage, daemon, fake)
            await daemon.terminate()


async def test_a_group_has_the_card_before_anybody_picks_up(pbx: Pbx, tmp_path: Path) -> None:
    """Shown to all three at once; to the one who answers afterwards, and hidden from the others."""
    async with portal(pbx, tmp_path) as one:
        caller = await one.stage.call_in("03")
        phones = [await one.stage.rings(name, 0.0) for name in ("105", "106", "107")]
        await one.until(lambda: one.shown == {15, 16, 17})
        assert caller.state != "up"
        await phones[1].answer()
        await caller.until_up()
        await one.until(lambda: one.shown == {16})
        await caller.bye()
        await one.until(lambda: bool(one.fake.kept["statistic"]))
        assert one.cards == [("show", [15, 16, 17]), ("hide", [15, 17])]


async def test_the_card_goes_from_agent_to_agent(pbx: Pbx, tmp_path: Path) -> None:
    """A queue rings one after the other: who did not pick up loses it, the next one gets it."""
    async with portal(pbx, tmp_path) as one:
        caller = await one.stage.call_in("02")
        await one.stage.rings("102", 0.0)
        await one.until(lambda: one.shown == {12})
        second = await one.stage.rings("103", 0.0)
        await one.until(lambda: one.shown == {13})
        await second.answer()
        await caller.until_up()
        await caller.bye()
        await one.until(lambda: bool(one.fake.kept["statistic"]))
        assert one.cards == pbx.next_agent


async def test_a_transfer_shows_the_card_to_the_next_operator(pbx: Pbx, tmp_path: Path) -> None:
    """Sent on blindly: it is there while his phone rings, although the call was answered."""
    async with portal(pbx, tmp_path) as one:
        caller = await one.stage.call_in("01")
        first = await one.stage.rings("101", 0.0)
        await one.until(lambda: one.shown == {11})
        await first.answer()
        await caller.until_up()
        await pause(TALK_S)
        await first.refer("103")
        second = await one.stage.rings("103", 0.0)
        await one.until(lambda: 13 in one.shown)
        await second.answer()
        await second.until_up()
        await caller.bye()
        await one.until(lambda: bool(one.fake.kept["statistic"]))
        assert [card for card in one.cards if card[0] == "show"] == [("show", [11]), ("show", [13])]
