"""Settings by which the demo hears words: two languages, two models, six rules."""

from collections.abc import Mapping
from pathlib import Path

SPEECH = """
[speech]
enabled = true
language = "ru"
share = 1.0
settle_s = 1.0

[[speech.language_rule]]
language = "en"
numbers = ["+{english}"]

[speech.live]
enabled = {live}
port = 0

[[speech.vosk]]
language = "ru"
model = "{ru}"

[[speech.vosk]]
language = "en"
model = "{en}"

[[phrase]]
name = "refund"
match = "want ..1 refund"
side = "client"
alert = true

[[phrase]]
name = "costly"
match = "too expensive | дорого"
side = "client"

[[phrase]]
name = "price"
match = "сколько стоить"
side = "client"

[[phrase]]
name = "booking"
match = "записать ..1 на"
side = "client"

[[phrase]]
name = "visit"
match = "мастер ..2 приехать"
side = "operator"
"""


def speech(models: Mapping[str, Path], english: str, *, live: bool) -> str:
    """The part of the settings. `english`: the number whose callers speak English."""
    paths = {language: path.absolute() for language, path in models.items()}
    return SPEECH.format(english=english, live=str(live).lower(), **paths)
