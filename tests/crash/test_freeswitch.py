"""A given FreeSWITCH, its link and its calls under traffic: no call is lost, none is invented."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable

import pytest

from tests.crash.acts import RATE, attached_again, judged, outages_of, started, under_traffic
from tests.crash.conftest import MIX, ONE, PHONES
from tests.crash.daemon import Daemon
from tests.crash.proxy import Proxy
from tests.crash.witness import Outage
from tests.fakes.receiver import Receiver
from tests.lab.freeswitch import GIVEN, Freeswitch
from tests.lab.traffic import Plan, Traffic, repeated

Make = Callable[[int], Daemon]
LONG = Plan(ONE, "101", ring=0.3, talk=9.0)
LOAD_S = float(os.environ.get("CALLTRACKD_LOAD_S", "10"))
LOAD_RATE = 20.0
PING_S = 10.0
"""A FreeSWITCH under this load answers late, and is not gone for that."""
TWO_LEGS = [plan for plan in MIX if plan.did == ONE]
"""Ring groups and queues make FreeSWITCH itself the bottleneck of two shared cores."""
BUSY_S = 5.0
"""A FreeSWITCH on two shared cores says BYE that late; when it decided to, its events tell."""
LOOK_S = 1.0
"""An outage ends with the login; "attached" is said when all were asked for, up to 100 legs."""
MOST_LEGS = 500
"""A second; vanilla refuses what is beyond 30, and a ring group of three is four legs."""


@pytest.fixture(scope="module")
def freeswitch() -> Freeswitch:
    """The one that is given."""
    found = Freeswitch.given()
    if found is None:
        pytest.skip(f"no FreeSWITCH is given: {GIVEN}=host:port:password")
    return found


@pytest.fixture
async def traffic(freeswitch: Freeswitch) -> AsyncIterator[Traffic]:
    """The clients behind the lines and the phones of the company."""
    await freeswitch.ask(f"fsctl sps {MOST_LEGS}")
    ports = freeswitch.ports
    async with Traffic(ports.sip, ports.phone, PHONES, lines_port=ports.lines) as made:
        yield made


@pytest.fixture
def attach(freeswitch: Freeswitch, receiver: Receiver, make_daemon: Callable[..., Daemon]) -> Make:
    """A daemon for the event socket at a port."""
    secret = freeswitch.settings.secret.get_secret_value()
    return lambda port: make_daemon(
        port, receiver.url, make="freeswitch", secret=secret, ping=PING_S
    )


async def test_load_of_twenty_calls_a_second(
    freeswitch: Freeswitch, traffic: Traffic, receiver: Receiver, attach: Make
) -> None:
    """Every call of the phones has one true record, told once; there are no others."""
    daemon = attach(freeswitch.port)
    first = await started(daemon)
    await traffic.run(repeated(TWO_LEGS), LOAD_RATE, seconds=LOAD_S)
    await traffic.settled()
    witness = await judged(daemon, traffic, receiver, first, slack_s=BUSY_S)
    print(f"\n{len(traffic.attempts)} calls in {LOAD_S:g} s: {dict(witness.figures)}")  # noqa: T201 - the figures of a run are asked for
    assert witness.figures["live"] == len(traffic.attempts)


async def test_link_is_cut_and_comes_back(
    freeswitch: Freeswitch, traffic: Traffic, receiver: Receiver, attach: Make
) -> None:
    """Calls that live on are recovered, gone ones gaps; the record counts the outage."""
    async with Proxy(freeswitch.port) as proxy:
        daemon = attach(proxy.port)
        first = await started(daemon)
        async with under_traffic(traffic):
            whole = traffic.dial(LONG)
            await asyncio.sleep(1.0)
            lost = time.time()
            await proxy.cut()
            await asyncio.sleep(3.0)
            await proxy.heal()
            back = await attached_again(daemon, 2)
        witness = await judged(daemon, traffic, receiver, first, Outage(lost, back))
    assert witness.figures["gap"] > 0
    assert witness.figures["recovered"] > 0
    of_call = (await outages_of(daemon, whole.number))[whole.number]
    assert of_call == pytest.approx(back - lost, abs=LOOK_S)


async def test_pbx_is_killed_and_started_again(
    freeswitch: Freeswitch, traffic: Traffic, receiver: Receiver, attach: Make
) -> None:
    """Its calls died unseen: gaps that end with the link; calls of the new process are true."""
    daemon = attach(freeswitch.port)
    first = await started(daemon)
    await traffic.run(repeated(MIX), RATE, seconds=4.0)
    await asyncio.to_thread(freeswitch.remember)
    lost = time.time()
    await asyncio.to_thread(freeswitch.kill)
    dead = traffic.pbx_died(lost)
    await asyncio.to_thread(freeswitch.start)
    back = await attached_again(daemon, 2)
    await traffic.run(repeated(MIX), RATE, seconds=3.0)
    await traffic.settled()
    witness = await judged(daemon, traffic, receiver, first, Outage(lost, back))
    assert witness.figures["gap"] == len(dead) > 10
    gaps = [r for r in await daemon.records() if r.certainty == "gap"]
    assert all(r.ended_at == pytest.approx(lost, abs=0.3) for r in gaps)
    assert all(r.hung_up_by == "unknown" for r in gaps)


async def test_pbx_stops_in_order(
    freeswitch: Freeswitch, traffic: Traffic, receiver: Receiver, attach: Make
) -> None:
    """`fsctl shutdown` tells the hangups: no gap, and hung up by the PBX."""
    daemon = attach(freeswitch.port)
    await started(daemon)
    calls = [traffic.dial(LONG) for _ in range(5)]
    await asyncio.sleep(2.0)
    await asyncio.to_thread(freeswitch.stop)
    await daemon.until(lambda: daemon.has_ended(len(calls)), 20, "all ended")
    await asyncio.to_thread(freeswitch.start)
    await attached_again(daemon, 2)
    await daemon.all_told()
    await daemon.terminate()
    records = await daemon.records()
    assert {(r.certainty, r.hung_up_by, r.outcome) for r in records} == {
        ("live", "pbx", "answered")
    }
    assert len(records) == len(calls)
    await traffic.settled()


async def test_reloadxml_changes_nothing(
    freeswitch: Freeswitch, traffic: Traffic, receiver: Receiver, attach: Make
) -> None:
    """Under traffic, again and again."""
    daemon = attach(freeswitch.port)
    first = await started(daemon)
    async with under_traffic(traffic):
        for _ in range(5):
            await freeswitch.ask("reloadxml")
    witness = await judged(daemon, traffic, receiver, first)
    assert witness.figures["live"] == len(traffic.attempts)
    assert len(daemon.said("attached")) == 1
