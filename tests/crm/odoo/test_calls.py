"""What a call makes in Odoo."""

from pathlib import Path
from typing import Any

from calltrackd.crm.people import Person
from calltrackd.crm.rows import rows_for
from calltrackd.model.call import CallRecord, Change, Leg, Source, Tag
from calltrackd.model.outbox import OutboxRow
from calltrackd.store import calls, links, outbox, tags
from tests.crm.house import CLIENT, House, a_call, answered, ended, ringing, sent_on
from tests.crm.odoo.given import odoo_house
from tests.fakes.crm_base import Fault
from tests.fakes.odoo import OdooFake

ADVERTISING = Source(
    source="Google", medium="cpc", campaign="spring", term="buy <shoes>", click_ids={"gclid": "x1"}
)


async def tell(house: House, record: CallRecord) -> None:
    """A whole call that is told only when it is over."""
    await house.tell(record, "ended")
    await house.settled()


def over(name: str = "c1", caller: str = CLIENT, **fields: Any) -> CallRecord:
    """An answered call that is over."""
    return ended(answered(a_call(name, caller, **fields)))


async def retag(house: House, tag: Tag, *, away: bool = False) -> None:
    """The call gets a tag, or loses it."""

    async def work(conn: Any) -> list[OutboxRow]:
        if away:
            await tags.remove(conn, "c1", tag.name, house.clock.now())
        else:
            await tags.add(conn, [("c1", tag)])
        (saved,) = await calls.save(conn, [Change(over(), "updated", house.clock.now())])
        rows = rows_for(saved, "updated", [house.target], house.clock.now())
        await outbox.add(conn, rows)
        return rows

    house.dispatcher.offer(await house.store.writer.submit(work))
    await house.settled()


def missed(name: str = "c1", caller: str = CLIENT) -> CallRecord:
    """A call that nobody answered."""
    return ended(a_call(name, caller))


async def test_lead_has_source_owner_and_what_is_known_of_the_advertising(tmp_path: Path) -> None:
    """UTM records are found or made; the rest is in the description, escaped."""
    async with OdooFake() as fake, odoo_house(fake, tmp_path) as house:
        fake.add("utm.source", id=900, name="google")
        await tell(house, over(source=ADVERTISING))
        (lead,) = fake.kept["crm.lead"]
        assert lead["source_id"][0] == 900
        assert [row["name"] for row in fake.kept["utm.source"]] == ["google"]
        assert lead["medium_id"][0] == fake.kept["utm.medium"][0]["id"]
        assert lead["campaign_id"][0] == fake.kept["utm.campaign"][0]["id"]
        assert lead["user_id"][0] == 6
        assert "buy &lt;shoes&gt;" in lead["description"]
        assert "gclid: x1" in lead["description"]


async def test_sources_are_made_once_however_many_calls_ask(tmp_path: Path) -> None:
    """Odoo would make `Google [2]` of the second."""
    async with OdooFake() as fake, odoo_house(fake, tmp_path) as house:
        for n in range(6):
            await house.tell(over(f"c{n}", f"+7916000000{n}", source=ADVERTISING), "ended")
        await house.settled()
        assert [row["name"] for row in fake.kept["utm.source"]] == ["Google"]
        assert len(fake.kept["crm.lead"]) == 6


async def test_fields_of_the_settings_go_before_ours(tmp_path: Path) -> None:
    """By the names of Odoo's import, templates filled in."""
    rules = {"title": "{{ did }}", "fields": {"priority": "2", "contact_name": "{{ caller }}"}}
    async with OdooFake() as fake, odoo_house(fake, tmp_path, lead=rules) as house:
        await tell(house, over(caller_name="Ivan"))
        (lead,) = fake.kept["crm.lead"]
        found = lead["name"], lead["priority"], lead["contact_name"]
        assert found == ("+74951234567", "2", CLIENT)


async def test_call_of_a_client_with_an_open_lead_goes_into_its_history(tmp_path: Path) -> None:
    """No second lead; whoever talks learns whose client it is."""
    async with OdooFake() as fake, odoo_house(fake, tmp_path) as house:
        partner = fake.add("res.partner", name="Ivan", phone="8 (916) 123-45-67")
        lead = fake.add("crm.lead", name="Old", partner_id=[partner["id"], "Ivan"],
                        user_id=[6, "Olga"])  # fmt: skip
        await house.whole_call()
        await house.settled()
        assert len(fake.kept["crm.lead"]) == 1
        (activity,) = fake.kept["mail.activity"]
        assert (activity["res_model_id"], activity["res_id"]) == ("crm.model_crm_lead", lead["id"])
        assert house.met[0] == ("odoo", CLIENT, Person(id="6", name="Olga", extension="101"))


async def test_new_lead_of_a_known_client_keeps_his_manager(tmp_path: Path) -> None:
    """The contact is linked, and whoever picked up does not take him over."""
    async with OdooFake() as fake, odoo_house(fake, tmp_path) as house:
        partner = fake.add("res.partner", name="Ivan", phone=CLIENT, user_id=[5, "calltrackd"])
        fake.add("crm.lead", name="Lost", phone=CLIENT, partner_id=[partner["id"], "Ivan"],
                 won_status="lost", active=False)  # fmt: skip
        await tell(house, over())
        lead = fake.kept["crm.lead"][1]
        assert (lead["partner_id"][0], lead["user_id"][0]) == (partner["id"], 5)


async def test_lead_that_was_made_while_it_rang_goes_to_whoever_talked(tmp_path: Path) -> None:
    """The owner is written when he is known."""
    rules = {"at": "started"}
    async with OdooFake() as fake, odoo_house(fake, tmp_path, lead=rules) as house:
        call = a_call()
        await house.tell(call, "started")
        await house.settled()
        (lead,) = fake.kept["crm.lead"]
        assert lead["user_id"] is False
        await house.tell(ended(answered(call)), "ended")
        await house.settled()
        assert lead["user_id"][0] == 6


async def test_lost_answer_keeps_no_lead_from_whoever_talked(tmp_path: Path) -> None:
    """The lead was made while it rang, its answer lost: it is known as the call's all the same."""
    rules = {"at": "started"}
    async with OdooFake() as fake, odoo_house(fake, tmp_path, lead=rules) as house:
        fake.always = _first_load(Fault(accept=True, hang=True))
        call = a_call()
        await house.tell(call, "started")
        await house.settled()
        await house.tell(ended(answered(call)), "ended")
        await house.settled()
        (lead,) = fake.kept["crm.lead"]
        assert lead["user_id"][0] == 6


async def test_missed_call_of_a_new_client_is_a_lead_with_a_task(tmp_path: Path) -> None:
    """A task needs a document; the fallback user gets it, with the time by which it is due."""
    async with OdooFake() as fake, odoo_house(fake, tmp_path, fallback_user="6") as house:
        await tell(house, missed())
        (lead,) = fake.kept["crm.lead"]
        task, log = sorted(fake.kept["mail.activity"], key=lambda row: not row["active"])
        assert (task["summary"], task["user_id"][0]) == (f"Call back {CLIENT}", 6)
        assert "Due 20" in task["note"]
        assert {task["res_id"], log["res_id"]} == {lead["id"]}
        assert log["summary"].startswith("Missed call")


async def test_where_no_leads_are_made_a_missed_call_is_a_contact_with_a_task(
    tmp_path: Path,
) -> None:
    """And the next one of the same client finds it."""
    async with OdooFake() as fake, odoo_house(fake, tmp_path, lead={"make": "never"}) as house:
        await tell(house, missed())
        await tell(house, missed("c2"))
        (contact,) = fake.kept["res.partner"]
        assert contact["phone"] == CLIENT
        assert fake.kept["crm.lead"] == []
        assert {row["res_id"] for row in fake.kept["mail.activity"]} == {contact["id"]}
        assert len(fake.kept["mail.activity"]) == 4


async def test_a_call_that_makes_nothing_is_written_nowhere(tmp_path: Path) -> None:
    """An unknown client, and a policy that makes no leads: no document, no error."""
    async with OdooFake() as fake, odoo_house(fake, tmp_path, lead={"make": "never"}) as house:
        await tell(house, over())
        assert set((await house.states()).values()) == {"sent"}
        assert fake.kept["mail.activity"] == []


async def test_several_that_nobody_can_tell_apart_are_a_task(tmp_path: Path) -> None:
    """It names them, and the call is in nobody's history."""
    async with OdooFake() as fake, odoo_house(fake, tmp_path) as house:
        at = {"create_date": "2026-11-01 00:00:00"}
        first, second = (fake.add("res.partner", name=n, phone=CLIENT, **at) for n in ("A<", "B"))
        await tell(house, over())
        (task,) = fake.kept["mail.activity"]
        assert task["active"]
        assert task["res_id"] in {first["id"], second["id"]}
        assert "A&lt;" in task["note"]
        assert f"contact {second['id']}" in task["note"]
        assert fake.kept["mail.message"] == []


async def test_tags_come_and_go_and_others_stay(tmp_path: Path) -> None:
    """Ours are shown as the record has them; what people set is theirs."""
    async with OdooFake() as fake, odoo_house(fake, tmp_path) as house:
        hot, cold = (Tag(name=name, source="keypad", at=1.0) for name in ("hot", "cold"))
        await tell(house, over())
        await retag(house, hot)
        await retag(house, cold)
        (lead,) = fake.kept["crm.lead"]
        lead["tag_ids"].append(777)
        await retag(house, cold, away=True)
        names = {row["id"]: row["name"] for row in fake.kept["crm.tag"]}
        assert [names.get(tag, tag) for tag in lead["tag_ids"]] == ["hot", 777]


async def test_ringing_users_are_told_in_their_chat(tmp_path: Path) -> None:
    """Once a call, in one chat a user; nobody once it was picked up."""
    async with OdooFake() as fake, odoo_house(fake, tmp_path) as house:
        for n in range(2):
            call = a_call(f"c{n}", caller_name="<Ivan>", legs=[Leg("101", 1.0)])
            await house.tell(call, "started")
            await house.settled()
            await house.tell(call, "updated")
            await house.settled()
        (chat,) = fake.kept["discuss.channel"]
        assert chat["channel_member_ids"] == [[0, 0, {"partner_id": 7}]]
        cards = [row for row in fake.kept["mail.message"] if row["model"] == "discuss.channel"]
        assert len(cards) == 2
        assert "&lt;Ivan&gt;" in cards[0]["body"]
        await house.tell(ended(answered(call)), "ended")
        await house.settled()
        assert sum(row["model"] == "discuss.channel" for row in fake.kept["mail.message"]) == 2


async def test_whose_phone_rings_next_is_told_too(tmp_path: Path) -> None:
    """The next agent of a queue after the lead was made, and whom the client is sent on to."""
    users, lead = {"101": "6", "102": "8", "103": "9"}, {"make": "always", "at": "started"}
    async with OdooFake() as fake, odoo_house(fake, tmp_path, users=users, lead=lead) as house:
        for user in (8, 9):
            fake.add("res.users", id=user, name="x", login=f"x{user}", partner_id=[user + 1, "x"])
        call = a_call()
        for move, phone in ((ringing, "101"), (ringing, "102"), (sent_on, "103")):
            await house.tell(move(call, phone), "ringing")
            await house.settled()
        chats = fake.kept["discuss.channel"]
        told = [row for row in fake.kept["mail.message"] if row["model"] == "discuss.channel"]
        assert (len(chats), len(told), len(fake.kept["crm.lead"])) == (3, 3, 1)


async def test_no_cards_where_nobody_wants_them(tmp_path: Path) -> None:
    """`cards = false`."""
    async with OdooFake() as fake, odoo_house(fake, tmp_path, cards=False) as house:
        await house.tell(a_call(legs=[Leg("101", 1.0)]), "started")
        await house.settled()
        assert fake.kept["discuss.channel"] == []


async def test_the_links_of_the_books_lead_from_the_deal_to_the_call(tmp_path: Path) -> None:
    """What comes back of a deal is joined by them."""
    async with OdooFake() as fake, odoo_house(fake, tmp_path) as house:
        await tell(house, over())
        lead = str(fake.kept["crm.lead"][0]["id"])
        async with house.store.read() as conn:
            found = await links.calls_of(conn, "odoo", "deal", [lead])
        assert [link.call_id for link in found] == ["c1"]


async def test_lost_answer_to_a_second_call_waits_for_the_first(tmp_path: Path) -> None:
    """The lead of the first was made, its answer lost: the second call finds it."""
    async with OdooFake() as fake, odoo_house(fake, tmp_path) as house:
        lost = Fault(accept=True, hang=True)
        fake.always = _first_load(lost)
        await house.tell(over("c1"), "ended")
        await fake.until(lambda: bool(fake.kept["crm.lead"]))
        await house.tell(over("c2"), "ended")
        await house.settled()
        assert len(fake.kept["crm.lead"]) == 1
        assert len(fake.kept["mail.activity"]) == 2


def _first_load(fault: Fault) -> Any:
    left = [fault]
    return lambda hit: left.pop() if left and hit.path.endswith("crm.lead/load") else None
