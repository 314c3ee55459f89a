"""The cache of responsible managers."""

import asyncio

import pytest

from calltrackd.crm.people import Person as Told
from calltrackd.crm.returns import people as module
from calltrackd.crm.returns.people import Guide, Patience, People
from calltrackd.crm.trouble import Away
from calltrackd.model.person import Person
from tests.crm.returns.house import NOW, Clock, FakeCrm

CLIENT = "+79161234567"
ANNA = Person("crm", "3", "Anna", "101")


def guide(crm: FakeCrm, target: str = "crm", dids: tuple[str, ...] = ()) -> Guide:
    """A CRM that hears of all DIDs, or of some."""
    return Guide(target, crm, lambda did: did is None or not dids or did in dids)


@pytest.fixture
def clock() -> Clock:
    """Stands still."""
    return Clock()


@pytest.fixture
def people(crm: FakeCrm, clock: Clock) -> People:
    """With one CRM that knows Anna's client."""
    crm.people[CLIENT] = Told(id="3", name="Anna", extension="101")
    cache = People(Patience(fresh_s=60, unknown_s=30, wait_s=1), clock=clock)
    cache.adopt([guide(crm)])
    return cache


async def answered(people: People) -> None:
    """All that is asked was answered."""
    while people._asking:
        await asyncio.gather(*people._asking.values())
        await asyncio.sleep(0)


async def test_unknown_client_is_nobodys_at_once_and_known_next_time(people: People):
    """Nobody waits who does not want to."""
    assert people.known(CLIENT) is None
    await answered(people)
    assert people.known(CLIENT) == ANNA
    assert (people.tally.misses, people.tally.hits) == (1, 1)


async def test_who_waits_gets_the_answer(people: People):
    """And it is asked once, however many wait."""
    found = await asyncio.gather(*(people.person(CLIENT, None, 5) for _ in range(9)))
    assert found == [ANNA] * 9
    assert people.tally.asked == 1


async def test_patience_ends(people: People, crm: FakeCrm):
    """A CRM that hangs holds nobody."""
    never = asyncio.Event()

    async def hang(_phone: str) -> None:
        await never.wait()

    crm.responsible = hang
    assert await people.person(CLIENT, None, 0.01) is None
    await people.close()


async def test_old_answer_is_given_and_renewed_behind_it(
    people: People, crm: FakeCrm, clock: Clock
):
    """A manager who changed is told late once, and no call waits."""
    await people.person(CLIENT, None, 5)
    crm.people[CLIENT] = Told(id="4", extension="102")
    clock.now += 59
    assert people.known(CLIENT) == ANNA
    assert people.tally.asked == 1
    clock.now += 1
    assert people.known(CLIENT) == ANNA
    await answered(people)
    assert people.known(CLIENT) == Person("crm", "4", None, "102")


async def test_nobody_is_remembered_too(people: People, crm: FakeCrm, clock: Clock):
    """A stranger is not asked for at every call, and for a shorter time."""
    for _ in range(3):
        assert await people.person("+79990000000", None, 5) is None
    assert people.tally.asked == 1
    clock.now += 30
    await people.person("+79990000000", None, 5)
    await answered(people)
    assert people.tally.asked == 2


async def test_failing_crm_is_left_in_peace_and_takes_nothing_away(
    people: People, crm: FakeCrm, clock: Clock
):
    """What was known stays known; questions are dropped and counted meanwhile."""
    await people.person(CLIENT, None, 5)
    crm.trouble = Away("no route")
    clock.now += 60
    assert people.known(CLIENT) == ANNA
    await answered(people)
    assert people.known(CLIENT) == ANNA
    assert await people.person("+79990000000", None, 5) is None
    assert (people.tally.failed, people.tally.dropped) == (1, 2)
    crm.trouble = None
    clock.now += 3
    assert people.known(CLIENT) == ANNA
    await answered(people)
    assert people.tally.asked == 3


async def test_first_crm_with_an_extension_counts(people: People, crm: FakeCrm):
    """A CRM that knows a name only gives way to one that knows where to ring."""
    nameless = FakeCrm()
    nameless.people[CLIENT] = Told(id="7", name="Boris")
    people.adopt([guide(nameless, "first"), guide(crm, "crm")])
    assert await people.person(CLIENT, None, 5) == ANNA
    people.adopt([guide(nameless, "first")])
    assert people.known(CLIENT) == Person("first", "7", "Boris")


async def test_crm_of_another_number_is_not_asked(people: People, crm: FakeCrm):
    """A target that hears of some DIDs only."""
    people.adopt([guide(crm, dids=("+74950000001",))])
    assert await people.person(CLIENT, "+74950000002", 5) is None
    assert crm.asked == []
    assert await people.person(CLIENT, "+74950000001", 5) == ANNA


async def test_memory_is_bounded(crm: FakeCrm, clock: Clock):
    """The number that was looked up longest ago goes."""
    people = People(clock=clock, most_numbers=2)
    for n in range(3):
        people.found("crm", f"+7{n}", ANNA, NOW)
    assert len(people) == 2
    people.adopt([guide(crm)])
    assert people.known("+71") == ANNA


async def test_questions_are_bounded(people: People, monkeypatch: pytest.MonkeyPatch):
    """A flood of strangers is no flood of questions."""
    monkeypatch.setattr(module, "MOST_QUESTIONS", 2)
    for n in range(5):
        people.known(f"+7999000000{n}")
    assert people.tally.dropped == 3
    await answered(people)
    assert people.tally.asked == 2


async def test_answers_are_noted_for_a_restart(crm: FakeCrm, clock: Clock):
    """And come back by `recall`, old enough to be renewed."""
    noted = []

    async def note(*given: object) -> None:
        noted.append(given)

    crm.people[CLIENT] = Told(id="3", name="Anna", extension="101")
    people = People(note=note, clock=clock)
    people.adopt([guide(crm)])
    await people.person(CLIENT, None, 5)
    assert noted == [(CLIENT, "crm", ANNA, NOW)]
    again = People(clock=clock)
    again.adopt([guide(crm)])
    again.recall([(CLIENT, ANNA, NOW - 10**6)])
    assert again.known(CLIENT) == ANNA
    await answered(again)
    assert again.tally.asked == 1


async def test_calls_that_begin_wait_a_little_for_all_together(people: People, crm: FakeCrm):
    """Afterwards they are known at once."""
    await people.prepare({CLIENT: None, "+79990000000": None})
    assert people.known(CLIENT) == ANNA
    assert people.tally.asked == 2
