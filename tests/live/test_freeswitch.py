"""The daemon at a real FreeSWITCH writes the records that the phones can testify to."""

import asyncio

import pytest

from tests.lab.freeswitch import GIVEN, Freeswitch
from tests.live.evening import Played
from tests.live.freeswitch_evening import play_all, playable
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
