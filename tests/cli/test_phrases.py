"""Windows of rules on old calls: `calltrackd phrases test|run` count as the daemon did."""

import json
from typing import Any

import pytest

from calltrackd.model.call import CallRecord
from calltrackd.settings import load
from calltrackd.speech.reading import Reader
from calltrackd.store import transcripts
from calltrackd.store.engine import Store
from calltrackd.store.transcripts import Stored
from tests.cli.conftest import House
from tests.cli.records import START, answered, identity
from tests.tagging.phrases.saying import talk

RULES = """
[[phrase]]
name = "offer"
match = "скидка"
side = "operator"
[[phrase]]
name = "second thoughts"
match = "дорого"
side = "client"
after = "offer"
within_s = 10.0
[[phrase]]
name = "third thoughts"
match = "нет"
after = "second thoughts"
[[phrase]]
name = "greeting"
match = "здравствуйте"
first_s = 6.0
[[phrase]]
name = "farewell"
match = "до свидания"
last_s = 5.0
"""
TALKS = (
    ("operator@6: здравствуйте", "caller: дорого", "operator@20: скидка", "caller@24: дорого",
     "caller@30: нет", "operator@60: до свидания"),
    ("operator@12: здравствуйте", "operator@20: скидка", "caller@35: дорого", "caller: нет",
     "operator@40: до свидания", "caller@60: да"),
)  # fmt: skip


@pytest.fixture
def heard(house: House) -> House:
    """Two calls whose recordings begin with the ringing."""
    house.config.write_text(house.config.read_text() + RULES)
    house.save(*(record(number) for number in range(len(TALKS))))
    for number, turns in enumerate(TALKS):
        keep(house, number, *turns)
    return house


def record(number: int) -> CallRecord:
    """Its call, without tags."""
    return answered(number, recordings=[], tags=[])


def keep(house: House, number: int, *turns: str) -> None:
    """Put what was said in a call into the store."""
    read = Reader(load(house.config, {}, need_secrets=False)).read(talk(*turns), None, None)
    stored = Stored(
        call_id=identity(number),
        path=f"{number}.wav",
        heard_from=START + number * 60,
        made_at=START + 900,
        transcript=read.transcript,
    )

    async def job(store: Store) -> None:
        await store.writer.submit(lambda conn: transcripts.save(conn, stored, read.words))

    house.store(job)


def tried(house: House, *words: str) -> dict[str, list[float]]:
    """Call -> seconds of the quotes that a rule finds."""
    result = house.run("phrases", "test", "--json", *words)
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = [json.loads(line) for line in result.stdout.splitlines()]
    return {one["call_id"][-1]: [span["second"] for span in one["spans"]] for one in found}


def test_rule_that_waits_for_another_is_tried_behind_it(heard: House) -> None:
    """What was said before the other rule held, or too long behind it, does not count."""
    assert tried(heard, "second thoughts") == {"0": [24.0]}


def test_rule_that_waits_for_one_that_waits_is_tried_behind_both(heard: House) -> None:
    """In the second call the one between them never held."""
    assert tried(heard, "third thoughts") == {"0": [30.0]}


def test_first_seconds_count_from_the_answer(heard: House) -> None:
    """Ringing is in the recording, and no part of the talk; seconds are the player's."""
    assert tried(heard, "greeting") == {"0": [6.0]}
    assert tried(heard, "greeting", "--first-s", "8") == {"1": [12.0], "0": [6.0]}


def test_last_seconds_count_from_the_end(heard: House) -> None:
    """A farewell in the middle is none."""
    assert tried(heard, "farewell") == {"0": [60.0]}


def test_text_is_tried_with_windows_of_its_own(heard: House) -> None:
    """Before it becomes a rule."""
    assert tried(heard, "дорого", "--after", "offer") == {"1": [35.0], "0": [24.0]}
    assert tried(heard, "дорого", "--after", "offer", "--within-s", "5") == {"0": [24.0]}
    assert tried(heard, "дорого", "--last-s", "30") == {"1": [35.0]}
    assert tried(heard, "дорого", "--side", "operator") == {}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["дорого", "--after", "offre"], "no [[phrase]] is named offre; there are: "),
        (["offer", "--after", "third thoughts"], "offer waits for itself"),
        (["дорого", "--within-s", "5"], "within_s counts from another rule"),
    ],
)
def test_windows_that_can_not_be_are_told(heard: House, words: list[str], told: str) -> None:
    """One line, exit code 2."""
    result = heard.run("phrases", "test", *words)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert told in result.stderr


def test_run_over_the_archive_counts_windows_as_the_daemon_does(heard: House) -> None:
    """From the answer, behind other rules."""
    assert heard.run("phrases", "run").exit_code == 0
    shown = [json.loads(heard.run("calls", "show", "--json", identity(n)).stdout) for n in (0, 1)]
    tags = [[tag["name"] for tag in one["tags"] if tag["source"] == "phrase"] for one in shown]
    assert [sorted(names) for names in tags] == [
        ["farewell", "greeting", "offer", "second thoughts", "third thoughts"],
        ["offer"],
    ]
