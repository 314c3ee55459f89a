"""The link, the PBX, the disk and the receiver fail under traffic; each second is accounted for."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable

import pytest

from tests.crash.acts import RATE, attached_again, judged, outages_of, started, under_traffic
from tests.crash.conftest import MIX, ONE
from tests.crash.daemon import Daemon
from tests.crash.proxy import Proxy
from tests.crash.witness import Outage, Stall
from tests.fakes.receiver import Fault, Receiver
from tests.lab.asterisk import Asterisk
from tests.lab.traffic import Plan, Traffic, repeated

pytestmark = pytest.mark.live22

Make = Callable[..., Daemon]
STALL_S = 20.0
LONG = Plan(ONE, "101", ring=0.3, talk=9.0)


@pytest.fixture
async def proxy(asterisk: Asterisk) -> AsyncIterator[Proxy]:
    """Between the daemon and the manager port."""
    async with Proxy(asterisk.ami_port) as made:
        yield made


async def test_link_is_cut_and_comes_back(
    asterisk: Asterisk, traffic: Traffic, receiver: Receiver, make_daemon: Make, proxy: Proxy
) -> None:
    """Calls that live on are recovered, gone ones gaps; record and metric count the same outage."""
    daemon = make_daemon(proxy.port, receiver.url)
    first = await started(daemon)
    before = await daemon.metric("calltrackd_outage_seconds_total")
    async with under_traffic(traffic):
        whole = traffic.dial(LONG)
        await asyncio.sleep(1.0)
        lost = time.time()
        await proxy.cut()
        await asyncio.sleep(3.0)
        await proxy.heal()
        back = await attached_again(daemon, 2)
    counted = await daemon.metric("calltrackd_outage_seconds_total") - before
    witness = await judged(daemon, traffic, receiver, first, Outage(lost, back))
    assert witness.figures["gap"] > 0
    assert witness.figures["recovered"] > 0
    of_call = (await outages_of(daemon, whole.number))[whole.number]
    assert of_call == pytest.approx(back - lost, abs=0.3)
    assert counted == pytest.approx(back - lost, abs=0.3)


async def test_half_open_link_is_noticed(
    asterisk: Asterisk, traffic: Traffic, receiver: Receiver, make_daemon: Make, proxy: Proxy
) -> None:
    """Nothing comes and nothing ends: the unanswered ping tells, and the outage began before it."""
    daemon = make_daemon(proxy.port, receiver.url, ping=1.0)
    first = await started(daemon)
    async with under_traffic(traffic):
        whole = traffic.dial(LONG)
        await asyncio.sleep(1.0)
        lost = time.time()
        await proxy.freeze()
        await daemon.until(lambda: daemon.said_text("half-open"), 20, "half-open")
        noticed = time.time()
        await proxy.heal()
        back = await attached_again(daemon, 2)
    assert noticed - lost < 5.0
    await judged(daemon, traffic, receiver, first, Outage(lost, back))
    of_call = (await outages_of(daemon, whole.number))[whole.number]
    assert of_call == pytest.approx(back - lost, abs=0.5)


async def test_pbx_is_killed_and_started_again(
    asterisk: Asterisk, traffic: Traffic, receiver: Receiver, make_daemon: Make
) -> None:
    """Its calls died unseen: gaps that end with the link; calls of the new process are true."""
    daemon = make_daemon(asterisk.ami_port, receiver.url)
    first = await started(daemon)
    await traffic.run(repeated(MIX), RATE, seconds=4.0)
    lost = time.time()
    await asyncio.to_thread(asterisk.kill)
    dead = traffic.pbx_died(lost)
    await asyncio.to_thread(asterisk.start)
    back = await attached_again(daemon, 2)
    await traffic.run(repeated(MIX), RATE, seconds=3.0)
    await traffic.settled()
    witness = await judged(daemon, traffic, receiver, first, Outage(lost, back))
    assert witness.figures["gap"] == len(dead) > 10
    gaps = [r for r in await daemon.records() if r.certainty == "gap"]
    assert all(r.ended_at == pytest.approx(lost, abs=0.3) for r in gaps)
    assert all(r.hung_up_by == "unknown" for r in gaps)


async def test_pbx_stops_in_order(
    asterisk: Asterisk, traffic: Traffic, receiver: Receiver, make_daemon: Make
) -> None:
    """`core stop now` tells the hangups: no gap, and hung up by the PBX."""
    daemon = make_daemon(asterisk.ami_port, receiver.url)
    await started(daemon)
    calls = [traffic.dial(LONG) for _ in range(5)]
    await asyncio.sleep(2.0)
    await asyncio.to_thread(asterisk.stop)
    await daemon.until(lambda: daemon.has_ended(len(calls)), 20, "all ended")
    await asyncio.to_thread(asterisk.start)
    await attached_again(daemon, 2)
    await daemon.all_told()
    await daemon.terminate()
    records = await daemon.records()
    assert {(r.certainty, r.hung_up_by, r.outcome) for r in records} == {
        ("live", "pbx", "answered")
    }
    assert len(records) == len(calls)
    await traffic.settled()


async def test_daemon_is_stopped_for_long(
    asterisk: Asterisk, traffic: Traffic, receiver: Receiver, make_daemon: Make
) -> None:
    """SIGSTOP for 20 s: what waited in the socket is read, and it does not blame the PBX."""
    daemon = make_daemon(asterisk.ami_port, receiver.url)
    first = await started(daemon)
    async with under_traffic(traffic, rate=2.0):
        stood = time.time()
        daemon.signal(signal.SIGSTOP)
        await asyncio.sleep(STALL_S)
        daemon.signal(signal.SIGCONT)
        stall = Stall(stood, time.time() + 1.0)
        await asyncio.sleep(2.0)
    witness = await judged(daemon, traffic, receiver, first, stalls=(stall,))
    assert len(daemon.said("attached")) == 1
    assert witness.figures["live"] == len(traffic.attempts)


async def test_disk_is_full_for_a_while(
    asterisk: Asterisk, traffic: Traffic, receiver: Receiver, make_daemon: Make
) -> None:
    """Nothing can be written: it says so, acts on nothing it can't keep, and goes on with room."""
    daemon = make_daemon(asterisk.ami_port, receiver.url)
    first = await started(daemon)
    async with under_traffic(traffic):
        whole = traffic.dial(LONG)
        await asyncio.sleep(1.0)
        lost = time.time()
        daemon.most_file_bytes(1)
        await daemon.until(lambda: daemon.said_text("can't be kept"), 10, "said that it is full")
        assert (await daemon.get("/healthz"))[0] == 200
        assert (await daemon.get("/readyz"))[0] == 503
        await asyncio.sleep(2.0)
        daemon.most_file_bytes()
        back = await attached_again(daemon, 2)
    await judged(daemon, traffic, receiver, first, Outage(lost, back))
    of_call = (await outages_of(daemon, whole.number))[whole.number]
    assert of_call == pytest.approx(back - lost, abs=1.0)


async def test_target_is_down_for_long(
    asterisk: Asterisk, traffic: Traffic, receiver: Receiver, make_daemon: Make
) -> None:
    """Every end waits in the outbox and is told, in order, when the target is back."""
    daemon = make_daemon(asterisk.ami_port, receiver.url)
    first = await started(daemon)
    receiver.always = Fault(status=503)
    async with under_traffic(traffic):
        await asyncio.sleep(6.0)
    assert not receiver.accepted
    assert await daemon.metric("calltrackd_outbox_depth") > len(traffic.attempts)
    await daemon.kill()
    refused = len(receiver.hits)
    receiver.hits.clear()
    receiver.always = None
    await daemon.start()
    await judged(daemon, traffic, receiver, first)
    assert refused < 60, "a dead target is probed, not flooded"
