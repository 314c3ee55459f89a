"""Endpoints that hide keys, each seeded into an otherwise healthy PBX."""

import pytest

from calltrackd.doctor.asterisk import phones
from tests.doctor.seeds import NO_TAGS, TAGS, attachment, brief, only, pbx, phone

TRUNK = phone("trunk", context="from-trunk")
OPEN_TRUNK = phone("trunk", context="from-trunk", direct_media=True)


def test_good_endpoints_are_fine() -> None:
    """RFC 4733 over the PBX's own media."""
    assert list(phones.check(pbx(), TAGS)) == []


@pytest.mark.parametrize(("keypad", "severity"), [(TAGS, "error"), (NO_TAGS, "warning")])
def test_direct_media_of_phone_and_trunk_hides_keys(keypad: object, severity: str) -> None:
    """All such phones in one finding, graver when keys are tags."""
    direct = [phone(n, direct_media=True) for n in ("101", "102")]
    spoilt = pbx(phones=(*direct, phone("103"), OPEN_TRUNK))
    found = only(phones.check(spoilt, keypad))  # type: ignore[arg-type]
    assert (found.check, found.severity) == ("phones.direct_media", severity)
    assert "101, 102" in found.what
    assert "103" not in found.what
    assert "trunk" in found.means
    assert "direct_media=no" in found.mend


def test_direct_media_of_phones_alone_is_a_note() -> None:
    """One side that forbids it keeps the media on the PBX."""
    spoilt = pbx(phones=(phone("101", direct_media=True), TRUNK))
    assert only(phones.check(spoilt, TAGS)).severity == "note"


def test_direct_media_of_the_trunk_alone_is_nothing() -> None:
    """The phones forbid it, so it never happens."""
    assert list(phones.check(pbx(phones=(phone("101"), OPEN_TRUNK)), TAGS)) == []


@pytest.mark.parametrize(
    ("mode", "codecs", "severity", "word"),
    [
        ("inband", ("alaw",), "error", "guessed"),
        ("inband", ("g729",), "error", "no key is seen"),
        ("info", ("alaw",), "warning", "SIP INFO"),
    ],
)
def test_dtmf_mode_that_hides_keys(
    mode: str, codecs: tuple[str, ...], severity: str, word: str
) -> None:
    """Inband is guessed or destroyed by the codec; info needs a phone that sends it."""
    spoilt = pbx(phones=(phone("101", dtmf_mode=mode, codecs=codecs), TRUNK))
    found = only(phones.check(spoilt, TAGS))
    assert (found.check, found.severity) == ("phones.dtmf_mode", severity)
    assert word in found.means
    assert "dtmf_mode=rfc4733" in found.mend


@pytest.mark.parametrize("mode", ["rfc4733", "auto", "auto_info"])
def test_dtmf_mode_that_shows_keys(mode: str) -> None:
    """RFC 4733 and the automatic modes are fine."""
    assert list(phones.check(pbx(phones=(phone("101", dtmf_mode=mode), TRUNK)), TAGS)) == []


def test_dtmf_mode_of_a_trunk_hides_no_operators_key() -> None:
    """Only phones tag."""
    trunk = phone("trunk", context="from-trunk", dtmf_mode="inband")
    assert list(phones.check(pbx(phones=(phone("101"), trunk)), TAGS)) == []


def test_dtmf_mode_without_key_maps_is_a_note() -> None:
    """Nobody tags by keys here."""
    spoilt = pbx(phones=(phone("101", dtmf_mode="inband"), TRUNK))
    assert only(phones.check(spoilt, NO_TAGS)).severity == "note"


def test_chan_sip_peer_is_mended_in_sip_conf() -> None:
    """The line and the reload are those of the older driver."""
    peer = phone("101", dtmf_mode="inband")
    spoilt = pbx(phones=(peer.__class__("SIP/101", False, "inband", ("alaw",)),))
    assert only(phones.check(spoilt, TAGS)).mend[1:] == (
        "dtmfmode=rfc2833",
        "asterisk -rx 'sip reload'",
    )


def test_phone_that_no_pattern_matches() -> None:
    """`alice` dials from the phones' context: as a trunk she would be a client."""
    found = only(phones.check(pbx(phones=(phone("101"), phone("alice"), TRUNK)), TAGS))
    assert (found.check, found.severity) == ("phones.pattern", "warning")
    assert "alice" in found.what
    assert "trunk" not in found.what.replace("trunks", "")


def test_trunk_named_in_the_settings_may_share_the_phones_context() -> None:
    """A pattern of trunks says what it is."""
    settings = attachment(trunks=["^PJSIP/alice-"])
    named = pbx(settings=settings, phones=(phone("101"), phone("alice")))
    assert list(phones.check(named, TAGS)) == []


def test_phone_by_the_admins_own_pattern() -> None:
    """Extension patterns of the settings decide who is a phone."""
    settings = attachment(extensions=["^PJSIP/([a-z]+)-"], trunks=["^PJSIP/trunk-"])
    spoilt = pbx(settings=settings, phones=(phone("alice", dtmf_mode="info"), TRUNK))
    assert brief(phones.check(spoilt, TAGS)) == [("phones.dtmf_mode", "warning")]


def test_endpoints_that_could_not_be_seen_accuse_nobody() -> None:
    """The refusal is told elsewhere."""
    assert list(phones.check(pbx(phones=None), TAGS)) == []
