"""What every connector must hold, against its own fake: a suite to be inherited.

    class TestOdoo(ConnectorContract):
        fake_type = OdooFake
        expected = {"leads": 1, "calls": 1}          # what one answered call of a new client makes
        build = staticmethod(connector.build)
        def settings(self, fake):
            return OdooTarget.model_validate({..., "url": fake.url, "timeout_s": 0.4})

Faults are put on every single request of a call in turn, so a new request of a connector is covered
without a new test. Time passes `speed` times as fast for everything but the sockets.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from calltrackd.crm.connector import Connector
from calltrackd.crm.target import CrmTarget
from calltrackd.crm.tools import Tools
from calltrackd.settings import CrmTarget as CrmSettings
from calltrackd.store import outbox
from tests.crm import chaos
from tests.crm.conftest import until
from tests.crm.house import CLIENT, House, QuickClock, a_call, a_house, target_for
from tests.fakes.crm_base import CrmFake, Fault, Hit, faulty

SPEED = 50.0
HTML = {"Content-Type": "text/html"}
TAKEN_AND_LOST = {
    "timeout": Fault(accept=True, hang=True),
    "reset": Fault(accept=True, reset=True),
    "502": Fault(accept=True, status=502, body="<html>Bad gateway", headers=HTML),
    "504": Fault(accept=True, status=504, body="{}"),
    "html 200": Fault(accept=True, status=200, body="<html>Back soon", headers=HTML),
}
"""The CRM did it, and its answer never came."""
NOT_TAKEN = {
    "reset": Fault(reset=True),
    "503": Fault(status=503, body="{}"),
    "429": Fault(status=429, body="{}", headers={"Retry-After": "2"}),
    "html 200": Fault(status=200, body="<html>Back soon", headers=HTML),
}
STEPS = int(os.environ.get("CALLTRACKD_CHAOS_STEPS", "250"))
"""Of each suite; with the eight there are that makes 2,000."""
STEPS_A_RUN = 10_000
"""Then a new fake and a new database: fakes look for everything from the first to the last."""
KILL_EVERY_S = float(os.environ.get("CALLTRACKD_CHAOS_KILL_EVERY_S", "1"))


@pytest.mark.waits
class ConnectorContract:
    """Inherit it as `Test...` and fill in the class variables."""

    fake_type: ClassVar[type[CrmFake]]
    build: ClassVar[Callable[[CrmTarget, Tools], Connector]]
    expected: ClassVar[dict[str, int]]
    """Kind in `fake.kept` -> entities that one answered call of an unknown client makes, recordings
    and transcripts left out."""
    of_client: ClassVar[frozenset[str]] = frozenset({"contacts"})
    """Kinds of which there is one a client, however many calls."""
    secret: ClassVar[str] = "s3cr3t-token"
    speed: ClassVar[float] = SPEED
    """So many times as fast as the sockets; the slower, the finer can limits be compared."""
    chaos_speed: ClassVar[float] = SPEED
    """The same in `test_chaos`."""
    not_taken: ClassVar[dict[str, Fault]] = NOT_TAKEN
    make = "no_open_deal"
    """Of whom leads are made."""
    clock: QuickClock | None = None
    """Of all houses of a test: whoever is started again finds the time gone on."""

    def settings(self, fake: CrmFake) -> CrmSettings:
        """Settings that reach the fake, with `timeout_s` under a second and `secret` as key."""
        raise NotImplementedError

    def refuse(self, fake: CrmFake) -> Callable[[], None]:
        """Have the fake refuse the key from now on; what is given back lets it in again."""
        kept = fake.always
        fake.always = lambda _hit: Fault(status=401, body='{"error": "unauthorized"}')

        def admit() -> None:
            fake.always = kept

        return admit

    # -- the stage

    @asynccontextmanager
    async def crm(self) -> AsyncIterator[CrmFake]:
        """A running fake; the base for fakes that need data of their own."""
        async with self.fake_type() as fake:
            yield fake

    @asynccontextmanager
    async def house(self, fake: CrmFake, folder: Path) -> AsyncIterator[House]:
        """A house that tells the fake; the fake's time is the house's."""
        settings = self.settings(fake)
        rules = settings.lead.model_copy(update={"make": self.make})
        target = target_for(settings.model_copy(update={"lead": rules}))
        self.clock = self.clock or QuickClock(self.speed)
        async with a_house(folder, target, type(self).build, clock=self.clock) as house:
            fake.use_clock(house.clock.now)
            yield house

    def counts(self, fake: CrmFake) -> dict[str, int]:
        """How many entities of the expected kinds there are."""
        return {kind: len(fake.kept[kind]) for kind in self.expected}

    def times(self, calls: int, clients: int = 1) -> dict[str, int]:
        """What so many calls of so many clients make."""
        return {
            kind: count * (clients if kind in self.of_client else calls)
            for kind, count in self.expected.items()
        }

    async def clean(self, folder: Path) -> int:
        """How many requests a call needs when nothing goes wrong."""
        async with self.crm() as fake, self.house(fake, folder) as house:
            await self.slowly(house)
            return len(fake.hits)

    async def slowly(self, house: House, name: str = "c1", caller: str | None = CLIENT) -> None:
        """A call whose steps are each written before the next one comes."""
        async for _ in house.steps(name, caller):
            await house.settled()

    async def hit_or_settled(self, fake: CrmFake, house: House, n: int) -> None:
        """Until request `n` came, or none will come any more."""
        ways = {
            asyncio.ensure_future(fake.until(lambda: len(fake.hits) > n)),
            asyncio.ensure_future(house.settled()),
        }
        _, late = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for one in late:
            one.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    # -- what must hold

    async def test_a_call_makes_what_it_should(self, tmp_path: Path) -> None:
        """Each entity once, every step delivered."""
        async with self.crm() as fake, self.house(fake, tmp_path) as house:
            await self.slowly(house)
            assert set((await house.states()).values()) == {"sent"}
            assert self.counts(fake) == self.expected

    async def test_the_end_alone_makes_the_same(self, tmp_path: Path) -> None:
        """Earlier steps may have been dropped: the last one does what they could not."""
        async with self.crm() as fake, self.house(fake, tmp_path) as house:
            *_, last = [call async for call in house.steps("c1", CLIENT, tell=False)]
            await house.tell(last, "ended")
            await house.settled()
            assert self.counts(fake) == self.expected

    @pytest.mark.parametrize("name", TAKEN_AND_LOST)
    async def test_no_request_is_doubled_when_its_answer_is_lost(
        self, tmp_path: Path, name: str
    ) -> None:
        """Whichever request of a call it is: the CRM is asked before anything is sent again."""
        for n in range(await self.clean(tmp_path / "clean")):
            async with self.crm() as fake, self.house(fake, tmp_path / str(n)) as house:
                fake.always = nth(n, TAKEN_AND_LOST[name])
                await house.whole_call()
                await house.settled()
                assert self.counts(fake) == self.expected, f"request {n} of {paths(fake)}"

    async def test_no_request_is_lost_when_it_was_not_taken(self, tmp_path: Path) -> None:
        """Whichever request of a call it is, and whatever the CRM answered instead."""
        for n in range(await self.clean(tmp_path / "clean")):
            for name, fault in self.not_taken.items():
                folder = tmp_path / f"{n} {name}"
                async with self.crm() as fake, self.house(fake, folder) as house:
                    fake.always = nth(n, fault)
                    await house.whole_call()
                    await house.settled()
                    assert self.counts(fake) == self.expected, (
                        f"{name}, request {n} of {paths(fake)}"
                    )

    @pytest.mark.parametrize("make", ["no_open_deal", "new_callers"])
    async def test_killed_at_any_request_and_started_again(self, tmp_path: Path, make: str) -> None:
        """The CRM did it, we died before we knew: the next process asks.

        The contact that it made before does not make a new caller a known one.
        """
        self.make = make
        for n in range(await self.clean(tmp_path / "clean")):
            async with self.crm() as fake:
                fake.always = nth(n, Fault(accept=True, hang=True))
                async with self.house(fake, tmp_path / str(n)) as house:
                    await house.whole_call()
                    await self.hit_or_settled(fake, house, n)
                fake.always = None
                async with self.house(fake, tmp_path / str(n)) as house:
                    await house.settled()
                assert self.counts(fake) == self.expected, f"request {n} of {paths(fake)}"

    async def test_six_calls_at_once_of_a_new_client(self, tmp_path: Path) -> None:
        """One client, however many of his calls ring at once."""
        async with self.crm() as fake, self.house(fake, tmp_path) as house:
            for n in range(6):
                await house.tell(a_call(f"c{n}"), "started")
            await house.settled()
            for n in range(6):
                await house.whole_call(f"d{n}")
            await house.settled()
            counts = self.counts(fake)
            for kind in self.of_client & counts.keys():
                assert counts[kind] == self.expected[kind], kind

    async def test_a_storm_of_refusals_passes(self, tmp_path: Path) -> None:
        """Half of all requests meet 503 or 429: nothing lost, nothing doubled, no limit passed."""
        async with self.crm() as fake, self.house(fake, tmp_path) as house:
            fake.always = faulty(0.25, 5, *(self.not_taken[name] for name in ("503", "429")))
            for n in range(8):
                await house.whole_call(f"c{n}", f"+7916000000{n}")
            await house.settled(60.0)
            assert self.counts(fake) == self.times(8, clients=8)
            assert fake.too_fast == 0

    async def test_the_crms_limit_is_never_passed(self, tmp_path: Path) -> None:
        """Forty calls at once wait for their turn here, not for refusals there."""
        async with self.crm() as fake, self.house(fake, tmp_path) as house:
            for n in range(40):
                await house.whole_call(f"c{n}", f"+791600000{n:02}")
            await house.settled(60.0)
            assert self.counts(fake) == self.times(40, clients=40)
            assert fake.too_fast == 0

    async def test_a_refused_key_is_shown_and_loses_nothing(self, tmp_path: Path) -> None:
        """The target is paused, somebody is told, no row dies; the key is nowhere to be seen."""
        async with self.crm() as fake, self.house(fake, tmp_path) as house:
            admit = self.refuse(fake)
            await house.whole_call()
            await until(lambda: house.dispatcher.status()[0].needs_admin, 10.0)
            (status,) = house.dispatcher.status()
            assert status.trouble
            async with house.store.read() as conn:
                rows = await outbox.list_rows(conn)
            assert all(row.state in {"waiting", "sending", "unknown"} for row in rows)
            told = f"{status.trouble} {[row.last_error for row in rows]}"
            assert self.secret not in told
            admit()
            await house.settled()
            assert self.counts(fake) == self.expected
            assert not house.dispatcher.status()[0].needs_admin

    @pytest.mark.parametrize("seed", range(-(-STEPS // STEPS_A_RUN)))
    async def test_chaos(self, tmp_path: Path, seed: int) -> None:
        """Each of eight faults at 5 % of all requests, and kill -9: none lost, none doubled."""
        clock = QuickClock(self.chaos_speed)
        async with self.crm() as fake:
            fake.use_clock(clock.now)
            figures = await chaos.run(
                tmp_path,
                fake,
                self.settings(fake),
                type(self).build,
                steps=min(STEPS, STEPS_A_RUN),
                clock=clock,
                kill_every_s=KILL_EVERY_S,
                seed=seed,
            )
            print(f"\n{figures}")  # noqa: T201 - the figures of a run are asked for
            assert {told.split()[1] for told in figures.steps} <= {"sent", "dropped"}, figures
            due = self.times(figures.calls, figures.clients)
            assert self.counts(fake) == due, (self.counts(fake), figures)
            assert fake.too_fast == 0, (fake.too_fast, figures)
            self.in_order(fake)

    def in_order(self, fake: CrmFake) -> None:
        """A call's entities were made in the order of its steps.

        A fake that keeps our call's id in several kinds compares them here.
        """
        assert fake

    async def test_hidden_numbers_are_no_clients(self, tmp_path: Path) -> None:
        """Nothing is made of a client whom nobody knows, and nobody is looked for."""
        async with self.crm() as fake, self.house(fake, tmp_path) as house:
            await self.slowly(house, caller=None)
            counts = self.counts(fake)
            assert all(counts[kind] == 0 for kind in self.of_client & counts.keys())


def paths(fake: CrmFake) -> list[str]:
    """What was asked, for whoever reads a failure."""
    return [f"{hit.verb} {hit.path}" for hit in fake.hits]


def nth(n: int, fault: Fault) -> Callable[[Hit], Fault | None]:
    """For `always`: the request number `n` (from 0) meets the fault."""
    numbers: Iterator[int] = iter(range(1_000_000))
    return lambda _hit: fault if next(numbers) == n else None
