"""Feature codes of the PBX beside the key map."""

import pytest

from calltrackd.doctor import keys
from calltrackd.doctor.facts import Feature
from calltrackd.settings import Keypad
from tests.doctor.seeds import NO_TAGS, TAGS, brief, only, pbx


def keypad(*sequences: str, **more: object) -> Keypad:
    """A map of these sequences and no codes but the given ones."""
    mapped = {"map": [{"keys": dict.fromkeys(sequences, "tag")}]}
    return Keypad.model_validate(mapped | {"ignore": [], "transfer_codes": []} | more)


@pytest.mark.parametrize("code", ["71", "7"])
def test_code_that_is_or_begins_a_tag_clashes(code: str) -> None:
    """The PBX parks the call while the operator tags it."""
    spoilt = pbx(features=(Feature("parkcall", code),))
    found = next(iter(keys.check(spoilt, keypad("71", "55", ignore=[code] if code == "7" else []))))
    assert (found.check, found.severity) == ("keys.clash", "error")
    assert "71" in found.what
    assert "55" not in found.what
    assert "parkcall" in found.what


def test_code_that_only_shares_a_beginning_is_no_clash() -> None:
    """`*2` and `*3`: the PBX lets keys through that complete no code."""
    spoilt = pbx(features=(Feature("atxfer", "*2"),))
    assert list(keys.check(spoilt, keypad("*3", transfer_codes=["*2"]))) == []


def test_default_code_is_a_warning() -> None:
    """`#` transfers where features.conf says nothing, if Dial has the option for it."""
    spoilt = pbx(features=(Feature("blindxfer", "#", default=True),))
    assert brief(keys.check(spoilt, keypad("#5"))) == [("keys.clash", "warning")]


def test_undo_clashes_too() -> None:
    """`**` hangs up on FreePBX."""
    spoilt = pbx(features=(Feature("disconnect", "**"),))
    found = next(iter(keys.check(spoilt, keypad("5", undo="**"))))
    assert (found.check, found.severity) == ("keys.clash", "error")


@pytest.mark.parametrize("application", ["NoOp", "UserEvent"])
def test_silent_application_on_a_tags_keys_is_on_purpose(application: str) -> None:
    """An applicationmap entry that does nothing keeps the keys from the client's ear."""
    silent = pbx(features=(Feature("tag1", "71", application=application),))
    assert list(keys.check(silent, TAGS)) == []


def test_other_application_on_a_tags_keys_clashes() -> None:
    """One that plays a sound or hangs up is not."""
    spoilt = pbx(features=(Feature("bye", "71", application="Hangup"),))
    assert ("keys.clash", "error") in brief(keys.check(spoilt, TAGS))


@pytest.mark.parametrize(
    ("feature", "line"),
    [
        (Feature("blindxfer", "##"), 'transfer_codes = ["*9", "##"]'),
        (Feature("atxfer", "*2"), 'transfer_codes = ["*9", "*2"]'),
        (Feature("automixmon", "*3"), 'ignore = ["*8", "*3"]'),
    ],
)
def test_code_that_the_settings_do_not_know(feature: Feature, line: str) -> None:
    """Its keys would be unknown sequences, or tags; the line to write holds the old ones too."""
    known = keypad("5", ignore=["*8"], transfer_codes=["*9"])
    found = only(keys.check(pbx(features=(feature,)), known))
    assert (found.check, found.severity) == ("keys.unlisted", "warning")
    assert line in found.mend


def test_unlisted_codes_share_one_line() -> None:
    """What is to be written holds all of them."""
    spoilt = pbx(features=(Feature("automon", "*1"), Feature("automixmon", "*3")))
    found = only(keys.check(spoilt, keypad("5")))
    assert found.mend[-1] == 'ignore = ["*1", "*3"]'


def test_transfer_code_among_the_ignored_is_not_enough() -> None:
    """The number dialled after it would be read as tags."""
    spoilt = pbx(features=(Feature("atxfer", "*2"),))
    assert brief(keys.check(spoilt, keypad("5", ignore=["*2"]))) == [("keys.unlisted", "warning")]


def test_defaults_fit_freepbx() -> None:
    """FreePBX's codes and the defaults of the settings agree."""
    codes = {"blindxfer": "##", "atxfer": "*2", "disconnect": "**", "automon": "*1"}
    features = tuple(Feature(name, code) for name, code in codes.items())
    assert list(keys.check(pbx(features=features), TAGS)) == []


def test_without_key_maps_nothing_clashes() -> None:
    """Nobody tags by keys here."""
    assert list(keys.check(pbx(features=(Feature("parkcall", "7"),)), NO_TAGS)) == []
