"""A connector in its house: each move once, whatever happens to the answers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from calltrackd.crm.lane import Lane
from calltrackd.store import links, retention
from tests.crm.conftest import until
from tests.crm.house import CLIENT, House, a_call, a_house, answered, ended, target_for
from tests.crm.notebook import Notebook, NotebookFake, NotebookTarget
from tests.fakes.crm_base import Fault

SPEED = 50.0
"""The lane's pauses pass so much faster."""


@pytest.fixture
async def crm() -> AsyncIterator[NotebookFake]:
    """A running Notebook."""
    async with NotebookFake() as running:
        yield running


def settings(crm: NotebookFake, **fields: object) -> NotebookTarget:
    """Settings that reach it."""
    given = {"name": "crm", "url": crm.url, "secret": crm.token, "allow_private": True}
    return NotebookTarget.model_validate({**given, "timeout_s": 0.5, **fields})


@pytest.fixture
async def house(crm: NotebookFake, tmp_path: Path) -> AsyncIterator[House]:
    """A house that tells the Notebook."""
    async with a_house(tmp_path, target_for(settings(crm)), Notebook, speed=SPEED) as running:
        yield running


def counts(crm: NotebookFake) -> dict[str, int]:
    """How many of each kind the Notebook keeps."""
    return {kind: len(crm.kept[kind]) for kind in ("contacts", "leads", "calls")}


ONE = {"contacts": 1, "leads": 1, "calls": 1}


async def test_a_call_is_written_once_and_in_order(house: House, crm: NotebookFake) -> None:
    """Contact and card while it rings, the lead at the answer, the call at the end."""
    await house.tell(a_call(), "started")
    await house.settled()
    await house.whole_call()
    await house.settled()
    assert counts(crm) == ONE
    assert [hit.path for hit in crm.hits if hit.verb == "POST"] == [
        "/contacts", "/pops", "/leads", "/calls",
    ]  # fmt: skip


async def test_links_say_which_entities_hold_the_call(house: House, crm: NotebookFake) -> None:
    """A deal that comes back finds its call by the ids that the CRM gave."""
    await house.whole_call()
    await house.settled()
    lead = str(crm.kept["leads"][0]["id"])
    async with house.store.read() as conn:
        assert {link.kind for link in await links.of_call(conn, "c1")} == {
            "contact", "lead", "call",
        }  # fmt: skip
        (link,) = await links.calls_of(conn, "crm", "lead", [lead])
    assert link.call_id == "c1"


@pytest.mark.parametrize("path", ["/contacts", "/leads", "/calls"])
@pytest.mark.parametrize(
    "fault",
    [
        Fault(accept=True, hang=True),
        Fault(accept=True, reset=True),
        Fault(accept=True, status=502, body="{}"),
        Fault(
            accept=True, status=200, body="<html>Back soon", headers={"Content-Type": "text/html"}
        ),
    ],
    ids=["timeout", "reset", "502", "html"],
)
async def test_what_was_taken_although_the_answer_was_lost_is_not_doubled(
    house: House, crm: NotebookFake, path: str, fault: Fault
) -> None:
    """The CRM is asked what became of it before anything is sent again."""
    once = [fault]
    crm.always = lambda hit: (
        once.pop() if once and hit.verb == "POST" and hit.path == path else None
    )
    await house.whole_call()
    states = await house.settled()
    assert states["c1 ended"] == "sent"
    assert counts(crm) == ONE
    assert "unknown" in house.words


async def test_what_was_not_taken_is_done_again(house: House, crm: NotebookFake) -> None:
    """An answer that was lost before the CRM did anything: the query says so."""
    crm.always = lambda hit: (
        Fault(reset=True)
        if hit.path == "/leads" and hit.verb == "POST" and len(crm.asked("/leads")) == 1
        else None
    )
    await house.whole_call()
    await house.settled()
    assert counts(crm) == ONE


async def test_a_refused_key_pauses_the_target_and_no_row(house: House, crm: NotebookFake) -> None:
    """Rows stay owed; somebody is told; when the key is good again they go out."""
    good, crm.token = crm.token, "another"
    await house.tell(a_call(), "answered")
    await crm.until(lambda: len(crm.hits) == 1)
    lane = house.dispatcher._lanes["crm"]
    assert isinstance(lane, Lane)
    crm.token = good
    states = await house.settled()
    assert states == {"c1 answered": "sent"}
    assert house.words[0] == "blocked"


async def test_the_admin_is_told_of_a_refused_key(house: House, crm: NotebookFake) -> None:
    """The status names the trouble without the key."""
    crm.token = "another"
    await house.tell(a_call(), "answered")
    await crm.until(lambda: len(crm.hits) == 2)
    (status,) = house.dispatcher.status()
    assert status.needs_admin
    assert "401" in status.trouble
    assert "s3cr3t" not in status.trouble


async def test_card_is_not_shown_when_the_ringing_is_over(house: House, crm: NotebookFake) -> None:
    """What else the start owes is done; the card is left out."""
    call = a_call()
    crm.fail(Fault(status=500, body="{}"))
    await house.tell(call, "started")
    await crm.until(lambda: len(crm.hits) == 1)
    await house.tell(answered(call), "answered")
    await house.settled()
    assert crm.kept["pops"] == []
    assert len(crm.kept["contacts"]) == 1


async def test_two_calls_of_a_new_client_make_one_contact(house: House, crm: NotebookFake) -> None:
    """Six at once from one number: the first creates, the others find."""
    for n in range(6):
        await house.tell(a_call(f"c{n}"), "started")
    await house.settled()
    assert len(crm.kept["contacts"]) == 1
    assert len(crm.kept["pops"]) == 6


async def test_a_contact_whose_making_is_unknown_is_waited_for(
    house: House, crm: NotebookFake
) -> None:
    """A second call must not make the contact that the first may have made."""
    crm.always = lambda hit: (
        Fault(accept=True, reset=True)
        if hit.verb == "POST"
        and len([h for h in crm.asked("/contacts") if h.verb == "POST"]) == 1
        and hit.path == "/contacts"
        else None
    )
    await house.tell(a_call("c1"), "started")
    await house.tell(a_call("c2"), "started")
    await house.settled()
    assert len(crm.kept["contacts"]) == 1


async def test_killed_between_request_and_result_asks_after_the_start(
    crm: NotebookFake, tmp_path: Path
) -> None:
    """The intention is in the store: the next process asks the CRM instead of sending again."""
    target = target_for(settings(crm, timeout_s=30.0))
    crm.always = lambda hit: Fault(accept=True, hang=True) if hit.path == "/calls" else None
    async with a_house(tmp_path, target, Notebook, speed=SPEED) as house:
        await house.tell(ended(answered(a_call())), "ended")
        await crm.until(lambda: len(crm.kept["calls"]) == 1)
        assert await house.states() == {"c1 ended": "sending"}
    crm.always = None
    async with a_house(tmp_path, target, Notebook, speed=SPEED * 10) as house:
        assert await house.settled() == {"c1 ended": "sent"}
    assert counts(crm) == ONE


async def test_a_client_who_was_forgotten_leaves_no_memo(house: House, crm: NotebookFake) -> None:
    """His rows were deleted while one was being worked on: nothing is written of him any more."""
    row = await house.tell(a_call(), "started")
    await house.settled()
    await house.store.writer.submit(lambda conn: retention.forget(conn, CLIENT))
    glance = await house.books.glance("c1", CLIENT)
    await house.books.save(row, glance.memo, (CLIENT, glance.client))
    assert await house.memo("phone", CLIENT) is None
    assert await house.memo("call", "c1") is None


async def test_what_is_not_known_yet_is_shown_as_unknown(crm: NotebookFake, tmp_path: Path) -> None:
    """Also while nobody may ask yet: the row's state says that it may have been taken."""
    target = target_for(settings(crm, timeout_s=0.3))
    crm.always = lambda hit: Fault(accept=True, reset=True) if hit.path == "/calls" else None
    async with a_house(tmp_path, target, Notebook) as house:
        await house.tell(ended(answered(a_call())), "ended")
        await until(lambda: len(house.words) > 1)
        assert set(house.words) == {"unknown"}


async def test_nobody_knows_a_hidden_number(house: House, crm: NotebookFake) -> None:
    """Without a number there is no client, and no two such calls have anything in common."""
    await house.tell(a_call(caller=None), "started")
    await house.settled()
    assert crm.hits == []
    assert await house.memo("phone", CLIENT) is None
