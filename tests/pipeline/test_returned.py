"""Deals that come back, joined to calls and told to targets."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from calltrackd.crm.target import HookTarget
from calltrackd.model.deal import Deal, DealStatus
from calltrackd.model.person import Person
from calltrackd.pipeline import returned
from calltrackd.pipeline.commit import Committed
from calltrackd.pipeline.returned import GRACE_S, Returned
from calltrackd.store import calls, deals, links
from calltrackd.store.engine import Store
from calltrackd.store.links import Link
from tests.store.build import CLIENT, START, read, record, save, write

DAY_S = 86_400.0
TARGETS = [HookTarget(name="listener", url="https://listener.example")]
MADE = START + 600
"""When deals are created: after calls 1 to 9."""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """With four calls of a client and one of another."""
    opened = await Store.open(f"sqlite:///{tmp_path / 'calls.db'}")
    await save(opened, *(record(n) for n in (1, 2, 3)), record(4, caller="+79990000000"))
    yield opened
    await opened.close()


def deal(**fields: Any) -> Deal:
    """Deal 9, created ten minutes after START."""
    given = {"id": "9", "stage": "NEW", "created_at": MADE, "changed_at": MADE, **fields}
    return Deal(**given)


async def come(
    store: Store, one: Deal, status: DealStatus = "open", at: float = MADE + 1, **fields: Any
) -> Committed | None:
    """The deal comes back."""
    given = {"target": "crm", "by": "webhook", "read_at": at, "window_s": 30 * DAY_S, **fields}
    news = Returned(deals=[(one, status)], region="RU", **given)
    return await write(store, returned.save, news, TARGETS, at)


async def joined(store: Store) -> tuple[int | None, str | None]:
    """Number of the call of deal 9, and how it was joined."""
    kept = await read(store, deals.get, "9")
    numbers = {record(n).id: n for n in range(1, 9)}
    return numbers.get(kept.call_id), kept.way


async def link(store: Store, kind: str, remote_id: str, *numbers: int) -> None:
    """The CRM's object holds calls."""
    made = [Link("crm", kind, remote_id, record(n).id, START + n) for n in numbers]
    await write(store, links.add, made)


async def test_call_at_which_the_deal_stands_is_its_call(store: Store) -> None:
    """The CRM's own link, before any number."""
    await link(store, "deal", "9", 1)
    await come(store, deal(phones=[CLIENT]))
    assert await joined(store) == (1, "link")


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("lead", {"leads": ["5"]}),
        ("contact", {"contacts": ["5"]}),
        ("company", {"contacts": ["5"]}),
    ],
)
async def test_objects_of_the_deal_lead_to_its_call(
    store: Store, kind: str, fields: dict[str, Any]
) -> None:
    """The lead that it came of, its contact, its company: the last call before it was made."""
    await link(store, kind, "5", 1, 2)
    await come(store, deal(**fields))
    assert await joined(store) == (2, "link")


async def test_our_call_in_its_own_fields_counts_first(store: Store) -> None:
    """Before objects that hold other calls."""
    await link(store, "lead", "5", 2)
    await come(store, deal(calls=[record(1).id], leads=["5"]))
    assert await joined(store) == (1, "link")


async def test_link_of_another_target_is_none(store: Store) -> None:
    """Ids are a CRM's own."""
    await link(store, "deal", "9", 1)
    await come(store, deal(), target="other")
    kept = await read(store, deals.get, "9")
    assert kept.call_id is None


async def test_number_joins_to_the_last_call_before_the_deal(store: Store) -> None:
    """In whatever form the CRM has it; the way is noted."""
    await come(store, deal(phones=["8 (916) 123-45-67"], created_at=START + 115))
    assert await joined(store) == (2, "phone")


async def test_call_that_began_just_after_the_deal_is_its_call(store: Store) -> None:
    """Clocks differ, and people are called back while the form is being filled in."""
    await come(store, deal(phones=[CLIENT], created_at=START + 60 - GRACE_S))
    assert await joined(store) == (1, "phone")


@pytest.mark.parametrize("created_at", [START + 200 + DAY_S, START - GRACE_S])
async def test_number_outside_the_window_joins_nothing(store: Store, created_at: float) -> None:
    """A call of long ago did not bring this deal, one of long after neither."""
    await come(store, deal(phones=[CLIENT], created_at=created_at), window_s=DAY_S)
    assert await joined(store) == (None, None)


async def test_contact_is_no_link_across_the_window(store: Store) -> None:
    """A client of years brings a new deal by a call that was not tracked."""
    await link(store, "contact", "5", 1)
    await come(store, deal(contacts=["5"], created_at=START + 40 * DAY_S))
    assert await joined(store) == (None, None)


async def test_link_that_shows_up_later_replaces_the_number(store: Store) -> None:
    """And both calls tell so."""
    await come(store, deal(phones=[CLIENT]))
    assert await joined(store) == (3, "phone")
    await link(store, "deal", "9", 1)
    done = await come(store, deal(phones=[CLIENT]), at=MADE + 5)
    assert await joined(store) == (1, "link")
    assert done is not None
    shown = {one.id: [deal.way for deal in one.deals] for one in done.records}
    assert shown == {record(1).id: ["link"], record(3).id: []}


async def test_reopened_deal_keeps_its_call(store: Store) -> None:
    """Also when other calls of the client came meanwhile."""
    await come(store, deal(phones=[CLIENT], created_at=START + 55), "won")
    await save(store, record(8))
    again = deal(phones=[CLIENT], created_at=START + 55, changed_at=MADE + 9)
    await come(store, again, "open", at=MADE + 9)
    assert await joined(store) == (1, "phone")


async def test_changed_deal_is_told_with_the_calls_next_version(store: Store) -> None:
    """`call.updated`, exact sum and all."""
    won = deal(phones=[CLIENT], amount="12500.5", currency="RUB", closed_at=MADE, stage="WON")
    done = await come(store, won, "won")
    assert done is not None
    (row,) = done.rows
    body = json.loads(row.body)
    assert (body["type"], body["data"]["version"]) == ("call.updated", 2)
    (told,) = body["data"]["deals"]
    assert told == {
        "target": "crm",
        "kind": "deal",
        "id": "9",
        "status": "won",
        "stage": "WON",
        "amount": "12500.5",
        "currency": "RUB",
        "created_at": "2026-11-23T08:52:18.000Z",
        "closed_at": "2026-11-23T08:52:18.000Z",
        "way": "phone",
    }


async def test_what_changes_nothing_in_a_record_is_told_to_nobody(store: Store) -> None:
    """A new title, the same deal by the other way, a deal without a call."""
    await come(store, deal(phones=[CLIENT]))
    assert await come(store, deal(phones=[CLIENT], title="x", changed_at=MADE + 2)) is None
    assert await come(store, deal(phones=[CLIENT], changed_at=MADE + 2), by="poll") is None
    assert await come(store, deal(id="8")) is None
    assert (await read(store, calls.get, record(3).id)).version == 2


async def test_deal_without_a_call_is_joined_when_its_call_is_known(store: Store) -> None:
    """The webhook of a lead that we made may be quicker than our own note of it."""
    await come(store, deal())
    await link(store, "deal", "9", 2)
    done = await come(store, deal(), by="poll", at=MADE + 60)
    assert await joined(store) == (2, "link")
    assert done is not None


async def test_responsible_is_told_once(store: Store) -> None:
    """With the next version of the call; whoever comes second changes nothing."""
    anna = Person("crm", "3", "Anna", "101")
    given = record(1).id, anna, TARGETS, MADE
    done = await write(store, returned.responsible, *given)
    assert done is not None
    assert json.loads(done.rows[0].body)["data"]["responsible"] == {
        "target": "crm",
        "user": "3",
        "name": "Anna",
        "extension": "101",
    }
    assert await write(store, returned.responsible, *given) is None
    assert await write(store, returned.responsible, "gone", *given[1:]) is None
