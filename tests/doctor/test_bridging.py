"""Native RTP bridges, in which keys pass the PBX unread."""

import pytest

from calltrackd.doctor.asterisk import bridging
from calltrackd.doctor.asterisk.facts import AsteriskFacts
from calltrackd.doctor.finding import Finding
from tests.doctor.seeds import only, pbx, site, talk

TAGGING = {"keypad": {"map": [{"keys": {"5": "price"}}]}}


def found(native: AsteriskFacts, *calls: object, settings: object = TAGGING) -> list[Finding]:
    """Findings about this PBX after these calls."""
    return list(bridging.check(native, site(settings, calls=calls)))  # type: ignore[arg-type]


def test_native_bridging_hides_keys_of_plain_dials() -> None:
    """A warning with the module to unload, and the ways that touch the dialplan instead."""
    finding = only(found(pbx(native_bridging=True)))
    assert (finding.check, finding.severity) == ("keys.native_bridge", "warning")
    assert "asterisk -rx 'module unload bridge_native_rtp.so'" in finding.mend
    assert sum("Dial(" in line for line in finding.mend) == 2


@pytest.mark.parametrize("loaded", [False, None])
def test_module_away_or_unknown_is_no_finding(loaded: bool | None) -> None:
    """Unloaded: all is well; refused: that is told as unseen."""
    assert found(pbx(native_bridging=loaded)) == []


def test_where_all_talks_are_recorded_none_is_native() -> None:
    """A recording makes Asterisk read the sound, and the keys in it."""
    recorded = talk(sides=("caller", "operator"))
    assert found(pbx(native_bridging=True), recorded) == []
    assert len(found(pbx(native_bridging=True), recorded, talk())) == 1


def test_recordings_of_another_pbx_say_nothing_of_this_one() -> None:
    """Each attachment is judged by its own talks."""
    elsewhere = talk(sides=("both",), pbx="branch")
    assert len(found(pbx(native_bridging=True), elsewhere)) == 1


def test_without_key_maps_nobody_misses_the_keys() -> None:
    """Native bridging is the cheaper way then."""
    assert found(pbx(native_bridging=True), settings=None) == []
