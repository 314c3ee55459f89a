"""Real PBXs for the live tests: 22 always, 16 by `make live16`."""

import asyncio
import os
from collections.abc import Iterator

import pytest

from tests.lab.asterisk import Asterisk
from tests.lab.packages import Unavailable
from tests.lab.running import missing, running
from tests.live.evening import Played, play_all

VERSIONS = [
    pytest.param(22, marks=pytest.mark.live22, id="22"),
    pytest.param(16, marks=pytest.mark.live16, id="16"),
]


def _wanted(version: int) -> None:
    if version == 16 and not os.environ.get("CALLTRACKD_LIVE16"):
        pytest.skip("Asterisk 16 has a target of its own: make live16")


@pytest.fixture(scope="session", params=VERSIONS)
def pbx(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Asterisk]:
    """A running PBX for all tests of the session."""
    _wanted(request.param)
    with running(request.param, tmp_path_factory.mktemp(f"asterisk{request.param}-")) as asterisk:
        yield asterisk


@pytest.fixture(scope="session", params=VERSIONS)
def evening(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Played]:
    """The plots of the chosen tests played to an attached daemon, once a session."""
    _wanted(request.param)
    folder = tmp_path_factory.mktemp(f"evening{request.param}-")
    try:
        return asyncio.run(play_all(request.param, folder, _chosen(request)))
    except Unavailable as reason:
        missing(request.param, reason)


def _chosen(request: pytest.FixtureRequest) -> list[str]:
    """The plots that this session's tests ask for: `-k NAME` plays one."""
    chosen = (getattr(item, "callspec", None) for item in request.session.items)
    return [
        spec.params["name"]
        for spec in chosen
        if spec is not None and spec.params.get("evening") == request.param
    ]
