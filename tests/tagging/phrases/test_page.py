"""docs/phrases.md says what the code does."""

import re
import tomllib
from pathlib import Path

import pytest

from calltrackd.model.phrase_text import parse
from calltrackd.settings import Settings
from calltrackd.tagging.masks import MASK, Masks
from calltrackd.tagging.phrases.phrases import Phrases
from tests.tagging.phrases.saying import talk

TEXT = (Path(__file__).parents[3] / "docs" / "phrases.md").read_text("utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
LANGUAGE = re.search(r"## What `match` can say\n(.*?)\n\n[^|]", TEXT, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_are_settings_that_can_be_used(example: str) -> None:
    """Each may be copied as it stands."""
    Settings.model_validate(tomllib.loads(example))


def test_every_row_of_the_language_is_a_rule() -> None:
    """What the table shows can be written."""
    assert LANGUAGE is not None
    rows = re.findall(r"^\| `(.*?)` \| ", LANGUAGE[1], re.MULTILINE)
    assert len(rows) == 11
    for text in rows:
        parse(text.replace("\\|", "|"), {"money": ["деньги"]})


def test_the_first_rule_finds_what_the_page_says() -> None:
    """The example is heard in the sentence below it."""
    settings = Settings.model_validate(tomllib.loads(EXAMPLES[0]))
    (match,) = Phrases(settings.phrase).find(talk("caller: верните мне мои деньги"))
    assert match.tag == "refund"


def test_the_mask_of_the_page_masks() -> None:
    """A passport's number goes, however it is dictated."""
    settings = Settings.model_validate(tomllib.loads(EXAMPLES[-1]))
    masked = Masks(patterns=settings.mask.patterns).mask(talk("caller: паспорт 4509 123456"))
    assert masked.turns[0].text == f"паспорт {MASK} {MASK}"
