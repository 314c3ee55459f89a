"""Requests to a CRM: what they raise, how they wait, what they never say."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from calltrackd.crm.client import LARGE_BYTES, PATIENCE_S, Client, Cut
from calltrackd.crm.limiter import Limiter
from calltrackd.crm.trouble import (
    AuthFailed,
    Away,
    Barred,
    Failing,
    Limited,
    NotYet,
    Permanent,
    Trouble,
    Unknown,
)
from tests.crm.house import QuickClock
from tests.crm.notebook import NotebookFake, NotebookTarget
from tests.fakes.crm_base import Fault, Hit

HTML = {"Content-Type": "text/html"}


@pytest.fixture
async def crm() -> AsyncIterator[NotebookFake]:
    """A running Notebook."""
    async with NotebookFake() as running:
        yield running


def client_of(crm: NotebookFake, limiter: Limiter, clock: QuickClock) -> Client:
    """Close it."""
    given = {"name": "crm", "url": crm.url, "secret": crm.token, "allow_private": True}
    return Client(NotebookTarget.model_validate({**given, "timeout_s": 0.3}), limiter, clock)


@pytest.fixture
async def ask(crm: NotebookFake) -> AsyncIterator[Callable[..., Any]]:
    """Asks the Notebook, as its connector would."""
    clock = QuickClock(100.0)
    client = client_of(crm, Limiter(clock, rate=1000.0, burst=100), clock)

    async def call(verb: str = "POST", path: str = "/contacts", **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {crm.token}"}
        body = {} if verb == "GET" else {"json": {"phone": "+79161234567"}}
        return await client.ask(verb, f"{crm.url}{path}", headers=headers, **{**body, **more})

    yield call
    await client.close()


ANSWERS: dict[str, tuple[Fault, type[Trouble]]] = {
    "401": (Fault(status=401, body="{}"), AuthFailed),
    "402": (Fault(status=402, body="{}"), Barred),
    "403": (Fault(status=403, body="{}"), Barred),
    "404": (Fault(status=404, body="{}"), Permanent),
    "400": (Fault(status=400, body="{}"), Permanent),
    "302": (Fault.redirect("https://elsewhere.example/"), Failing),
    "408": (Fault(status=408, body="{}"), Unknown),
    "423": (Fault(status=423, body="{}"), NotYet),
    "500": (Fault(status=500, body="{}"), Unknown),
    "502": (Fault(status=502, body="{}"), Unknown),
    "503": (Fault(status=503, body="{}"), Away),
    "504": (Fault(status=504, body="{}"), Unknown),
    "html": (Fault.page(), Unknown),
    "no json": (Fault(status=200, body="{"), Unknown),
    "cut": (Fault(reset=True), Cut),
    "silence": (Fault(hang=True), Unknown),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_what_an_answer_means(ask: Any, crm: NotebookFake, name: str) -> None:
    """A write whose end nobody knows is unknown, the rest is told by its status."""
    fault, expected = ANSWERS[name]
    crm.fail(fault)
    with pytest.raises(expected) as told:
        await ask()
    assert type(told.value) is expected


@pytest.mark.parametrize(
    "name", [name for name, (_, kind) in ANSWERS.items() if issubclass(kind, Unknown)]
)
async def test_a_read_is_never_unknown(ask: Any, crm: NotebookFake, name: str) -> None:
    """It changes nothing, so it is simply done again."""
    crm.always = lambda _hit: ANSWERS[name][0]
    with pytest.raises(Failing):
        await ask("GET")
    with pytest.raises(Failing):
        await ask("POST", reads=True)


@pytest.mark.parametrize("how", [("GET", None), ("POST", True)], ids=["GET", "search"])
async def test_a_read_whose_connection_was_cut_is_asked_once_more(
    ask: Any, crm: NotebookFake, how: tuple[str, bool | None]
) -> None:
    """An idle connection that the CRM gave up must not cost the operator his card."""
    verb, reads = how
    crm.fail(Fault(reset=True))
    await ask(verb, reads=reads)
    assert len(crm.hits) == 2


@pytest.mark.parametrize("verb", ["GET", "PUT"])
async def test_nothing_goes_out_past_the_limit(crm: NotebookFake, verb: str) -> None:
    """What is asked once more waits for a turn of its own, and aiohttp sends nothing by itself."""
    clock = QuickClock(100.0)
    began = clock.now()
    client = client_of(crm, Limiter(clock, rate=1.0, burst=1), clock)
    crm.always = lambda _hit: Fault(reset=True)
    for _ in range(2):
        with pytest.raises(Trouble):
            await client.ask(verb, f"{crm.url}/contacts")
    await client.close()
    assert clock.now() - began >= len(crm.hits)


async def test_a_cut_read_does_not_sit_through_a_long_pause(crm: NotebookFake) -> None:
    """One that the CRM asked for while it was on the wire; the lane waits then, not the slot."""
    clock = QuickClock(100.0)
    limiter = Limiter(clock, rate=1000.0, burst=100)
    client = client_of(crm, limiter, clock)

    def paused_meanwhile(_hit: Hit) -> Fault:
        limiter.pause(PATIENCE_S + 300)
        return Fault(reset=True)

    crm.always = paused_meanwhile
    with pytest.raises(Limited):
        await client.ask("GET", f"{crm.url}/contacts")
    await client.close()
    assert len(crm.hits) == 1


async def test_nobody_listens(ask: Any, crm: NotebookFake) -> None:
    """Not a byte was sent: nothing is unknown."""
    await crm.__aexit__()
    with pytest.raises(Away):
        await ask()


async def test_too_fast_is_waited_out(ask: Any, crm: NotebookFake) -> None:
    """What the CRM limited it did not take: the same request goes again after the pause."""
    crm.fail(*[Fault(status=429, body="{}", headers={"Retry-After": "2"})] * 2)
    assert (await ask())["id"] == 1
    assert len(crm.kept["contacts"]) == 1


async def test_a_long_pause_is_the_lanes(ask: Any, crm: NotebookFake) -> None:
    """Nobody sits in a slot for minutes; the next who asks is told at once, without a request."""
    pause = str(int(PATIENCE_S) + 300)
    crm.fail(Fault(status=429, body="{}", headers={"Retry-After": pause}))
    with pytest.raises(Limited) as told:
        await ask()
    assert told.value.after == float(pause)
    with pytest.raises(Limited):
        await ask()
    assert len(crm.hits) == 1


async def test_nothing_secret_is_told(ask: Any, crm: NotebookFake) -> None:
    """Key, address's path and clients' numbers are in no word of an error."""
    body = f'{{"error": "no such token {crm.token} for +79161234567"}}'
    crm.fail(Fault(status=400, body=body))
    with pytest.raises(Permanent) as told:
        await ask(path="/rest/1/pathsecret")
    for word in (crm.token, "9161234567", "pathsecret"):
        assert word not in str(told.value)
    assert "no such token" in str(told.value)


async def test_private_addresses_need_leave(crm: NotebookFake) -> None:
    """A CRM of the settings must not lead to this machine by mistake."""
    given = {"name": "crm", "url": crm.url, "secret": "x"}
    clock = QuickClock()
    settings = NotebookTarget.model_validate(given)
    client = Client(settings, Limiter(clock, rate=10.0, burst=10), clock)
    with pytest.raises(AuthFailed, match="private address"):
        await client.ask("GET", crm.url)
    assert crm.hits == []
    await client.close()


async def test_an_empty_answer_is_nothing(ask: Any, crm: NotebookFake) -> None:
    """204, as amoCRM says an empty list."""
    crm.fail(Fault(status=204))
    assert await ask() is None


async def test_a_long_body_goes_out_whole(crm: NotebookFake, ask: Callable[..., Any]) -> None:
    """In pieces, with its length told, also when it has to be sent again."""
    crm.fail(Fault(status=429, body="{}", headers={"Retry-After": "1"}))
    phone = "7" * (3 * LARGE_BYTES)
    await ask(json={"phone": phone})
    assert [hit.json["phone"] == phone for hit in crm.hits] == [True, True]
    assert all(int(hit.headers["content-length"]) > len(phone) for hit in crm.hits)
