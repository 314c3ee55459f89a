"""What the doctor learns from a FreeSWITCH 1.11.1, by its recorded answers.

A vanilla configuration with our dialplan, spoilt: default password, `::`, `dtmf-type info` and
`pass-rfc2833` on internal, `inbound-bypass-media` on external.
"""

import pytest

from calltrackd.doctor.examine import examine
from calltrackd.doctor.freeswitch.facts import EventSocket, FreeswitchFacts, Profile
from calltrackd.doctor.freeswitch.gather import gather
from tests.doctor.freeswitch import Recorded, attachment
from tests.doctor.seeds import site

WHOLE, FEW = "freeswitch-1.11", "freeswitch-1.11-few-rights"


async def facts(name: str = WHOLE, **instead: str) -> FreeswitchFacts:
    """The facts out of the recorded answers, this machine's clock being a second late."""
    session = Recorded(name, **instead)
    clock = int(
        session.answers.get("strmicroepoch", "0").removeprefix("-ERR permission denied") or 0
    )
    return await gather(attachment(), session, clock=lambda: clock / 1e6 - 1.0)


async def test_freeswitch_1_11_is_read_whole() -> None:
    """Nothing is refused: version, socket, modules, variables, clock."""
    found = await facts()
    assert found.refused == {}
    assert found.version == "1.11.1-release"
    assert found.denied == frozenset()
    assert found.socket == EventSocket("::", True, ("calltrackd",), False)
    assert found.modules is not None
    assert all(found.modules.values())
    assert found.variables == {"recordings_dir": "/var/lib/freeswitch/recordings"}
    assert found.clock_ahead_s == pytest.approx(1.0)


async def test_profiles_as_they_run() -> None:
    """DTMF type, the way of the sound, and the gateways of each."""
    found = await facts()
    assert set(found.profiles or ()) == {
        Profile("internal", "public", dtmf="info", pass_rfc2833=True),
        Profile("external", "public", bypass=True, gateways=("example.com", "provider")),
    }


async def test_steps_that_matter_are_taken_from_the_dialplan() -> None:
    """Our recording lines, vanilla's meta keys, nothing of the rest."""
    found = await facts()
    taken = {(step.context, step.extension) for step in found.steps or ()}
    assert taken == {("public", "calltrackd-record"), ("default", "Local_Extension")}
    assert {(one.name, one.keys) for one in found.features or ()} == {
        ("dx", "*1"),
        ("record_session", "*2"),
        ("cf", "*3"),
        ("att_xfer", "*4"),
    }


async def test_findings_of_the_spoilt_vanilla_configuration() -> None:
    """All that is spoilt, and what vanilla itself has."""
    settings = {
        "pbx": [{"kind": "freeswitch", "name": "hq", "secret": "x"}],
        "keypad": {"map": [{"keys": {"71": "sale"}}]},
    }
    found = examine(site(settings, pbxs=(await facts(),)))
    assert {one.check for one in found} == {
        "socket.password",
        "socket.exposed",
        "media.bypass",
        "media.dtmf",
        "keys.unlisted",
        "recordings.injection",
        "recordings.outside",
        "clock",
    }
    assert found[0].severity == "error"


async def test_user_with_few_rights() -> None:
    """What is refused is None with its reason; what the daemon lacks is known."""
    found = await facts(FEW)
    assert found.version == "1.11.1-release"
    assert found.denied == {"uuid_dump", "uuid_displace"}
    assert (found.profiles, found.steps, found.features) == (None, None, None)
    assert found.refused["profiles"] == "permission denied"


async def test_another_users_rights_are_not_the_daemons() -> None:
    """An admin's session sees all, but says nothing of what the daemon may do."""
    found = await gather(attachment(), Recorded(WHOLE), own=False)
    assert found.denied is None
    assert found.profiles is not None


@pytest.mark.parametrize("answer", ["can't find anything\n", "<section name='dialplan'></section>"])
async def test_dialplan_out_of_a_database_is_told_as_unseen(answer: str) -> None:
    """FusionPBX makes it for each call: there is none to read."""
    session = Recorded(WHOLE)
    session.answers["xml_locate dialplan"] = answer
    found = await gather(attachment(), session)
    assert found.steps is None
    assert found.features is None
    assert set(found.refused) == {"steps"}


@pytest.mark.parametrize(
    "answer", ["<profile>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "no such thing", ""]
)
async def test_answer_that_is_no_xml_is_a_refusal(answer: str) -> None:
    """It is told and harms nothing else."""
    session = Recorded(WHOLE)
    session.answers["sofia xmlstatus"] = answer
    found = await gather(attachment(), session)
    assert set(found.refused) == {"profiles"}


async def test_no_password_is_kept() -> None:
    """xml_locate shows those of the gateways and of the socket; facts and findings don't."""
    found = await facts()
    assert (
        "never-to-be-seen"
        in Recorded(WHOLE).answers["xml_locate configuration configuration name sofia.conf"]
    )
    everything = site(pbxs=(found,))
    assert "never-to-be-seen" not in f"{everything} {examine(everything)}"
