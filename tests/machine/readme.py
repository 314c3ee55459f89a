"""The shell of README's five minutes, as it stands there."""

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def blocks(heading: str) -> list[str]:
    """The shell blocks of a section, in order."""
    text = README.read_text()
    section = re.split(r"^## ", text.split(f"## {heading}", 1)[1], maxsplit=1, flags=re.MULTILINE)
    return re.findall(r"^```sh\n(.*?)^```", section[0], re.MULTILINE | re.DOTALL)


def by_hand(script: str, edited: str) -> str:
    """What a person would type: the editor's work is done by `edited`, nothing is watched."""
    script = re.sub(r"^editor .*$", lambda _: edited, script, flags=re.MULTILINE)
    return re.sub(r"^calltrackd tail$", "", script, flags=re.MULTILINE)
