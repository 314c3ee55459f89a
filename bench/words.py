"""What is understood of calls whose truth is known, by language and set, as a user measures it.

    python bench/words.py [--calls DIR] [--models DIR] [--language LANG]...

Each call goes through `calltrackd speech transcribe` and `calltrackd speech map`. A call is a sound
file beside a JSON of the truth (`lang`, `segments` of `role`, `start`, `end`, `text`); the letter
behind the last `_` of its name is its set; DIR of models holds `*-LANG` folders.

WER: words mistaken, lost, invented, of those that were said. Tags: every word of LONG letters that
is said anywhere in the calls of a language becomes two `[[phrase]]` rules, one a side; a tag is
right when the same rule holds for the truth of the same call. F1 of the talk map: frames of 10 ms.
Without arguments the tests' own calls are taken, of the languages whose models are there.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import msgspec

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from calltrackd.model.transcript import Transcript, Turn, Word  # noqa: E402 - the checkout's own
from calltrackd.settings.phrases import Phrase  # noqa: E402 - the same
from calltrackd.speech.talk.spans import Mask  # noqa: E402 - the same
from calltrackd.tagging.phrases.phrases import Phrases  # noqa: E402 - the same
from tests.speech import given  # noqa: E402 - the same
from tests.speech.scoring import Tally, plain  # noqa: E402 - the same
from tests.speech.talk.scores import f1, masks, told  # noqa: E402 - the same

LONG = 5
"""Letters; what is shorter is said by everybody about everything."""
SIDES: tuple[Literal["operator", "client"], ...] = ("operator", "client")
RECALL = PRECISION = 0.95
CLEAN = ("A", "B")
"""Sets of which tags are promised; C has an echo and a hum that become words."""
F1 = {"A": 0.95, "B": 0.95, "C": 0.93}


class Score:
    """Sums over the calls of one language and set."""

    def __init__(self) -> None:
        self.words = Tally()
        self.right = self.lost = self.invented = self.calls = 0
        self.f1: list[float] = []

    def add(self, truth: dict[str, Any], heard: Transcript, mapped: float, rules: Phrases) -> None:
        """One call."""
        self.calls += 1
        self.words.add(truth, heard)
        there, found = tags(spoken(truth), rules), tags(heard, rules)
        self.right += len(there & found)
        self.lost += len(there - found)
        self.invented += len(found - there)
        self.f1.append(mapped)

    @property
    def recall(self) -> float:
        """Of the tags that the truth earns."""
        return self.right / max(1, self.right + self.lost)

    @property
    def precision(self) -> float:
        """Of the tags that were set."""
        return self.right / max(1, self.right + self.invented)


def spoken(truth: dict[str, Any]) -> Transcript:
    """The truth as a perfect engine would tell it."""
    turns = [
        Turn(one["role"], one["start"], one["end"], one["text"], 1.0,
             [Word(word["w"], word["start"], word["end"], 1.0) for word in one["words"]])
        for one in sorted(truth["segments"], key=lambda one: one["start"])
    ]  # fmt: skip
    return Transcript("truth", "truth", truth["lang"], truth["duration"], turns)


def tags(transcript: Transcript, rules: Phrases) -> set[str]:
    """What the rules set."""
    return {match.tag for match in rules.find(transcript)}


def rules_of(truths: Iterable[dict[str, Any]]) -> Phrases:
    """A rule for every long word and side."""
    words = {word for one in truths for said in one["segments"] for word in plain(said["text"])}
    return Phrases(
        [
            Phrase(name=f"{side}: {word}", match=word, side=side)
            for word in sorted(words)
            if len(word) >= LONG
            for side in SIDES
        ]
    )


def asked(*words: str) -> Any:
    """The JSON that a `calltrackd speech` command prints."""
    command = [sys.executable, "-m", "calltrackd", "speech", *words]
    return json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout)


def drawn(truth: dict[str, Any], file: Path) -> float:
    """F1 of the talk map."""
    found: dict[str, Any] = asked("map", "--json", str(file))
    count = round(truth["duration"] * 100)
    mine: list[Mask] = masks(found["segments"], count)
    return f1(mine, told(truth))


def measured(language: str, model: Path, calls: Path) -> dict[str, Score]:
    """Set -> score."""
    truths = {name: given.truth(name, calls) for name in given.names(folder=calls)}
    truths = {name: one for name, one in truths.items() if one["lang"] == language}
    rules, found = rules_of(truths.values()), dict[str, Score]()
    for name, truth in truths.items():
        file = given.call(name, calls)
        heard = msgspec.convert(
            asked("transcribe", "--json", "--language", language, "--model", str(model), str(file)),
            Transcript,
        )
        found.setdefault(name[-1], Score()).add(truth, heard, drawn(truth, file), rules)
    return found


def kept(language: str, kind: str, score: Score) -> bool:
    """Print a line; whether it is as promised."""
    held = min(score.f1) >= F1[kind]
    if kind in CLEAN:
        held = held and score.recall >= RECALL and score.precision >= PRECISION
    print(
        f"{language} {kind}  {score.calls:3} calls  {score.words.words:4} words  "
        f"WER {score.words.wer:5.1f} %  tags {score.right + score.lost:4}: "
        f"recall {score.recall:.3f}  precision {score.precision:.3f}  "
        f"map F1 {sum(score.f1) / len(score.f1):.3f} (worst {min(score.f1):.3f})"
        f"{'' if held else '  MISSED'}"
    )
    return held


def models(folder: Path | None) -> dict[str, Path]:
    """Language -> model."""
    if folder is None:
        cache = ROOT / ".cache" / "speech"
        return {language: given.model(language, cache) for language in given.languages()}
    return {one.name.rpartition("-")[2]: one for one in sorted(folder.iterdir()) if one.is_dir()}


def main() -> int:
    """Print the figures; 1 when a promise is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=Path, default=given.DATA / "calls", metavar="DIR")
    parser.add_argument("--models", type=Path, metavar="DIR")
    parser.add_argument("--language", action="append")
    asked_for = parser.parse_args()
    missed, found = 0, models(asked_for.models)
    if not found:
        parser.error(f"{asked_for.models}: no unpacked model here; folders are named ...-LANG")
    for language, model in found.items():
        if asked_for.language is None or language in asked_for.language:
            scores = measured(language, model.absolute(), asked_for.calls.absolute())
            missed += sum(not kept(language, kind, scores[kind]) for kind in sorted(scores))
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
