"""What a call makes in RetailCRM."""

from pathlib import Path

import pytest

from calltrackd.crm.people import Person
from calltrackd.model.call import CallRecord, Leg, Source
from calltrackd.store import links
from tests.crm.house import CLIENT, House, a_call, answered, ended, ringing
from tests.crm.retailcrm.given import shop_house
from tests.fakes.crm_base import Fault
from tests.fakes.retailcrm import RetailcrmFake

NOON = 1795424400.0
"""2026-11-23 09:00 UTC, 12:00 in Moscow."""


def over(name: str = "c1", caller: str = CLIENT, **fields: object) -> CallRecord:
    """An answered call that is over."""
    return ended(answered(a_call(name, caller, **fields)))


async def tell(house: House, record: CallRecord) -> None:
    """A whole call that is told only when it is over."""
    await house.tell(record, "ended")
    await house.settled()


async def test_order_and_call_of_a_new_client(tmp_path: Path) -> None:
    """Under the call's id, in the account's own time, with the advertising."""
    source = Source(source="google", medium="cpc", term="shoes")
    async with RetailcrmFake() as fake, shop_house(fake, tmp_path, site="main") as house:
        await tell(house, over(source=source, started_at=NOON, caller_name="Ivan"))
        (order,) = fake.kept["orders"]
        (call,) = fake.kept["calls"]
        assert (order["externalId"], order["phone"], order["managerId"]) == ("c1", CLIENT, 6)
        assert order["firstName"] == "Ivan"
        assert order["source"] == {"source": "google", "medium": "cpc", "keyword": "shoes"}
        assert call["date"] == "2026-11-23 12:00:00"
        assert (call["result"], call["duration"], call["userId"]) == ("answered", 60, 6)
        assert (call["externalPhone"], call["site"]) == ("+74951234567", "main")
        async with house.store.read() as conn:
            (link,) = await links.calls_of(conn, "shop", "deal", [str(order["id"])])
        assert link.call_id == "c1"


async def test_a_client_with_an_open_order_gets_no_second_one(tmp_path: Path) -> None:
    """One that is complete or cancelled does not count; his manager is told."""
    async with RetailcrmFake() as fake, shop_house(fake, tmp_path) as house:
        client = fake.customer(CLIENT, 6)
        fake.order(customer={"id": client["id"]}, status="assembling")
        other = fake.customer("+79160000002")
        fake.order(customer={"id": other["id"]}, status="sold")
        await tell(house, over())
        await tell(house, over("c2", "+79160000002"))
        assert [one.get("externalId") for one in fake.kept["orders"]] == [None, None, "c2"]
        assert ("shop", CLIENT, Person(id="6", name="Olga", extension="101")) in house.met


async def test_an_order_that_is_there_already_is_the_result(tmp_path: Path) -> None:
    """A refusal for the double is no dead letter."""
    async with (
        RetailcrmFake() as fake,
        shop_house(fake, tmp_path, lead={"make": "always"}) as house,
    ):
        there = fake.order(externalId="c1")
        await tell(house, over())
        assert await house.states() == {"c1 ended": "sent"}
        assert fake.kept["orders"] == [there]


async def test_another_refusal_is_a_dead_letter_with_its_words(tmp_path: Path) -> None:
    """And the next call goes on."""
    async with RetailcrmFake() as fake, shop_house(fake, tmp_path, order_method="nosuch") as house:
        client = fake.customer("+79160000002")
        fake.order(customer={"id": client["id"]})
        await tell(house, over())
        await tell(house, over("c2", "+79160000002"))
        assert await house.states() == {"c1 ended": "dead", "c2 ended": "sent"}


async def test_a_missed_call_is_a_task(tmp_path: Path) -> None:
    """Of the client's manager, else of the fallback; looked for before it is made again."""
    async with RetailcrmFake() as fake, shop_house(fake, tmp_path, fallback_user="6") as house:
        fake.always = lambda hit: (
            Fault(accept=True, reset=True)
            if hit.path.endswith("tasks/create") and not fake.kept["tasks"]
            else None
        )
        await tell(house, ended(a_call()))
        (task,) = fake.kept["tasks"]
        assert task["text"] == f"Call back {CLIENT} [c1]"
        assert (task["performerId"], task["phone"]) == (6, CLIENT)
        assert fake.kept["calls"][0]["result"] == "no answer"


async def test_a_task_without_a_user_is_told_and_the_call_is_there(tmp_path: Path) -> None:
    """RetailCRM needs somebody who does it."""
    async with RetailcrmFake() as fake, shop_house(fake, tmp_path) as house:
        await tell(house, ended(a_call()))
        assert await house.states() == {"c1 ended": "dead"}
        assert len(fake.kept["calls"]) == 1


async def test_a_call_that_was_left_out_is_brought_again(tmp_path: Path) -> None:
    """A success that processed nothing, and knows no double."""
    async with RetailcrmFake() as fake, shop_house(fake, tmp_path) as house:
        fake.left_out = 2
        await tell(house, over())
        assert len(fake.kept["calls"]) == 1


async def test_cards_pop_up_and_are_closed(tmp_path: Path) -> None:
    """Once at each user whose phone rings; at the end they learn how it ended."""
    async with RetailcrmFake() as fake, shop_house(fake, tmp_path) as house:
        call = a_call(legs=[Leg("101", 1.0), Leg("999", 1.0)])
        for step in ("started", "updated"):
            await house.tell(call, step)
            await house.settled()
        await house.tell(ended(answered(call)), "ended")
        await house.settled()
        pop, hangup = fake.events
        assert (pop["type"], pop["userIds"], pop["phone"]) == ("in", [6], CLIENT)
        assert (hangup["type"], hangup["hangupStatus"]) == ("hangup", "answered")
        assert pop["callExternalId"] == hangup["callExternalId"] == "c1"


async def test_a_card_goes_from_agent_to_agent(tmp_path: Path) -> None:
    """Closed at who did not pick up, and there again when his phone rings a second time."""
    users = {"101": "6", "102": "8"}
    lead = {"make": "always", "at": "started"}
    async with RetailcrmFake() as fake, shop_house(fake, tmp_path, users=users, lead=lead) as house:
        call = a_call()
        for phone in ("101", "102", "101"):
            await house.tell(ringing(call, phone), "ringing")
            await house.settled()
        await house.tell(ended(answered(call)), "ended")
        await house.settled()
        assert [(event["type"], event["userIds"]) for event in fake.events] == [
            ("in", [6]), ("hangup", [6]), ("in", [8]), ("hangup", [8]),
            ("in", [6]), ("hangup", [6]),
        ]  # fmt: skip
        ends = [event["hangupStatus"] for event in fake.events if event["type"] == "hangup"]
        assert ends == ["no answered", "no answered", "answered"]


@pytest.mark.parametrize("cards", [True, False])
async def test_no_card_after_the_ringing(tmp_path: Path, *, cards: bool) -> None:
    """Nor one where nobody wants them."""
    async with RetailcrmFake() as fake, shop_house(fake, tmp_path, cards=cards) as house:
        await tell(house, over(legs=[Leg("101", 1.0)]))
        assert fake.events == []
