"""What the models themselves decide: channel patterns, key maps, limits."""

import re

import pytest

from calltrackd.settings import AsteriskPbx, Keypad, Kinds, Settings
from calltrackd.settings.base import Section
from calltrackd.settings.pbx import PHONES


@pytest.mark.parametrize(
    ("channel", "extension"),
    [
        ("PJSIP/101-0000002a", "101"),
        ("PJSIP/1101-0000002a", "1101"),
        ("SIP/20-0000002a", "20"),
        ("IAX2/101-1234", "101"),
        ("SCCP/101-00000001", "101"),
        ("PJSIP/99101-0000002a", "101"),
        ("PJSIP/991101-0000002a", "1101"),
        ("PJSIP/9910-0000002a", "9910"),
        ("PJSIP/trunk-0000002a", None),
        ("PJSIP/dcs-endpoint-0000002a", None),
        ("PJSIP/74951234567-0000002a", None),
        ("PJSIP/101-office-0000002a", "101"),
        ("PJSIP/office-101-0000002a", None),
        ("DAHDI/1-1", None),
        ("Local/101@from-internal-0000002a;1", None),
    ],
)
def test_the_default_pattern_knows_phones_of_freepbx_and_basic_pbx(
    channel: str, extension: str | None
) -> None:
    """Short numbers are phones, WebRTC twins are their extension, all else is a line or nobody."""
    found = re.search(PHONES, channel)
    assert (found and found[1]) == extension


def keypad(*maps: dict[str, object]) -> Keypad:
    """Keypad settings with these maps."""
    return Keypad.model_validate({"map": list(maps)})


def test_all_maps_that_fit_a_call_hold_together() -> None:
    """A common map and one of a queue both give their tags."""
    rules = keypad({"keys": {"1": "sale"}}, {"keys": {"2": "repair"}, "queues": ["service"]})
    assert rules.tags_for(None, "service", "101") == {"1": "sale", "2": "repair"}
    assert rules.tags_for(None, "sales", "101") == {"1": "sale"}


def test_the_map_with_more_limits_wins() -> None:
    """Whatever the order in the file."""
    rules = keypad(
        {"keys": {"1": "a"}, "queues": ["q"], "operators": ["101"]},
        {"keys": {"1": "b"}, "operators": ["101"]},
        {"keys": {"1": "c"}},
    )
    assert rules.tags_for(None, "q", "101")["1"] == "a"
    assert rules.tags_for(None, None, "101")["1"] == "b"
    assert rules.tags_for(None, "q", "102")["1"] == "c"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"queues": ["a"]}, {"queues": ["b"]}),
        ({"queues": ["a"]}, {}),
        ({"numbers": ["84950000001"]}, {"numbers": ["84950000002"]}),
    ],
)
def test_maps_that_never_meet_may_differ(one: dict[str, object], other: dict[str, object]) -> None:
    """Other queues, other numbers, or more limits: nothing is ambiguous."""
    assert keypad({"keys": {"1": "x"}, **one}, {"keys": {"1": "y"}, **other}).map


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"queues": ["a"]}, {"queues": ["b", "a"]}),
        ({"queues": ["a"]}, {"operators": ["101"]}),
        ({}, {}),
    ],
)
def test_maps_that_can_meet_must_agree(one: dict[str, object], other: dict[str, object]) -> None:
    """The same tag is fine, two tags for the same keys are not."""
    assert keypad({"keys": {"1": "x"}, **one}, {"keys": {"1": "x"}, **other}).map
    with pytest.raises(ValueError, match="different tags"):
        keypad({"keys": {"1": "x"}, **one}, {"keys": {"1": "y"}, **other})


def test_limits_of_a_number_override_only_what_they_name() -> None:
    """The rest is the common rule."""
    rules = Kinds.model_validate(
        {
            "quality_tags": ["sale"],
            "override": [{"numbers": ["84950000001"], "quality_talk_s": 90.0}],
        }
    )
    assert rules.limits_for("+74950000001") == (30.0, 90.0, ["sale"])
    assert rules.limits_for("+74950000002") == (30.0, 30.0, ["sale"])
    assert rules.limits_for(None) == (30.0, 30.0, ["sale"])


def test_settings_do_not_change_after_loading() -> None:
    """Who wants others loads again."""
    pbx = AsteriskPbx.model_validate({"kind": "asterisk", "name": "hq", "secret": "x"})
    with pytest.raises(ValueError, match="frozen"):
        pbx.host = "elsewhere"  # type: ignore[misc]


def all_sections(model: type[Section] = Section) -> list[type[Section]]:
    """Every table of ours."""
    below = [deeper for child in model.__subclasses__() for deeper in all_sections(child)]
    return [*model.__subclasses__(), *below]


def test_every_setting_is_described() -> None:
    """Schema, docs and messages need the words."""
    assert Settings in all_sections()
    for section in all_sections():
        for name, field in section.model_fields.items():
            assert field.description, f"{section.__name__}.{name}"
