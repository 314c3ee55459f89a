"""What is found at a FreeSWITCH."""

from pathlib import Path
from typing import Any

import pytest

from calltrackd.doctor import keys
from calltrackd.doctor.examine import examine
from calltrackd.doctor.facts import Feature
from calltrackd.doctor.finding import Finding
from calltrackd.doctor.freeswitch import (
    access,
    lines,
    media,
    modules,
    recording,
    replies,
    version,
)
from calltrackd.doctor.freeswitch.facts import FreeswitchFacts, Step
from calltrackd.settings import Keypad, RecordingSettings
from tests.doctor import seeds
from tests.doctor.freeswitch import HERE, RECORDS, attachment, pbx, profile, socket
from tests.doctor.seeds import NO_TAGS, TAGS, brief, only, site

META = "1 b s execute_extension::dx XML features"
"""Vanilla's `*1`."""


def test_healthy_freeswitch_has_no_findings() -> None:
    """No news from a PBX at which nothing is wrong."""
    assert examine(site(pbxs=(pbx(),))) == []


def test_both_makes_are_told_in_one_visit() -> None:
    """Each by its own checks, under its own name."""
    fs = pbx(settings=attachment(name="fs"), profiles=(profile("internal", bypass=True),))
    asterisk = seeds.pbx(phones=(seeds.phone("101", direct_media=True),))
    found = examine(site(pbxs=(fs, asterisk)))
    assert {(one.pbx, one.check) for one in found} == {
        ("fs", "media.bypass"),
        ("hq", "phones.direct_media"),
    }


def test_unreachable_freeswitch_is_one_error() -> None:
    """With what to look at on the PBX."""
    down = FreeswitchFacts(settings=attachment(), unreachable="connection refused")
    found = only(examine(site(pbxs=(down,))))
    assert (found.check, found.severity) == ("link", "error")
    assert any("8021" in line for line in found.mend)


def test_refused_question_is_told_as_unseen() -> None:
    """With what to allow, or how to ask as another."""
    shy = pbx(profiles=None, refused={"profiles": "permission denied"})
    found = only(examine(site(pbxs=(shy,))))
    assert (found.check, found.severity) == ("unseen", "note")
    assert "profiles" in found.what


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1.11.1-release", []),
        ("1.10.12-release", []),
        ("1.8.7", [("version", "warning")]),
        ("1.12.0-dev", [("version", "note")]),
        (None, []),
    ],
)
def test_version_outside_1_10_and_1_11(text: str | None, found: list[object]) -> None:
    """Too old is a warning, too new a note."""
    assert brief(version.check(pbx(version=text))) == found


def told(check: Any, **spoilt: Any) -> list[tuple[str, str]]:
    """Check and severity of what is found at a PBX with this wrong."""
    return brief(check(pbx(**spoilt)))


def test_default_password_is_an_error() -> None:
    """In event_socket.conf, or in our settings."""
    assert told(access.check, socket=socket(default_password=True)) == [
        ("socket.password", "error")
    ]
    assert told(access.check, settings=attachment(secret="ClueCon")) == [
        ("socket.password", "error")
    ]


@pytest.mark.parametrize(
    ("address", "admits", "found"),
    [
        ("127.0.0.1", True, []),
        ("::1", True, []),
        ("::", True, [("socket.exposed", "error")]),
        ("0.0.0.0", True, [("socket.exposed", "error")]),
        ("0.0.0.0", False, [("socket.exposed", "note")]),
    ],
)
def test_socket_that_others_can_reach(address: str, admits: bool, found: list[object]) -> None:
    """Open to the world is an error; a list alone between is worth knowing."""
    assert told(access.check, socket=socket(listen_ip=address, admits_strangers=admits)) == found


def test_socket_across_a_network_is_plain() -> None:
    """Listening beyond loopback is needed there then, but nothing is encrypted."""
    spoilt = {"settings": attachment(host="192.0.2.7"), "socket": socket(listen_ip="0.0.0.0")}
    assert told(access.check, **spoilt) == [("socket.plain", "warning")]


def test_command_that_the_user_may_not_use() -> None:
    """What each lacking right costs, and the param to write."""
    found = list(access.check(pbx(denied=frozenset({"show", "uuid_displace"}))))
    assert brief(found) == [("rights.api", "error"), ("rights.api", "warning")]
    assert any("esl-allowed-api" in line for line in found[0].mend)


def test_master_password_is_worth_a_note() -> None:
    """It can do everything; a user of the directory need not."""
    assert told(access.check, settings=attachment(user=None)) == [("rights.risky", "note")]


def test_missing_module_is_told_where_it_is_needed() -> None:
    """The tone's module is of no use without tags."""
    gone = {"mod_sndfile": False, "mod_tone_stream": False}
    assert brief(modules.check(pbx(modules=gone), TAGS)) == [("modules", "warning")] * 2
    assert "mod_sndfile" in only(modules.check(pbx(modules=gone), NO_TAGS)).what


def media_told(keypad: Any = TAGS, **spoilt: Any) -> list[Finding]:
    """Findings about the way of sound and keys."""
    return list(media.check(pbx(**spoilt), keypad))


@pytest.mark.parametrize("param", ["bypass", "proxy"])
def test_profile_that_lets_sound_pass_by(param: str) -> None:
    """An error when keys are tags, a warning for recordings' sake otherwise."""
    spoilt = (profile("internal", **{param: True}), profile("external"))
    found = only(media_told(profiles=spoilt))
    assert (found.check, found.severity) == ("media.bypass", "error")
    assert f"inbound-{param}-media" in found.what
    assert "internal" in found.what
    assert brief(media_told(NO_TAGS, profiles=spoilt)) == [("media.bypass", "warning")]


def test_bypass_for_every_call_by_a_global_variable() -> None:
    """Channels inherit global variables."""
    found = only(media_told(variables={"bypass_media": "true"}))
    assert (found.check, found.severity) == ("media.bypass", "error")
    assert media_told(variables={"bypass_media": "false"}) == []


@pytest.mark.parametrize("data", ["bypass_media=true", "nolocal:proxy_media=true"])
def test_bypass_in_an_extension_of_the_dialplan(data: str) -> None:
    """Told with context and extension, which is where to mend it."""
    step = Step("default", "Local_Extension", "set", data)
    assert "default/Local_Extension" in only(media_told(steps=(step,))).what


def test_bypass_that_is_switched_off_in_the_dialplan() -> None:
    """`bypass_media=false` is how it is mended."""
    assert media_told(steps=(Step("default", "x", "set", "bypass_media=false"),)) == []


@pytest.mark.parametrize(
    ("spoilt", "severity"),
    [({"dtmf": "none"}, "error"), ({"dtmf": "info"}, "warning"), ({"pass_rfc2833": True}, "error")],
)
def test_profile_whose_keys_are_not_seen(spoilt: dict[str, Any], severity: str) -> None:
    """Keys as sound, by SIP INFO only, or passed on unread."""
    found = only(media_told(profiles=(profile("internal", **spoilt),)))
    assert (found.check, found.severity) == ("media.dtmf", severity)
    assert "internal" in found.what
    assert any("restart" in line for line in found.mend)


def test_sound_is_listened_to_where_the_dialplan_says_so() -> None:
    """start_dtmf finds keys in the sound, badly; without it nobody looks."""
    deaf = (profile("internal", dtmf="none"),)
    listening = (Step("public", "x", "start_dtmf"),)
    assert "guessed" in only(media_told(profiles=deaf, steps=listening)).means
    assert "nothing here listens" in only(media_told(profiles=deaf, steps=())).means


def test_phones_on_a_profile_of_lines() -> None:
    """They would be clients."""
    found = only(lines.check(pbx(profiles=(profile("external", registrations=2),))))
    assert (found.check, found.severity) == ("lines.pattern", "warning")


def test_gateways_on_a_profile_of_phones() -> None:
    """Only clients with short numbers are mistaken, so it is a note."""
    found = only(lines.check(pbx(profiles=(profile("internal", gateways=("provider",)),))))
    assert (found.check, found.severity) == ("lines.pattern", "note")
    assert "provider" in found.what


def test_meta_key_that_is_a_tag_clashes() -> None:
    """Vanilla's `*1` transfers while the operator tags."""
    mine = {"map": [{"keys": {"*1": "sale"}}], "ignore": [], "transfer_codes": []}
    tags = Keypad.model_validate(mine)
    change = replies.features([Step("default", "x", "bind_meta_app", META)])
    spoilt = pbx(features=change)
    found = only(keys.check(spoilt, tags))
    assert (found.check, found.severity) == ("keys.clash", "error")
    assert "fs_cli -x reloadxml" in found.mend


def test_meta_key_that_dials_belongs_to_the_transfer_codes() -> None:
    """Else the number dialled after it could set tags."""
    spoilt = pbx(features=(Feature("att_xfer", "*4", application="execute_extension"),))
    assert "transfer_codes = " in only(keys.check(spoilt, TAGS)).mend[-1]


def test_our_own_hidden_codes_are_no_clash() -> None:
    """bind_digit_action lines of dialplan/freeswitch do nothing, on purpose."""
    ours = Feature("bind_digit_action", "^7[0-9]$", "calltrackd-key", pattern=True)
    theirs = Feature("bind_digit_action", "^7[0-9]$", "hangup", pattern=True)
    assert list(keys.check(pbx(features=(ours,)), TAGS)) == []
    assert brief(keys.check(pbx(features=(theirs,)), TAGS)) == [("keys.clash", "error")]


def recording_told(**spoilt: Any) -> list[tuple[str, str]]:
    """Findings about the way it records."""
    return brief(recording.check(pbx(**spoilt), HERE))


def test_dialplan_without_recording_is_not_judged() -> None:
    """That talks are missing is told by the talks."""
    assert recording_told(steps=(), variables={}) == []


def test_mono_recording_that_begins_with_the_ringing() -> None:
    """Notes before the first call is made."""
    bare = (Step("public", "x", "record_session", "/rec/${uuid}.wav"),)
    assert recording_told(steps=bare) == [
        ("recordings.mixed", "note"),
        ("recordings.ringing", "note"),
    ]


def test_settings_of_all_calls_count_as_well() -> None:
    """vars.xml is where FusionPBX and many others set them."""
    bare = (Step("public", "x", "record_session", "/rec/${uuid}.wav"),)
    everywhere = {"RECORD_STEREO": "true", "RECORD_ANSWER_REQ": "true"}
    assert recording_told(steps=bare, variables=everywhere) == []


@pytest.mark.parametrize(
    "data",
    [
        "/rec/${caller_id_number}.wav",
        "/rec/${caller_id_name}-${uuid}.wav",
        "/rec/${sip_from_user}.wav",
        "/rec/${destination_number}/${uuid}.wav",
    ],
)
def test_name_that_the_caller_fills(data: str) -> None:
    """`..%2f` in a From header leaves the folder."""
    steps = (*RECORDS, Step("public", "old", "record_session", data))
    assert recording_told(steps=steps) == [("recordings.injection", "warning")]


def test_name_that_the_caller_fills_behind_a_key() -> None:
    """As vanilla's `*2` has it."""
    data = "2 b s record_session::/rec/${caller_id_number}.${strftime(%Y)}.wav"
    steps = (*RECORDS, Step("default", "Local_Extension", "bind_meta_app", data))
    found = only(recording.check(pbx(steps=steps), HERE))
    assert found.check == "recordings.injection"
    assert "default/Local_Extension" in found.what


def test_folder_that_the_settings_do_not_name() -> None:
    """With the line to write; a map that leads into a named folder is enough."""
    elsewhere = {"recordings_dir": "/var/lib/freeswitch/recordings"}
    found = only(recording.check(pbx(variables=elsewhere), HERE))
    assert (found.check, found.severity) == ("recordings.outside", "warning")
    assert 'folders = ["/var/lib/freeswitch/recordings"]' in found.mend
    mapped = RecordingSettings(
        folders=[Path("/mnt/pbx")], path_map={"/var/lib/freeswitch": "/mnt/pbx"}
    )
    assert list(recording.check(pbx(variables=elsewhere), mapped)) == []
