"""docs/keypad.md says what the code does."""

import re
import tomllib
from pathlib import Path

import pytest

from calltrackd.pbx.tone import CONTEXT, confirmation
from calltrackd.settings import Keypad as Rules
from calltrackd.tagging.keypad import Keypad
from tests.tagging.pressing import T0, rules, typed

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "keypad.md").read_text()
DIALPLAN = ROOT / "dialplan" / "asterisk" / "extensions_calltrackd.conf"


def blocks(language: str) -> list[str]:
    """The page's examples in a language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_example_settings_can_be_used() -> None:
    """What is copied from the page loads, and its maps hold."""
    (example,) = blocks("toml")
    keypad = Rules.model_validate(tomllib.loads(example)["keypad"])
    assert keypad.tags_for("+74950000001", None, "102")["1"] == "mazda"
    assert keypad.tags_for("+74950000003", "sales", "101")["1"] == "vip"
    assert keypad.undo == "99"


@pytest.mark.parametrize(
    ("mapped", "typing", "tags"),
    [
        (["71"], "71", ["71"]),
        (["7", "71"], "71", ["71"]),
        (["7", "71"], "7", ["7"]),
        (["7", "71", "5"], "75", ["7", "5"]),
        (["1"], "481", []),
        (["1"], "*2101", []),
        (["1"], "*11", ["1"]),
    ],
)
def test_table_of_keys_is_true(mapped: list[str], typing: str, tags: list[str]) -> None:
    """Each row of the table, with the tags that come of it."""
    codes = {"ignore": ["*1"], "transfer_codes": ["*2"]}
    pad = Keypad(rules(dict(zip(mapped, mapped, strict=True)), **codes))
    verdicts = typed(pad, typing) + pad.expire(T0 + 60)
    assert [verdict.tag for verdict in verdicts if verdict.kind == "tag"] == tags
    assert all(f"`{keys}`" in PAGE for keys in mapped)


def test_dialplan_of_the_whisper_has_what_the_action_calls() -> None:
    """Context and both extensions."""
    dialplan = DIALPLAN.read_text()
    assert f"[{CONTEXT}]" in dialplan
    for known in (True, False):
        ((_, fields),) = confirmation("whisper", "PJSIP/101-1", known=known)
        extension = fields["Channel"].removeprefix("Local/").partition("@")[0]
        assert f"exten => {extension},1," in dialplan
