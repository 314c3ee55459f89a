"""The doctor and the confirmation tone at a real Asterisk 22."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from calltrackd.doctor.examine import examine
from calltrackd.doctor.visit import visit
from calltrackd.pbx.tone import Kind, confirmation
from calltrackd.settings import AsteriskPbx
from tests.doctor.seeds import attachment, site
from tests.lab.asterisk import Asterisk
from tests.lab.recorder import Tap
from tests.lab.running import running
from tests.lab.stage import Stage

pytestmark = pytest.mark.live22


@pytest.fixture(scope="module")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    """A PBX with the lab's configuration: operators 121 and 122 allow direct media."""
    with running(22, tmp_path_factory.mktemp("doctor")) as pbx:
        yield pbx


def recommended(pbx: Asterisk) -> AsteriskPbx:
    """The user of dialplan/asterisk/manager_calltrackd.conf as it is delivered."""
    return attachment(port=pbx.ami_port, secret="CHANGE-ME")


async def test_recommended_user_sees_all_and_lacks_nothing(asterisk: Asterisk) -> None:
    """The doctor can look everywhere with the smallest rights, and finds them right."""
    (facts,) = await visit([recommended(asterisk)])
    assert facts.unreachable is None
    assert facts.refused == {}
    checks = {one.check for one in examine(site(pbxs=(facts,)))}
    assert not {one for one in checks if one.startswith(("rights", "filter", "version", "clock"))}


async def test_endpoints_with_direct_media_are_found(asterisk: Asterisk) -> None:
    """The two that the lab's configuration spoils, and no other."""
    (facts,) = await visit([recommended(asterisk)])
    direct = [phone.name for phone in facts.phones or () if phone.direct_media]
    assert {"PJSIP/121", "PJSIP/122"} <= set(direct)
    assert "PJSIP/101" not in direct
    found = [one for one in examine(site(pbxs=(facts,))) if one.check == "phones.direct_media"]
    assert len(found) == 1
    assert "121, 122" in found[0].what


async def test_wrong_password_is_one_finding(asterisk: Asterisk) -> None:
    """Asked once, told in words."""
    wrong = recommended(asterisk).model_copy(update={"secret": SecretStr("wrong")})
    (facts,) = await visit([wrong])
    assert facts.unreachable is not None
    assert "Authentication failed" in facts.unreachable


def in_bridge(frame: dict[str, str]) -> bool:
    """The operator's phone is in the talk."""
    return frame.get("Event") == "BridgeEnter" and frame["Channel"].startswith("PJSIP/101-")


@pytest.mark.parametrize("kind", ["playdtmf", "playmf"])
@pytest.mark.parametrize(("known", "beeps"), [(True, 1), (False, 2)])
async def test_tone_is_for_the_operator_only(
    asterisk: Asterisk, kind: Kind, known: bool, beeps: int
) -> None:
    """The PBX takes the actions; the client's phone gets no key and nobody pressed one."""
    async with Stage(asterisk, tap := Tap()) as stage:
        await tap.connect(asterisk.ami_port)
        talking = tap.watch(in_bridge)
        await stage.call_in("1")
        operator = await stage.answers("101", 0.2)
        channel = (await talking)["Channel"]
        for name, fields in confirmation(kind, channel, known=known):
            (reply, *_) = await tap.action(name, **fields)
            assert reply["Response"] == "Success"
        await operator.bye()
        await stage.settled()
        keys = [entry.phone for entry in stage.diary.entries if entry.what == "digit_in"]
        assert keys == ["101"] * (beeps if kind == "playdtmf" else 0)
        assert not [f for f in tap.frames if f.get("Direction") == "Received"]
