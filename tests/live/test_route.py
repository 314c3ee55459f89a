"""dialplan/asterisk/route_calltrackd.conf at a real Asterisk: whose client it is, rings first."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from calltrackd.crm.returns.people import Guide, People
from calltrackd.model.person import Person
from calltrackd.web.app import listening, outside_application
from calltrackd.web.route import Route
from tests.crm.returns.house import NOW, Clock, FakeCrm
from tests.lab import scenarios as _scenarios  # noqa: F401 - registers them
from tests.lab.asterisk import Asterisk
from tests.lab.scenarios.acts import talk_with
from tests.lab.stage import Stage

CLIENT = "+79161234567"


@asynccontextmanager
async def routing(pbx: Asterisk, extension: str | None) -> AsyncIterator[list[str]]:
    """The daemon's page, where the CRM names this extension; what the dialplan got."""
    people, took = People(clock=Clock()), list[str]()
    people.adopt([Guide("crm", FakeCrm(), lambda _did: True)])
    people.found("crm", CLIENT, Person("crm", "3", "Anna", extension), NOW)
    route = Route(people, lambda: "RU", lambda result, _s: took.append(result))
    async with listening(outside_application([route]), "127.0.0.1", 0) as port:
        pbx.cli(f"dialplan set global CALLTRACKD_PORT {port}")
        yield took
    await people.close()


async def _answered_by(pbx: Asterisk, operator: str) -> None:
    """A client calls and talks with that operator."""
    async with Stage(pbx) as stage:
        caller, _ = await talk_with(stage, operator, "18", 0.5)
        await caller.bye()
        await stage.settled()


async def test_client_is_put_through_to_his_manager(pbx: Asterisk) -> None:
    """And not to the phone that everybody else gets."""
    async with routing(pbx, "103") as took:
        await _answered_by(pbx, "103")
    assert took == ["hit"]


@pytest.mark.parametrize("extension", [None, "103&PJSIP/104"])
async def test_client_of_nobody_goes_the_usual_way(pbx: Asterisk, extension: str | None) -> None:
    """So does one whose extension is no extension: nothing but digits is dialled."""
    async with routing(pbx, extension):
        await _answered_by(pbx, "101")


async def test_dead_daemon_costs_no_call(pbx: Asterisk) -> None:
    """Nothing answers on the port; the client is put through all the same."""
    async with routing(pbx, "103"):
        pass
    await _answered_by(pbx, "101")
