"""Facts from the replies that a real Asterisk 22.10 and 16.28 gave (replies/)."""

import pytest

from calltrackd.doctor.asterisk.facts import AsteriskFacts
from calltrackd.doctor.asterisk.gather import gather
from calltrackd.doctor.examine import examine
from calltrackd.doctor.facts import Facts
from calltrackd.settings import AsteriskPbx, Settings
from tests.doctor.seeds import Recorded, attachment

PING = 1795434888.621893


async def facts(name: str, settings: AsteriskPbx | None = None) -> AsteriskFacts:
    """What the doctor learns from the recorded PBX, its own clock being one second late."""
    session = Recorded(name)
    return await gather(settings or attachment(), session, clock=lambda: PING - 1.0)


async def test_asterisk_22_is_read_whole() -> None:
    """Version, user, filters, endpoints, feature codes and clock, with nothing refused."""
    found = await facts("asterisk-22")
    assert found.refused == {}
    assert found.version == "22.10.1+dfsg+~cs6.17.60671434-1"
    assert found.user is not None
    assert found.user.read == {"system", "call", "agent", "dtmf", "dialplan"}
    assert found.user.write == {"system", "call", "originate", "reporting"}
    assert [value for _, value in found.user.filters] == [
        "!^Event: (CEL|TestEvent|DeviceStateChange|RTCP.*|Cdr)"
    ]
    assert found.clock_ahead_s == pytest.approx(1.0)
    assert found.commands is not None
    assert {"Status", "PlayDTMF", "Originate"} <= found.commands
    assert "Command" not in found.commands


async def test_endpoints_of_asterisk_22() -> None:
    """Direct media, DTMF mode, codecs and context of each."""
    found = await facts("asterisk-22")
    phones = {phone.name: phone for phone in found.phones or ()}
    assert set(phones) == {f"PJSIP/{n}" for n in ("101", "111", "120", "alice", "trunk")}
    spoilt, good = phones["PJSIP/120"], phones["PJSIP/101"]
    assert (spoilt.direct_media, spoilt.dtmf_mode) == (True, "inband")
    assert (good.direct_media, good.dtmf_mode) == (False, "rfc4733")
    assert (good.codecs, good.context) == (("alaw", "ulaw"), "from-internal")


async def test_feature_codes_of_asterisk_22() -> None:
    """The featuremap and applicationmap as configured; no default beside them."""
    found = await facts("asterisk-22")
    codes = {feature.name: feature for feature in found.features or ()}
    assert {name: codes[name].keys for name in ("blindxfer", "atxfer", "parkcall")} == {
        "blindxfer": "#1",
        "atxfer": "*2",
        "parkcall": "#72",
    }
    assert (codes["tag1"].keys, codes["tag1"].application) == ("*71", "NoOp")
    assert (codes["tag2"].keys, codes["tag2"].application) == ("*72", "UserEvent")
    assert not any(feature.default for feature in codes.values())


@pytest.mark.parametrize("name", ["asterisk-16", "asterisk-22"])
async def test_native_bridging_is_found_as_debian_loads_it(name: str) -> None:
    """Both versions load bridge_native_rtp.so unless modules.conf forbids it."""
    assert (await facts(name)).native_bridging is True


async def test_module_that_is_not_loaded_is_a_fact_and_no_refusal() -> None:
    """ModuleCheck answers with an error then, as 16 and 22 do."""
    absent = [{"Response": "Error", "Message": "Module not loaded"}]
    found = await gather(attachment(), Recorded("asterisk-22", ModuleCheck=absent))
    assert found.native_bridging is False
    assert found.refused == {}


async def test_pbx_without_endpoints_has_none() -> None:
    """Asterisk 22 as Debian installs it: the list is empty, and told as an error."""
    none = [{"Response": "Error", "Message": "No endpoints found"}]
    found = await gather(attachment(), Recorded("asterisk-22", PJSIPShowEndpoints=none))
    assert found.phones == ()
    assert found.refused == {}


async def test_endpoints_of_chan_sip_on_asterisk_16() -> None:
    """Peers stand beside PJSIP endpoints; rfc2833 is the same as rfc4733."""
    found = await facts("asterisk-16")
    phones = {phone.name: phone for phone in found.phones or ()}
    assert {"PJSIP/101", "SIP/777", "SIP/778"} <= set(phones)
    assert (phones["SIP/777"].direct_media, phones["SIP/777"].dtmf_mode) == (True, "inband")
    assert phones["SIP/777"].codecs == ("alaw", "g729")
    assert (phones["SIP/778"].direct_media, phones["SIP/778"].dtmf_mode) == (False, "rfc4733")
    assert found.version is not None
    assert found.version.startswith("16.28")


async def test_refusals_are_facts() -> None:
    """A user with few rights: what is refused is None with its reason, the rest is told."""
    found = await facts("asterisk-22-few-rights", attachment(user="calls"))
    assert (found.user, found.phones, found.features) == (None, None, None)
    assert found.refused == {
        "user": "Permission denied",
        "phones": "Permission denied",
        "features": "Permission denied",
        "native_bridging": "Permission denied",
    }
    assert found.version is not None
    assert found.commands is not None


async def test_another_users_actions_are_not_the_daemons() -> None:
    """An admin's session sees all, but says nothing of what the daemon's user may do."""
    found = await gather(attachment(), Recorded("asterisk-22"), own=False)
    assert found.phones is not None
    assert found.commands is None
    assert found.user is not None


async def test_pbx_without_features_conf_has_the_defaults() -> None:
    """No file is not a refusal: Asterisk's own codes hold."""
    missing = [{"Response": "Error", "Message": "Config file not found"}]
    good = Recorded("asterisk-22")

    class WithoutFile(Recorded):
        async def action(self, name: str, /, **fields: str) -> list[dict[str, str]]:
            if fields.get("Filename") == "features.conf":
                return await Recorded("asterisk-22", GetConfig=missing).action(name, **fields)
            return await good.action(name, **fields)

    session = WithoutFile("asterisk-22")
    found = await gather(attachment(), session)
    assert {(f.name, f.keys, f.default) for f in found.features or ()} == {
        ("blindxfer", "#", True),
        ("disconnect", "*", True),
    }


async def test_no_secret_is_kept() -> None:
    """The section of manager.conf holds the password; the facts and findings don't."""
    found = await facts("asterisk-22")
    everything = Facts(settings=Settings(), pbxs=(found,))
    assert "never-to-be-seen" not in f"{everything} {examine(everything)}"


async def test_section_that_is_not_in_manager_conf_is_told() -> None:
    """A user from a database has no section: that is said, not an error."""
    empty = [{"Response": "Success", "Category-000000": "general"}]
    session = Recorded("asterisk-22", GetConfig=empty)
    found = await gather(attachment(), session)
    assert found.user is None
    assert "no section [calltrackd]" in found.refused["user"]
