"""Signals and a wrong password: nothing lost, nothing tried twice, nothing left behind."""

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.conftest import MIX
from tests.crash.daemon import Daemon
from tests.crash.proxy import Proxy
from tests.crash.witness import Outage, Witness
from tests.fakes.receiver import Receiver
from tests.lab.asterisk import Asterisk
from tests.lab.traffic import Traffic, repeated

pytestmark = pytest.mark.live22

Make = Callable[..., Daemon]
REFUSED = 78


def children_of(pid: int) -> list[str]:
    """Processes that this one started and that live."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return listed.read_text().split() if listed.exists() else []


async def test_stop_under_traffic_is_quick_and_the_next_start_goes_on(
    asterisk: Asterisk, traffic: Traffic, receiver: Receiver, make_daemon: Make
) -> None:
    """SIGTERM ends it with 0 within 10 s; what was not told then is told by the next one."""
    daemon = make_daemon(asterisk.ami_port, receiver.url)
    began = time.time()
    await daemon.start()
    await daemon.ready()
    first = Outage(began, time.time())
    dialling = asyncio.create_task(traffic.run(repeated(MIX), 20.0))
    await asyncio.sleep(4.0)
    stopped = time.time()
    code, took = await daemon.terminate()
    assert code == 0
    assert took < 10.0
    await daemon.start()
    await daemon.ready()
    second = Outage(stopped, time.time() + 0.5)
    traffic.stop()
    await dialling
    await traffic.settled()
    await daemon.all_told()
    await daemon.terminate()
    records = await daemon.records()
    witness = Witness(traffic.attempts, [first, second])
    witness.hear_store(records)
    witness.hear_receiver(receiver.hits, records)
    witness.verdict(daemon.last_words)


async def test_reload_under_traffic_loses_nothing(
    asterisk: Asterisk, traffic: Traffic, receiver: Receiver, make_daemon: Make
) -> None:
    """SIGHUP with right settings swaps them, with wrong ones keeps the old; no call notices."""
    daemon = make_daemon(asterisk.ami_port, receiver.url)
    began = time.time()
    await daemon.start()
    await daemon.ready()
    first = Outage(began, time.time())
    dialling = asyncio.create_task(traffic.run(repeated(MIX), 20.0))
    await daemon.until(lambda: _told(receiver, "cpc"), 30, "told of a call by the first settings")
    for round_ in range(3):
        daemon.furnish(medium=f"cpc{round_}")
        daemon.signal(signal.SIGHUP)
        await daemon.until(
            lambda n=round_: _said(daemon, "settings.reloaded", n + 1), 10, "reloaded"
        )
    good = daemon.config.read_text()
    daemon.config.write_text(good.replace("retry_cap_s", "retry_kap_s"))
    daemon.signal(signal.SIGHUP)
    await daemon.until(lambda: _said(daemon, "settings.kept", 1), 10, "kept the old settings")
    assert "retry_cap_s" in daemon.said("settings.problem")[0]["problem"]
    await daemon.until(lambda: _told(receiver, "cpc2"), 30, "told of a call by the last settings")
    traffic.stop()
    await dialling
    await traffic.settled()
    await daemon.all_told()
    await daemon.terminate()
    assert len(daemon.said("attached")) == 1
    records = await daemon.records()
    witness = Witness(traffic.attempts, [first])
    witness.hear_store(records)
    witness.hear_receiver(receiver.hits, records)
    witness.verdict(daemon.last_words)


async def _told(receiver: Receiver, medium: str) -> bool:
    """Whether the CRM heard of a call that these settings gave its source."""
    return any(hit.event["data"]["source"].get("medium") == medium for hit in receiver.hits)


async def _said(daemon: Daemon, event: str, times: int) -> bool:
    return len(daemon.said(event)) >= times


async def test_wrong_password_is_tried_once(
    asterisk: Asterisk, receiver: Receiver, make_daemon: Make
) -> None:
    """Exit code 78, which systemd does not restart, and one line that says what to mend."""
    async with Proxy(asterisk.ami_port) as proxy:
        daemon = make_daemon(proxy.port, receiver.url, secret="wrong")
        await daemon.start()
        assert await daemon.exited() == REFUSED
        assert proxy.accepted == 1
    assert len(daemon.said("login.refused")) == 1
    assert "refuses the manager user 'calltrackd'" in daemon.last_words(1)
    assert "mend user and secret" in daemon.last_words(1)


async def test_kill_leaves_no_process(
    asterisk: Asterisk, receiver: Receiver, make_daemon: Make
) -> None:
    """The daemon has no children that would outlive it, and its folder can be used at once."""
    daemon = make_daemon(asterisk.ami_port, receiver.url)
    await daemon.start()
    await daemon.ready()
    assert children_of(daemon.pid) == []
    await daemon.kill()
    await daemon.start()
    await daemon.ready()
    code, _ = await daemon.terminate()
    assert code == 0
