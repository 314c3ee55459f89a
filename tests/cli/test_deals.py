"""`calltrackd deals list|show`."""

import json

import pytest

from calltrackd.model.deal import Deal
from calltrackd.model.person import Person
from calltrackd.store import deals, people
from calltrackd.store.engine import Store
from tests.cli.conftest import House
from tests.cli.records import identity
from tests.store.build import START, write


@pytest.fixture
def sold(house: House) -> House:
    """The first call brought a deal that was won, opened again and won for less."""

    async def job(store: Store) -> None:
        stages = [("WON", "won", "12500.5"), ("NEW", "open", "12500.5"), ("WON", "won", "900")]
        for n, (stage, status, amount) in enumerate(stages):
            at = START + n
            one = Deal(
                id="9", title="Windows", stage=stage, amount=amount, currency="RUB", changed_at=at
            )
            (saved,) = await write(
                store, deals.save, "crm", [(one, status)], by="poll", read_at=at, at=at
            )
        await write(store, deals.join, saved.deal, identity(0), "link", START)
        lead = Deal(id="5", kind="lead", stage="IN", changed_at=START)
        await write(
            store, deals.save, "crm", [(lead, "open")], by="webhook", read_at=START, at=START
        )
        await write(
            store, people.set_for, [(identity(0), Person("crm", "3", "Anna", "101"))], START
        )

    house.store(job)
    return house


def listed(house: House, *words: str) -> list[str]:
    """Ids in the order listed."""
    result = house.run("deals", "list", "--json", *words)
    assert result.exit_code == 0, result.output
    return [json.loads(line)["id"] for line in result.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ([], ["9", "5"]),
        (["--status", "won"], ["9"]),
        (["--unjoined"], ["5"]),
        (["--joined"], ["9"]),
        (["--call", identity(0)], ["9"]),
        (["--target", "other"], []),
        (["--limit", "1"], ["9"]),
    ],
)
def test_list_filters(sold: House, words: list[str], ids: list[str]) -> None:
    """Each filter leaves the deals that fit, the latest change first."""
    assert listed(sold, *words) == ids


def test_list_is_a_table_for_people(sold: House) -> None:
    """Status, sum, the call and how it was joined."""
    result = sold.run("deals", "list")
    (line,) = [line for line in result.stdout.splitlines() if " 9 " in line]
    assert "won" in line
    assert "900 RUB" in line
    assert identity(0)[:18] in line
    assert line.rstrip().endswith("link")


def test_show_tells_the_history(sold: House) -> None:
    """Each step with its sum and the way on which it was heard."""
    result = sold.run("deals", "show", "9")
    assert "Windows" in result.stdout
    steps = [line.split() for line in result.stdout.splitlines() if line.rstrip().endswith("poll")]
    assert [(one[-5], one[-3]) for one in steps] == [
        ("won", "12500.5"),
        ("open", "12500.5"),
        ("won", "900"),
    ]


def test_show_as_json_has_exact_sums(sold: House) -> None:
    """As text, since JSON's numbers are not exact."""
    (line,) = sold.run("deals", "show", "9", "--json").stdout.splitlines()
    told = json.loads(line)
    assert (told["amount"], told["call_id"], told["way"]) == ("900", identity(0), "link")
    assert [one["amount"] for one in told["history"]] == ["12500.5", "12500.5", "900"]


def test_unknown_deal_is_a_fault(sold: House) -> None:
    """With the command that shows which there are."""
    result = sold.run("deals", "show", "77")
    assert result.exit_code == 1
    assert "calltrackd deals list" in result.stderr


def test_call_shows_its_deal_and_whose_client_it_was(sold: House) -> None:
    """In the story of `calls show`."""
    told = sold.run("calls", "show", identity(0)).stdout
    assert "crm 9: won, 900 RUB (joined by link)" in told
    assert "Anna at 101, says crm" in told
