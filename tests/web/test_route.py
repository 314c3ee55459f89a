"""Whose client is on the line, asked by a dialplan."""

from collections.abc import AsyncIterator
from urllib.parse import quote

import aiohttp
import pytest

from calltrackd.crm.people import Person
from calltrackd.crm.returns.people import Guide, People
from calltrackd.web.app import listening, outside_application
from calltrackd.web.route import Route
from tests.crm.returns.house import FakeCrm

CLIENT = "+79161234567"


class Desk:
    """A served route over a CRM that knows one client."""

    def __init__(self) -> None:
        self.crm = FakeCrm()
        self.crm.people[CLIENT] = Person(id="3", name="Anna", extension="101")
        self.people = People()
        self.people.adopt([Guide("crm", self.crm, lambda did: did != "+74950000002")])
        self.took: list[str] = []
        self.route = Route(self.people, lambda: "RU", lambda result, _s: self.took.append(result))
        self.url = ""
        self.session: aiohttp.ClientSession

    async def ask(self, query: str) -> tuple[int, str, str]:
        """Status, type and text."""
        async with self.session.get(f"{self.url}/v1/route?{query}") as answer:
            return answer.status, answer.content_type, await answer.text()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """On a port of its own."""
    house = Desk()
    async with listening(outside_application([house.route]), "127.0.0.1", 0) as port:
        house.url = f"http://127.0.0.1:{port}"
        async with aiohttp.ClientSession() as house.session:
            yield house
    await house.people.close()


async def test_known_client_is_routed(desk: Desk) -> None:
    """The extension alone as text, all of it as JSON."""
    await desk.people.person(CLIENT, None, 5)
    assert await desk.ask(f"caller={quote(CLIENT)}&format=text") == (200, "text/plain", "101")
    status, kind, text = await desk.ask(f"caller={quote(CLIENT)}")
    assert (status, kind) == (200, "application/json")
    assert '"extension":"101"' in text
    assert '"responsible":{"target":"crm","user":"3","name":"Anna"}' in text
    assert desk.took == ["hit", "hit"]


@pytest.mark.parametrize("caller", ["89161234567", "8 (916) 123-45-67", "79161234567", CLIENT])
async def test_caller_may_be_written_as_the_pbx_has_it(desk: Desk, caller: str) -> None:
    """Also with a `+` that the dialplan did not encode."""
    await desk.people.person(CLIENT, None, 5)
    for written in (quote(caller), caller.replace(" ", "%20").replace("(", "").replace(")", "")):
        assert (await desk.ask(f"caller={written}&format=text"))[2] == "101"


async def test_unknown_client_is_nobodys_now_and_known_next_time(desk: Desk) -> None:
    """The dialplan goes on at once; the CRM is asked behind it."""
    assert (await desk.ask(f"caller={quote(CLIENT)}&format=text"))[2] == ""
    await desk.people.person(CLIENT, None, 5)
    assert (await desk.ask(f"caller={quote(CLIENT)}&format=text"))[2] == "101"
    assert desk.took == ["nobody", "hit"]


async def test_dialplan_may_wait(desk: Desk) -> None:
    """For this very call."""
    assert (await desk.ask(f"caller={quote(CLIENT)}&format=text&wait_ms=3000"))[2] == "101"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "caller=",
        "caller=anonymous",
        "caller=101",
        f"caller={quote(CLIENT)}&wait_ms=soon&did=%2B74950000002",
        f"caller={quote(CLIENT)}&did=%2B74950000002",
    ],
)
async def test_whatever_is_asked_the_dialplan_gets_a_200(desk: Desk, query: str) -> None:
    """Nothing, for no number, no client, no CRM that hears of the DID."""
    await desk.people.person(CLIENT, None, 5)
    assert await desk.ask(f"{query}&format=text") == (200, "text/plain", "")


async def test_failing_crm_is_nobodys_client_at_once(desk: Desk) -> None:
    """No call waits for a CRM that is away."""
    desk.crm.trouble = RuntimeError("away")
    assert (await desk.ask(f"caller={quote(CLIENT)}&format=text&wait_ms=3000"))[2] == ""
