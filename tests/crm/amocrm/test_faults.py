"""What amoCRM does besides answering."""

import asyncio
from pathlib import Path

import pytest

from calltrackd.crm.amocrm import connector
from calltrackd.store import links, outbox
from tests.crm.amocrm.conftest import Enter, settings
from tests.crm.amocrm.test_writing import known
from tests.crm.house import House, a_call, a_house, answered, ended, target_for
from tests.fakes.amocrm import A_SECOND, AmocrmFake
from tests.fakes.crm_base import Fault, Window

LOST = Fault(accept=True, hang=True)


async def needs_admin(house: House) -> str:
    """Wait until the admin is told; what he is told."""
    async with asyncio.timeout(10):
        while not house.dispatcher.status()[0].needs_admin:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    return str(house.dispatcher.status()[0].trouble)


async def test_a_blocked_address_is_left_in_peace(enter: Enter, fake: AmocrmFake) -> None:
    """403: one request, then silence for half an hour, and the rows wait."""
    fake.blocks_after = -1
    async with enter() as house:
        await house.whole_call()
        assert "403" in await needs_admin(house)
        asked = len(fake.hits)
        await house.whole_call("c2", "+79160000002")
        states = await house.states()
        assert set(states.values()) == {"waiting"}
        assert len(fake.hits) == asked == 1
        fake.blocks_after = None


async def test_refused_inside_a_200_is_refused(enter: Enter, fake: AmocrmFake) -> None:
    """The row is a dead letter with the CRM's words; nothing else is hurt by it."""
    fake.partial.add("/api/v4/contacts")
    async with enter() as house:
        await house.tell(answered(a_call()), "answered")
        states = await house.settled()
    assert states == {"c1 answered": "dead"}
    assert fake.kept["leads"] == []


async def test_a_value_that_is_not_taken_is_told_by_its_field(
    enter: Enter, fake: AmocrmFake
) -> None:
    """400 names the path, so does the dead letter."""
    async with enter(users={"101": "404"}) as house:
        row = await house.tell(answered(a_call()), "answered")
        await house.settled()
        async with house.store.read() as conn:
            (dead,) = [one for one in await outbox.list_rows(conn) if one.id == row.id]
    assert dead.state == "dead"
    assert "responsible_user_id" in str(dead.last_error)


@pytest.mark.parametrize("path", ["/api/v4/tasks", "/api/v4/contacts", "/api/v4/leads"])
async def test_a_lost_answer_doubles_neither_task_nor_contact_nor_lead(
    enter: Enter, fake: AmocrmFake, path: str
) -> None:
    """Each is looked for by what it was to be."""
    once = [LOST]
    fake.always = lambda hit: (
        once.pop() if once and (hit.verb, hit.path) == ("POST", path) else None
    )
    async with enter(lead={"missed": "both"}) as house:
        fake.use_clock(house.clock.now)
        await house.tell(ended(a_call(started_at=house.clock.now())), "ended")
        await house.settled()
        assert "unknown" in house.words
    counts = {kind: len(fake.kept[kind]) for kind in ("tasks", "contacts", "leads", "notes")}
    assert counts == {"tasks": 1, "contacts": 1, "leads": 1, "notes": 1}


async def test_a_lost_answer_doubles_no_call_that_the_crm_placed(
    enter: Enter, fake: AmocrmFake
) -> None:
    """Its note is looked for at all who have the number."""
    for _ in range(2):
        known(fake, created_at=1000, updated_at=2000)
    once = [LOST]
    fake.always = lambda hit: once.pop() if once and hit.path == "/api/v4/calls" else None
    async with enter() as house:
        fake.use_clock(house.clock.now)
        await house.tell(ended(answered(a_call(started_at=house.clock.now()))), "ended")
        states = await house.settled()
    assert states == {"c1 ended": "sent"}
    assert len(fake.kept["notes"]) == 1


class TestIncoming:
    """Leads of unknown callers among the incoming ones."""

    async def test_one_for_all_calls_of_a_client(self, enter: Enter, fake: AmocrmFake) -> None:
        """Its contact is in no list, and is known all the same; accepted, it is a client."""
        async with enter(incoming_leads=True) as house:
            for n in range(3):
                await house.whole_call(f"c{n}")
            await house.settled()
            (one,) = fake.kept["unsorted"]
            assert one["metadata"]["uniq"] in {"c0", "c1", "c2"}
            fake.accept(one["uid"])
            await house.whole_call("c3")
            await house.settled()
        assert (len(fake.kept["contacts"]), len(fake.kept["leads"])) == (1, 1)
        assert len(fake.kept["notes"]) == 4

    @pytest.mark.parametrize("accepts", [False, True], ids=["waiting", "accepted at once"])
    async def test_a_lost_answer_doubles_none(
        self, enter: Enter, fake: AmocrmFake, accepts: bool
    ) -> None:
        """It is found among the incoming, or as a lead with its contact, and is the call's own."""
        fake.accepts, once = accepts, [LOST]
        fake.always = lambda hit: once.pop() if once and hit.path.endswith("/sip") else None
        async with enter(incoming_leads=True, lead={"make": "always"}) as house:
            fake.use_clock(house.clock.now)
            await house.whole_call()
            await house.settled()
            async with house.store.read() as conn:
                kinds = {link.kind for link in await links.of_call(conn, "c1")}
            assert {"deal", "contact"} <= kinds
        assert (len(fake.kept["contacts"]), len(fake.kept["leads"])) == (1, 1)
        assert len(fake.kept["notes"]) == 1

    async def test_refused_as_a_double_it_is_there(self, enter: Enter, fake: AmocrmFake) -> None:
        """The list was late, so it was sent again: the refusal is read as what it is."""
        fake.unsorted_shown, once = False, [LOST]

        def late(hit: object) -> Fault | None:
            sips = [one for one in fake.hits if one.path.endswith("/sip")]
            fake.unsorted_shown = len(sips) > 1
            return once.pop() if once and sips else None

        fake.always = late
        async with enter(incoming_leads=True) as house:
            fake.use_clock(house.clock.now)
            await house.whole_call()
            states = await house.settled()
        assert "dead" not in states.values()
        assert len(fake.kept["unsorted"]) == len(fake.kept["notes"]) == 1


async def test_the_limit_holds_in_every_single_second(fake: AmocrmFake, tmp_path: Path) -> None:
    """Time runs slowly enough here for seconds to be compared."""
    target = target_for(settings(fake))
    async with a_house(tmp_path, target, connector.build, speed=4.0) as house:
        fake.use_clock(house.clock.now)
        for n in range(5):
            await house.tell(answered(a_call(f"c{n}", f"+7916000000{n}")), "answered")
        await house.settled()
    assert fake.too_fast == 0
    arrivals = Window(1.0)
    assert max(arrivals.add(hit.at) for hit in fake.hits) <= A_SECOND
    assert len(fake.kept["leads"]) == 5
