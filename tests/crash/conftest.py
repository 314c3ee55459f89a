"""A real Asterisk 22, a receiver that checks signatures, phones, and a daemon to be maltreated."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from tests.crash.daemon import KEY, Daemon
from tests.fakes.receiver import Receiver
from tests.lab.asterisk import Asterisk
from tests.lab.config import OPERATORS, operator_ip
from tests.lab.running import running
from tests.lab.traffic import Plan, Traffic

PHONES = {number: operator_ip(number) for number in OPERATORS}
ONE, QUEUE, GROUP = "74950000001", "74950000002", "74950000003"
MIX = (
    Plan(ONE, "101", ring=0.5, talk=2.5),
    Plan(ONE, "101", ring=0.2, talk=2.0, ender="operator"),
    Plan(ONE, None, ring=2.2),
    Plan(GROUP, "106", ring=0.4, talk=2.4),
    Plan(ONE, "101", ring=1.2, talk=1.2),
    Plan(ONE, None, ring=3.0),
    Plan(ONE, "101", ring=0.3, talk=3.5, ender="operator"),
    Plan(QUEUE, None, ring=2.5),
    Plan(ONE, "101", ring=0.5, talk=2.0),
    Plan(GROUP, "107", ring=0.6, talk=2.0, ender="operator"),
)
"""Calls of 2 to 4 seconds: answered, abandoned, ring groups, a queue."""


@pytest.fixture(scope="module")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    """One PBX a module."""
    with running(22, tmp_path_factory.mktemp("asterisk")) as pbx:
        yield pbx


@pytest.fixture
async def traffic(asterisk: Asterisk) -> AsyncIterator[Traffic]:
    """The clients behind the trunk and the phones of the company."""
    async with Traffic(asterisk.ports.sip, asterisk.ports.phone, PHONES) as made:
        yield made


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """The CRM."""
    async with Receiver((KEY,)) as listening:
        yield listening


@pytest.fixture
async def make_daemon(tmp_path: Path) -> AsyncIterator[Callable[..., Daemon]]:
    """Daemons, each with a folder of its own; killed at the end."""
    made: list[Daemon] = []

    def make(ami_port: int, url: str, **values: object) -> Daemon:
        folder = tmp_path / f"daemon-{len(made)}"
        folder.mkdir()
        made.append(Daemon(folder, ami_port, url, **values))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for daemon in made:
        await daemon.kill()
