"""`calltrackd transcripts` and `calltrackd phrases`."""

import json
from pathlib import Path
from typing import Any

import pytest

from calltrackd.settings import load
from calltrackd.speech.reading import Reader
from calltrackd.store import transcripts
from calltrackd.store.engine import Store
from calltrackd.store.transcripts import Stored
from tests.cli.conftest import House
from tests.cli.records import START, identity
from tests.tagging.phrases.saying import talk

RULES = """
[[phrase]]
name = "refund"
match = "вернуть ..2 деньги"
side = "client"
alert = true
[[phrase]]
name = "greeting"
match = "здравствуйте"
tag = ""
side = "operator"
[[script]]
name = "sales"
required = ["greeting"]
forbidden = ["refund"]
"""


@pytest.fixture
def heard(house: House) -> House:
    """The house, in whose calls 0 and 1 something was said."""
    house.config.write_text(house.config.read_text() + RULES)
    say(house, 0, "operator: здравствуйте", "caller@4: верните мне деньги карта 4276550000000003")
    say(house, 1, "caller: добрый день верните деньги")
    return house


def say(house: House, number: int, *turns: str) -> None:
    """Put what was said in a call into the store, read by the rules but for their tags."""
    read = Reader(load(house.config, {}, need_secrets=False)).read(talk(*turns), None, None)
    stored = Stored(
        call_id=identity(number),
        path=f"{number}.wav",
        heard_from=START + number * 60,
        made_at=START + 900,
        transcript=read.transcript,
        findings=read.findings,
    )

    async def job(store: Store) -> None:
        await store.writer.submit(lambda conn: transcripts.save(conn, stored, read.words))

    house.store(job)


def lines(result: Any) -> list[dict[str, Any]]:
    """The objects that a command printed."""
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_show_tells_talk_script_and_tone(heard: House) -> None:
    """By side and time, without the card's number."""
    shown = heard.run("transcripts", "show", identity(0)).stdout
    assert "00:00:00 operator: здравствуйте\n" in shown
    assert "00:00:04 client: верните мне деньги карта ***\n" in shown
    assert "script sales: 50 %, forbidden: refund" in shown
    assert "tone of client: 0 good, 1 bad" in shown


def test_export_for_a_player_and_for_programs(heard: House, tmp_path: Path) -> None:
    """VTT to a file, JSON with words and seconds to the terminal."""
    file = tmp_path / "talk.vtt"
    heard.run("transcripts", "export", identity(0), "--output", str(file))
    assert file.read_text().startswith("WEBVTT\n\n00:00:00.000 --> 00:00:00.400\n<v operator>")
    ((one,),) = lines(heard.run("transcripts", "export", identity(0), "--format", "json"))
    assert (one["engine"], one["language"], one["turns"][0]["words"][0]["word"]) == (
        "vosk",
        "ru",
        "здравствуйте",
    )
    text = heard.run("transcripts", "export", identity(1), "--format", "text").stdout
    assert text == "00:00:00 client: добрый день верните деньги\n"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["деньги"], [1, 0]),
        (["вернуть деньги"], [1]),
        (["верн*"], [1, 0]),
        (["деньги & !день"], [0]),
        (["деньги", "--side", "operator"], []),
        (["деньги", "--until", "2026-11-23T08:43:00Z"], [0]),
        (["деньги", "--number", "8 495 000-00-02"], []),
        (["деньги", "--language", "uk"], []),
        (["деньги", "--limit", "1"], [1]),
    ],
)
def test_search(heard: House, words: list[str], found: list[int]) -> None:
    """Calls in which it was said, newest first, each with quote, side and second."""
    results = lines(heard.run("transcripts", "search", "--json", *words))
    assert [one["call_id"] for one in results] == [identity(n) for n in found]
    assert all(span["quote"] and span["second"] >= 0 for one in results for span in one["spans"])


def test_search_for_people(heard: House) -> None:
    """A line a quote; a word that nobody said is told."""
    shown = heard.run("transcripts", "search", "вернуть ..1 деньги").stdout.splitlines()
    assert [line.split("  ")[-1].strip() for line in shown] == [
        "верните деньги",
        "верните мне деньги",
    ]
    assert heard.run("transcripts", "search", "самолёт").stderr == "nobody said that\n"


def test_query_that_is_none_is_told_with_its_place(heard: House) -> None:
    """Where, and what to write."""
    result = heard.run("transcripts", "search", "вернуть (")
    assert result.exit_code == 2
    assert "column 9: ( cannot follow a word: write & or | before it" in result.stderr


@pytest.mark.parametrize(
    ("call", "told"), [("ffff", "no call has the id ffff"), (identity(2), "nothing that was said")]
)
def test_call_without_words_is_told(heard: House, call: str, told: str) -> None:
    """No such call, or one that nobody listened to."""
    result = heard.run("transcripts", "show", call)
    assert (result.exit_code, told in result.stderr) == (1, True)


def test_rule_is_tried_before_it_goes_live(heard: House) -> None:
    """By name or by text, with quotes; no call changes."""
    by_name = lines(heard.run("phrases", "test", "--json", "refund"))
    by_text = lines(
        heard.run("phrases", "test", "--json", "вернуть ..2 деньги", "--side", "client")
    )
    assert [one["spans"] for one in by_name] == [one["spans"] for one in by_text]
    assert [one["call_id"] for one in by_name] == [identity(1), identity(0)]
    assert heard.owed() == []


def run(house: House, *words: str) -> dict[str, Any]:
    """What a run over the archive did."""
    (done,) = lines(house.run("phrases", "run", "--json", *words))
    return done


def names(house: House, number: int) -> list[str]:
    """The tags of a call."""
    (record,) = lines(house.run("calls", "show", "--json", identity(number)))
    return [tag["name"] for tag in record["tags"]]


def test_run_over_the_archive_tags_and_tells(heard: House) -> None:
    """Once: a second run changes nothing; targets get call.updated and no alert."""
    assert run(heard) == {
        "transcripts": 2,
        "calls_changed": 2,
        "tags_set": 2,
        "tags_taken_back": 0,
    }
    assert names(heard, 0) == ["refund", "order"]
    assert sorted(row.step for row in heard.owed()) == ["updated", "updated"]
    assert run(heard)["calls_changed"] == 0


def test_dry_run_only_counts(heard: House) -> None:
    """Nothing is written, nobody is told."""
    assert run(heard, "--dry-run")["tags_set"] == 2
    assert (names(heard, 1), heard.owed()) == ([], [])


def test_tag_that_a_person_removed_stays_removed(heard: House) -> None:
    """The rule is not wiser than who listened."""
    run(heard)
    heard.run("tag", "remove", identity(1), "refund")
    assert run(heard)["tags_set"] == 0
    assert names(heard, 1) == []


def test_replace_takes_back_what_the_rules_no_longer_give(heard: House) -> None:
    """The mended rule is narrower: its old tag goes, those of keys stay."""
    run(heard)
    mended = heard.config.read_text().replace("вернуть ..2 деньги", "вернуть мне деньги")
    heard.config.write_text(mended)
    assert run(heard)["tags_taken_back"] == 0
    assert run(heard, "--replace")["tags_taken_back"] == 1
    assert (names(heard, 0), names(heard, 1)) == (["refund", "order"], [])


def test_forget_tells_of_transcripts(heard: House) -> None:
    """What a client said is deleted, and counted."""
    shown = heard.run("forget", "--yes", "+79161234567").stdout
    assert "2 transcripts" in shown.splitlines()[0]

    async def left(store: Store) -> list[Any]:
        async with store.read() as conn:
            return await transcripts.search(conn, transcripts.Wanted())

    assert heard.store(left) == []
