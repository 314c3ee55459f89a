"""`calltrackd tag add|remove`."""

import json

import pytest

from tests.cli.conftest import House
from tests.cli.records import identity


def test_added_tag_is_a_new_version_that_the_crm_hears_of(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tag bears its user; one call.updated with the whole record is owed to the target."""
    monkeypatch.setenv("SUDO_USER", "olga")
    result = house.run("tag", "add", "--json", identity(1), "vip")
    record = json.loads(result.stdout)
    assert record["version"] == 2
    (tag,) = record["tags"]
    assert (tag["name"], tag["source"], tag["by"]) == ("vip", "manual", "olga")
    (row,) = house.owed()
    assert (row.target, row.step, row.version, row.state) == ("crm", "updated", 2, "waiting")
    assert json.loads(row.body)["data"] == record


def test_other_tags_and_facts_of_the_call_stay(house: House) -> None:
    """An edit adds to the record, it does not make it anew."""
    before = json.loads(house.run("calls", "show", "--json", identity(0)).stdout)
    assert "tags: order, vip" in house.run("tag", "add", identity(0), "vip").stdout
    after = json.loads(house.run("calls", "show", "--json", identity(0)).stdout)
    assert [tag["name"] for tag in after["tags"]] == ["order", "vip"]
    assert {**after, "tags": 0, "version": 0} == {**before, "tags": 0, "version": 0}


def test_removed_tag_is_gone_and_told(house: House) -> None:
    """Whoever set it: here the keypad did."""
    result = house.run("tag", "remove", identity(0), "order")
    assert result.stdout == f"{identity(0)} version 2, tags: none\n"
    assert json.loads(house.owed()[0].body)["data"]["tags"] == []


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["add", identity(0), "order"], "the call bears the tag order already"),
        (["remove", identity(0), "vip"], "the call does not bear the tag vip"),
        (["add", "ffff", "vip"], "no call has the id ffff: calltrackd calls list shows them"),
    ],
)
def test_edit_that_changes_nothing_is_an_error_and_tells_nobody(
    house: House, words: list[str], error: str
) -> None:
    """Exit code 1, no new version, nothing owed."""
    result = house.run("tag", *words)
    assert (result.exit_code, result.stderr) == (1, f"calltrackd: {error}\n")
    assert house.owed() == []
    shown = house.run("calls", "show", "--json", identity(0))
    assert json.loads(shown.stdout)["version"] == 1


def test_tag_must_be_a_word(house: House) -> None:
    """Blank or unprintable names are a usage error."""
    for name in (" ", "a\x1b[2J"):
        assert house.run("tag", "add", identity(0), name).exit_code == 2
