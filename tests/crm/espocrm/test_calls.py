"""What a call makes in EspoCRM."""

from pathlib import Path

import pytest

from calltrackd.crm.people import Person
from calltrackd.model.call import Leg, Source, Tag
from calltrackd.store import links
from tests.crm.espocrm.given import espo_house, missed, over, retag, tell
from tests.crm.house import CLIENT, a_call, answered, ended, ringing, sent_on
from tests.fakes.crm_base import Fault
from tests.fakes.espocrm import BOT, OLGA, EspocrmFake

ADVERTISING = Source(source="google", medium="cpc", campaign="spring", click_ids={"gclid": "x1"})


async def test_a_new_client_is_a_lead_with_what_is_known_of_him(tmp_path: Path) -> None:
    """Name by the template, number, source, owner, advertising and our call's id."""
    async with EspocrmFake() as fake, espo_house(fake, tmp_path) as house:
        await tell(house, over(source=ADVERTISING, caller_name="Ivan"))
        (lead,) = fake.kept["Lead"]
        assert lead["lastName"] == f"{CLIENT} → +74951234567"
        assert (lead["phoneNumber"], lead["source"]) == (CLIENT, "Call")
        assert lead["assignedUserId"] == OLGA
        assert {"Name: Ivan", "Source: google", "gclid: x1", "[call c1]"} <= set(
            lead["description"].splitlines()
        )


async def test_names_have_no_characters_that_are_refused(tmp_path: Path) -> None:
    """EspoCRM takes no `<`, `>` and `=` in a name."""
    rules = {"title": "<b>a=b</b>"}
    async with EspocrmFake() as fake, espo_house(fake, tmp_path, lead=rules) as house:
        await tell(house, over())
        assert fake.kept["Lead"][0]["lastName"] == "b a b /b"


async def test_own_fields_go_before_ours_and_the_call_is_found_all_the_same(
    tmp_path: Path,
) -> None:
    """A description of the settings keeps the marker, so a lost answer doubles nothing."""
    rules = {"fields": {"description": "from {{ did }}", "accountName": "ACME"}}
    async with EspocrmFake() as fake, espo_house(fake, tmp_path, lead=rules) as house:
        lost = Fault(accept=True, reset=True)
        fake.always = lambda hit: (
            lost if hit.verb == "POST" and len(fake.kept["Lead"]) == 0 else None
        )
        await tell(house, over())
        (lead,) = fake.kept["Lead"]
        assert lead["description"] == "from +74951234567\n[call c1]"
        assert lead["accountName"] == "ACME"


async def test_two_leads_of_one_name_are_two_clients(tmp_path: Path) -> None:
    """EspoCRM's own check for doubles goes by names: what makes a client ours decide is left."""
    rules = {"title": "Call"}
    async with EspocrmFake() as fake, espo_house(fake, tmp_path, lead=rules) as house:
        await tell(house, over())
        await tell(house, over("c2", "+79160000002"))
        assert len(fake.kept["Lead"]) == 2


async def test_what_a_call_of_one_digit_less_made_is_not_taken_for_ours(tmp_path: Path) -> None:
    """Call 1 is not call 10."""
    async with EspocrmFake() as fake, espo_house(fake, tmp_path) as house:
        fake.add("Call", name="other", description="[call c10]")
        fake.always = lambda hit: (
            Fault(reset=True)
            if hit.path.endswith("/Call") and hit.verb == "POST" and len(fake.hits) < 8
            else None
        )
        await tell(house, over("c1"))
        assert [row["description"].count("[call c1]") for row in fake.kept["Call"]] == [0, 1]


async def test_a_known_contact_gets_an_opportunity(tmp_path: Path) -> None:
    """With an amount and a day of close, since EspoCRM wants them; his manager keeps him."""
    async with EspocrmFake() as fake, espo_house(fake, tmp_path) as house:
        fake.users["u2"] = "Pavel"
        contact = fake.add("Contact", name="Ivan", phoneNumber="8 (916) 123-45-67",
                           assignedUserId="u2")  # fmt: skip
        await tell(house, over())
        (deal,) = fake.kept["Opportunity"]
        assert (deal["contactsIds"], deal["assignedUserId"]) == ([contact["id"]], "u2")
        assert deal["amount"] == 0
        (call,) = fake.kept["Call"]
        assert (call["parentType"], call["parentId"]) == ("Opportunity", deal["id"])
        assert call["contactsIds"] == [contact["id"]]
        assert fake.kept["Lead"] == []
        assert house.met[-1] == ("espo", CLIENT, Person(id="u2", name="Pavel"))
        async with house.store.read() as conn:
            found = await links.calls_of(conn, "espo", "deal", [deal["id"]])
        assert [link.call_id for link in found] == ["c1"]


async def test_an_open_opportunity_takes_the_call(tmp_path: Path) -> None:
    """Closed ones do not count; the account of the contact is not a second client."""
    async with EspocrmFake() as fake, espo_house(fake, tmp_path) as house:
        account = fake.add("Account", name="ACME", phoneNumber=CLIENT)
        contact = fake.add("Contact", name="Ivan", phoneNumber=CLIENT, accountId=account["id"])
        fake.add("Opportunity", stage="Closed Won", contactsIds=[contact["id"]])
        deal = fake.add("Opportunity", stage="Negotiation", contactsIds=[contact["id"]])
        await tell(house, over())
        assert len(fake.kept["Opportunity"]) == 2
        (call,) = fake.kept["Call"]
        assert call["parentId"] == deal["id"]


async def test_a_lead_that_became_a_contact_is_one_client(tmp_path: Path) -> None:
    """Its number finds both."""
    async with EspocrmFake() as fake, espo_house(fake, tmp_path) as house:
        fake.add("Lead", lastName="Ivan", phoneNumber=CLIENT, status="Converted")
        contact = fake.add("Contact", name="Ivan", phoneNumber=CLIENT)
        await tell(house, over())
        assert fake.kept["Call"][0]["contactsIds"] == [contact["id"]]


async def test_a_dead_lead_makes_room_for_a_new_one(tmp_path: Path) -> None:
    """Nobody works on it any more."""
    async with EspocrmFake() as fake, espo_house(fake, tmp_path) as house:
        fake.add("Lead", lastName="Old", phoneNumber=CLIENT, status="Dead")
        await tell(house, over())
        assert len(fake.kept["Lead"]) == 2


async def test_a_missed_call_is_a_task_and_a_call_that_was_not_held(tmp_path: Path) -> None:
    """EspoCRM needs a user of both: the fallback, else the API user himself."""
    async with EspocrmFake() as fake, espo_house(fake, tmp_path) as house:
        await tell(house, missed())
        (task,) = fake.kept["Task"]
        (call,) = fake.kept["Call"]
        assert task["name"] == f"Call back {CLIENT}"
        assert task["assignedUserId"] == call["assignedUserId"] == BOT
        assert call["status"] == "Not Held"
        assert fake.kept["Lead"] == []


async def test_several_that_nobody_can_tell_apart_are_a_task(tmp_path: Path) -> None:
    """It names them, and the call is in nobody's history."""
    async with EspocrmFake() as fake, espo_house(fake, tmp_path) as house:
        at = dict.fromkeys(("createdAt", "modifiedAt"), "2026-11-01 00:00:00")
        for name in ("Anna", "Boris"):
            fake.add("Contact", name=name, phoneNumber=CLIENT, **at)
        await tell(house, over())
        (task,) = fake.kept["Task"]
        assert {"Anna (contact)", "Boris (contact)"} <= set(task["description"].splitlines())
        assert "contactsIds" not in fake.kept["Call"][0]


async def test_a_call_of_nobody_stands_alone(tmp_path: Path) -> None:
    """Where no leads are made, EspoCRM keeps the call without a parent."""
    async with EspocrmFake() as fake, espo_house(fake, tmp_path, lead={"make": "never"}) as house:
        await tell(house, over())
        (call,) = fake.kept["Call"]
        assert "parentId" not in call
        assert (call["status"], call["direction"]) == ("Held", "Inbound")


async def test_lead_that_was_made_while_it_rang_goes_to_whoever_talked(tmp_path: Path) -> None:
    """The owner is written when he is known."""
    rules = {"at": "started"}
    async with EspocrmFake() as fake, espo_house(fake, tmp_path, lead=rules) as house:
        call = a_call()
        await house.tell(call, "started")
        await house.settled()
        assert "assignedUserId" not in fake.kept["Lead"][0]
        await house.tell(ended(answered(call)), "ended")
        await house.settled()
        assert fake.kept["Lead"][0]["assignedUserId"] == OLGA


async def test_later_news_are_written_into_the_call(tmp_path: Path) -> None:
    """Tags stand in its description, and it is still one call."""
    async with EspocrmFake() as fake, espo_house(fake, tmp_path) as house:
        await tell(house, over())
        await retag(house, Tag(name="hot", source="keypad", at=1.0))
        (made,) = fake.kept["Call"]
        assert "tags: hot" in made["description"]
        assert "[call c1]" in made["description"]
        await retag(house)
        assert len(fake.asked("/api/v1/Call/")) == 1


async def test_ringing_users_are_told_in_their_streams(tmp_path: Path) -> None:
    """Once a call; what the client calls himself is shown and not rendered."""
    async with EspocrmFake() as fake, espo_house(fake, tmp_path) as house:
        call = a_call(caller_name="[x](http://bad.example)", legs=[Leg("101", 1.0)])
        await house.tell(call, "started")
        await house.settled()
        await house.tell(call, "updated")
        await house.settled()
        (note,) = fake.kept["Note"]
        assert (note["targetType"], note["usersIds"]) == ("users", [OLGA])
        assert "](http" not in note["post"]
        await house.tell(ended(answered(call)), "ended")
        await house.settled()
        assert len(fake.kept["Note"]) == 1


async def test_whose_phone_rings_next_is_told_too(tmp_path: Path) -> None:
    """The next agent of a queue after the lead was made, and whom the client is sent on to."""
    users, lead = {"101": "a", "102": "b", "103": "c"}, {"make": "always", "at": "started"}
    async with EspocrmFake() as fake, espo_house(fake, tmp_path, users=users, lead=lead) as house:
        call = a_call()
        for move, phone in ((ringing, "101"), (ringing, "102"), (sent_on, "103")):
            await house.tell(move(call, phone), "ringing")
            await house.settled()
        assert [note["usersIds"] for note in fake.kept["Note"]] == [["a"], ["b"], ["c"]]
        assert len(fake.kept["Lead"]) == 1


async def test_no_cards_where_nobody_wants_them(tmp_path: Path) -> None:
    """`cards = false`."""
    async with EspocrmFake() as fake, espo_house(fake, tmp_path, cards=False) as house:
        await house.tell(a_call(legs=[Leg("101", 1.0)]), "started")
        await house.settled()
        assert fake.kept["Note"] == []


@pytest.mark.parametrize("body", ["true", "{}"])
async def test_an_answer_without_an_id_is_asked_for(tmp_path: Path, body: str) -> None:
    """200 with JSON in it that says nothing: it was made all the same."""
    async with EspocrmFake() as fake, espo_house(fake, tmp_path) as house:
        fake.always = lambda hit: (
            Fault(accept=True, status=200, body=body)
            if hit.verb == "POST" and len(fake.kept["Call"]) == 0
            else None
        )
        await tell(house, over())
        assert (len(fake.kept["Lead"]), len(fake.kept["Call"])) == (1, 1)


async def test_a_user_who_may_not_be_assigned_is_a_dead_letter(tmp_path: Path) -> None:
    """The next call, of another user, goes on."""
    async with EspocrmFake() as fake, espo_house(fake, tmp_path, users={"101": "gone"}) as house:
        fake.unassignable = {"gone"}
        await tell(house, over())
        await tell(house, missed("c2", "+79160000002"))
        assert await house.states() == {"c1 ended": "dead", "c2 ended": "sent"}
