"""Tokens: a private app's is taken as it is, OAuth's are refreshed."""

import asyncio

import pytest
from pydantic import ValidationError

from calltrackd.crm.trouble import AuthFailed, Failing
from calltrackd.settings.crm import HubspotTarget
from tests.crm.conftest import until
from tests.crm.house import a_call, answered, ended
from tests.crm.hubspot.conftest import Alone, Housing
from tests.fakes.crm_base import Fault
from tests.fakes.hubspot import HubspotFake

OAUTH = {"client_id": "app", "refresh_token": "refresh-token-0"}


async def test_a_private_apps_token_is_never_refreshed(crm: HubspotFake, alone: Alone) -> None:
    """A refused one is the admin's business, and is not shown."""
    crm.token = "another"
    async with alone() as hub:
        with pytest.raises(AuthFailed) as refused:
            await hub.users()
    assert "s3cr3t" not in str(refused.value)
    assert not crm.asked("/oauth")


async def test_tokens_are_kept_over_a_restart(crm: HubspotFake, alone: Alone) -> None:
    """One refresh, two processes."""
    for _ in range(2):
        async with alone(**OAUTH) as hub:
            assert len(await hub.users()) == 3
    assert crm.refreshes == 1


async def test_a_token_that_ends_in_the_middle_is_refreshed_once_for_all(
    crm: HubspotFake, alone: Alone
) -> None:
    """Though ten requests are refused at the same moment."""
    async with alone(**OAUTH) as hub:
        await hub.users()
        crm.token_until = crm.clock() - 1.0
        await asyncio.gather(*(hub.users() for _ in range(10)))
    assert crm.refreshes == 2


async def test_calls_are_written_while_tokens_die_of_age(crm: HubspotFake, housed: Housing) -> None:
    """Half a minute each: nothing is lost, nothing is doubled."""
    crm.token_life_s = 35.0
    async with housed(**OAUTH) as house:
        for n in range(8):
            await house.whole_call(f"c{n}", f"+791600000{n:02}")
        await house.settled(60.0)
    assert crm.refreshes > 1
    assert [len(crm.kept[one]) for one in ("contacts", "deals", "calls")] == [8, 8, 8]


async def test_a_lost_refresh_is_no_unknown_outcome(crm: HubspotFake, alone: Alone) -> None:
    """What needed the token was not sent."""
    crm.always = lambda _hit: Fault(reset=True, accept=True)
    async with alone(**OAUTH) as hub:
        with pytest.raises(Failing):
            await hub.users()


async def test_a_refused_refresh_token_asks_for_the_admin(
    crm: HubspotFake, housed: Housing
) -> None:
    """The app was uninstalled: rows wait."""
    crm.refresh_token = "another"
    async with housed(**OAUTH) as house:
        await house.tell(ended(answered(a_call())), "ended")
        await until(lambda: house.dispatcher.status()[0].needs_admin, 10.0)
        assert "log in anew" in str(house.dispatcher.status()[0].trouble)


@pytest.mark.parametrize(
    "wrong",
    [{"refresh_token": "r"}, {"users": {"101": "anna"}}, {"fallback_user": "x"}, {"api": "v4"}],
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, object]) -> None:
    """A refresh token without its app, owners that are no numbers, an unknown version."""
    with pytest.raises(ValidationError):
        HubspotTarget.model_validate({"kind": "hubspot", "name": "h", **wrong})
