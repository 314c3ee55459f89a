"""HubSpot's own ways to fail."""

import asyncio
from typing import Any

import pytest

from calltrackd.crm.hubspot.limits import shares
from calltrackd.crm.trouble import AuthFailed, Away, Failing, Limited
from tests.crm.conftest import until
from tests.crm.contract import TAKEN_AND_LOST
from tests.crm.house import CLIENT, a_call, answered, ended
from tests.crm.hubspot.conftest import Alone, Housing, settings_for
from tests.fakes.crm_base import Fault, Hit
from tests.fakes.hubspot import HubspotFake


def first(crm: HubspotFake, end: str, fault: Fault) -> None:
    """The first request to such a path meets the fault."""
    left = [fault]
    crm.always = lambda hit: left.pop() if left and hit.path.endswith(end) else None


def searches(crm: HubspotFake) -> list[Hit]:
    """Requests to the index."""
    return [hit for hit in crm.hits if hit.path.endswith("/search")]


@pytest.mark.parametrize("how", TAKEN_AND_LOST)
@pytest.mark.parametrize("kind", ["contacts", "deals", "tasks"])
async def test_a_lost_answer_doubles_neither_contact_nor_deal_nor_task(
    crm: HubspotFake, housed: Housing, kind: str, how: str
) -> None:
    """Contacts and deals are read by what is unique; a task is searched for once it is indexed."""
    first(crm, f"/objects/{kind}", TAKEN_AND_LOST[how])
    async with housed(lead={"missed": "both"}) as house:
        await house.tell(ended(a_call()), "ended")
        assert set((await house.settled()).values()) == {"sent"}
    assert [len(crm.kept[one]) for one in ("contacts", "deals", "tasks", "calls")] == [1] * 4


@pytest.mark.parametrize("kind", ["contacts", "deals", "tasks"])
async def test_what_was_not_taken_is_sent_again(
    crm: HubspotFake, housed: Housing, kind: str
) -> None:
    """Its answer was lost too, and the question shows that nothing happened."""
    first(crm, f"/objects/{kind}", Fault(status=502, body="{}"))
    async with housed(lead={"missed": "both"}) as house:
        await house.tell(ended(a_call()), "ended")
        assert set((await house.settled()).values()) == {"sent"}
    assert [len(crm.kept[one]) for one in ("contacts", "deals", "tasks", "calls")] == [1] * 4


async def test_a_task_of_another_call_is_not_taken_for_ours(
    crm: HubspotFake, housed: Housing
) -> None:
    """Due at the same time, over several pages of the index."""
    call = ended(a_call())
    assert call.ended_at is not None
    due = f"{round((call.ended_at + 1800) * 1000)}"
    crm.a_page = 2
    first(crm, "/objects/tasks", TAKEN_AND_LOST["reset"])
    async with housed() as house:
        for n in range(5):
            crm.add("tasks", hs_timestamp=due, hs_task_body=f"calltrackd hub: other-{n}")
        await house.tell(call, "ended")
        await house.settled()
    assert len(crm.kept["tasks"]) == 6
    assert len([hit for hit in searches(crm) if "/tasks/" in hit.path]) == 3


class TestBatches:
    """207: each part has an answer of its own."""

    @pytest.mark.parametrize(
        "error",
        [
            {"category": "RATE_LIMITS", "message": "slow down"},
            {"category": "CONFLICT", "message": "somebody else writes it"},
            {},
        ],
        ids=["limited", "conflict", "silent"],
    )
    async def test_a_part_that_failed_is_sent_again(
        self, crm: HubspotFake, housed: Housing, error: dict[str, Any]
    ) -> None:
        """Also one of which the answer says nothing: an upsert may be repeated."""
        crm.partial.append(error)
        async with housed() as house:
            await house.tell(ended(answered(a_call())), "ended")
            assert set((await house.settled()).values()) == {"sent"}
        assert len(crm.kept["calls"]) == 1

    async def test_a_part_that_is_wrong_is_a_dead_letter(
        self, crm: HubspotFake, housed: Housing
    ) -> None:
        """A 207 is no success of all its parts."""
        crm.partial.append({"category": "VALIDATION_ERROR", "message": "no such owner"})
        async with housed() as house:
            await house.tell(ended(answered(a_call())), "ended")
            assert set((await house.settled()).values()) == {"dead"}


class TestLimits:
    """429 by policy, and never reached by ourselves."""

    @pytest.mark.parametrize("allowed", [60, 100, 110, 190, 250, 1000])
    def test_both_buckets_together_stay_below_what_is_allowed(self, allowed: int) -> None:
        """In any ten seconds, whatever the settings say."""
        for rate in (0.5, 3.0, 4.0):
            search, other = shares(
                settings_for(HubspotFake(), requests_per_10s=allowed, searches_per_s=rate)
            )
            assert other.rate > 0
            most = sum(10 * one.rate + one.burst for one in (search, other))
            assert most <= 0.9 * allowed
            assert search.rate + search.burst <= 5

    async def test_a_limit_of_searches_holds_nobody_else_up(
        self, crm: HubspotFake, alone: Alone
    ) -> None:
        """Owners are read while the index rests."""
        first(crm, "/search", said("SECONDLY"))
        async with alone() as hub:
            looking = asyncio.create_task(hub.responsible(CLIENT))
            await crm.until(lambda: len(searches(crm)) == 1)
            await hub.users()
            await looking
            times = [hit.at for hit in searches(crm)]
        owners = next(hit for hit in crm.hits if hit.path.endswith("/owners"))
        assert times[1] - times[0] >= 1.0
        assert owners.at < times[1]

    async def test_a_limit_of_the_app_holds_all_requests_up(
        self, crm: HubspotFake, alone: Alone
    ) -> None:
        """Told by a search, for ten seconds."""
        first(crm, "/search", said("TEN_SECONDLY_ROLLING"))
        async with alone() as hub:
            looking = asyncio.create_task(hub.responsible(CLIENT))
            await until(lambda: all(one.paused() > 0 for one in hub._api._limiters), 5.0)
            await asyncio.gather(looking, hub.users())
        assert crm.hits[1].at - crm.hits[0].at >= 9.5

    async def test_the_days_limit_stops_the_target_for_an_hour(
        self, crm: HubspotFake, alone: Alone
    ) -> None:
        """Nobody else asks meanwhile."""
        crm.a_day = 0
        async with alone() as hub:
            with pytest.raises(Limited) as limited:
                await hub.users()
            assert limited.value.after == 3600.0
            with pytest.raises(Limited):
                await hub.responsible(CLIENT)
        assert len(crm.hits) == 1

    async def test_many_searches_at_once_are_never_too_fast(
        self, crm: HubspotFake, alone: Alone
    ) -> None:
        """Forty cards at the same moment."""
        async with alone() as hub:
            await asyncio.gather(*(hub.responsible(f"+79160000{n:03}") for n in range(40)))
        assert len(searches(crm)) == 80
        assert crm.too_fast == 0


def said(policy: str) -> Fault:
    """A 429 that names its policy and no time."""
    body = f'{{"status": "error", "category": "RATE_LIMITS", "policyName": "{policy}"}}'
    return Fault(status=429, body=body)


async def test_a_missing_scope_is_named(crm: HubspotFake, housed: Housing) -> None:
    """The target rests, nothing is lost; with the scope all is written."""
    crm.lacks["deals"] = "crm.objects.deals.write"
    async with housed() as house:
        await house.tell(ended(answered(a_call())), "ended")
        await until(lambda: house.dispatcher.status()[0].needs_admin, 10.0)
        assert "crm.objects.deals.write" in str(house.dispatcher.status()[0].trouble)
        crm.lacks.clear()
        assert set((await house.settled()).values()) == {"sent"}
    assert [len(crm.kept[one]) for one in ("contacts", "deals", "calls")] == [1, 1, 1]


async def test_a_question_whose_answer_is_lost_is_asked_again_at_once(
    crm: HubspotFake, alone: Alone
) -> None:
    """Nobody waits for a schedule because of one lost answer."""
    crm.fail(Fault(status=502, body="{}"))
    async with alone() as hub:
        assert len(await hub.users()) == 3
    assert len(crm.hits) == 2


@pytest.mark.parametrize(
    ("status", "trouble"), [(477, Away), (403, AuthFailed), (500, Failing), (503, Away)]
)
async def test_what_statuses_mean(
    crm: HubspotFake, alone: Alone, status: int, trouble: type[Exception]
) -> None:
    """A move between data centres (477) is an absence; a lost answer to a question a failure."""
    crm.always = lambda _hit: Fault(status=status, body="{}")
    async with alone() as hub:
        with pytest.raises(trouble):
            await hub.users()
