"""What stands in the account after calls."""

from copy import deepcopy
from typing import Any

from msgspec.structs import replace

from calltrackd.crm.amocrm import connector
from calltrackd.model.call import CallRecord, Leg, Recording, Source, Tag
from calltrackd.store import links, tags, transcripts
from tests.crm.amocrm.conftest import Enter, settings
from tests.crm.amocrm.test_notes import stored
from tests.crm.house import (
    CLIENT,
    House,
    a_call,
    a_house,
    answered,
    ended,
    ringing,
    sent_on,
    target_for,
)
from tests.fakes.amocrm import AmocrmFake, with_phone
from tests.fakes.crm_base import Fault, Hit

TYPED = "8 (916) 123-45-67"


def known(fake: AmocrmFake, **fields: Any) -> dict[str, Any]:
    """A contact whom the account knows, with the number as people type it."""
    return fake.add("contacts", name="Ivan", custom_fields_values=with_phone(TYPED), **fields)


def lead_of(fake: AmocrmFake, contact: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A lead of the contact."""
    return fake.add("leads", name="Old", _embedded={"contacts": [{"id": contact["id"]}]}, **fields)


async def tag(house: House, call: CallRecord, *, add: str = "", drop: str = "") -> None:
    """The call gets or loses tags, as the pipeline writes it down."""
    at = house.clock.now()
    new = [(call.id, Tag(name=name, source="keypad", at=at)) for name in add.split()]

    async def work(conn: Any) -> None:
        await tags.add(conn, new)
        for name in drop.split():
            await tags.remove(conn, call.id, name, at)

    await house.store.writer.submit(work)
    await house.tell(call, "updated")
    await house.settled()


async def ring(house: House, *operators: str) -> CallRecord:
    """A call that rings at some phones."""
    call = a_call(started_at=house.clock.now())
    call.legs = [Leg(one, rang_at=call.started_at) for one in operators]
    await house.tell(call, "started")
    return call


async def test_the_card_is_shown_before_anything_is_looked_for(
    enter: Enter, fake: AmocrmFake
) -> None:
    """Only to the users whose phones ring; amoCRM finds the client itself."""
    async with enter() as house:
        await ring(house, "101", "102", "999")
        await house.settled()
    (pop,) = fake.kept["pops"]
    assert pop["users"] == [11, 12]
    assert pop["phone_number"] == "79161234567"
    assert fake.hits[0].path == "/api/v2/events"


async def test_who_rings_later_sees_the_card_and_nobody_sees_it_twice(
    enter: Enter, fake: AmocrmFake
) -> None:
    """Each user once a call."""
    async with enter() as house:
        call = await ring(house, "101")
        await house.settled()
        call.legs.append(Leg("102", rang_at=call.started_at + 3))
        await house.tell(call, "updated")
        await house.settled()
    assert [pop["users"] for pop in fake.kept["pops"]] == [[11], [12]]


async def test_whose_phone_rings_next_sees_the_card(enter: Enter, fake: AmocrmFake) -> None:
    """Also when the client was sent on after a talk."""
    async with enter() as house:
        call = ringing(a_call(started_at=house.clock.now()), "101")
        await house.tell(call, "ringing")
        await house.settled()
        await house.tell(sent_on(call, "102"), "ringing")
        await house.settled()
    assert [pop["users"] for pop in fake.kept["pops"]] == [[11], [12]]


async def test_the_note_stands_at_the_calls_own_lead(enter: Enter, fake: AmocrmFake) -> None:
    """With the call's id, seconds, result and who talked, and no time of ours but its start."""
    async with enter() as house:
        await house.whole_call()
        await house.settled()
    (lead,), (note,) = fake.kept["leads"], fake.kept["notes"]
    assert lead["name"] == "+79161234567 → +74951234567"
    assert lead["responsible_user_id"] == 11
    assert note["at"] == ["leads", str(lead["id"])]
    assert note["note_type"] == "call_in"
    assert note["params"] == {
        "uniq": "c1",
        "duration": 60,
        "source": "calltrackd",
        "phone": CLIENT,
        "call_status": 4,
        "call_result": "answered",
        "call_responsible": 11,
    }


async def test_an_open_lead_gets_the_note_and_no_other_lead_is_made(
    enter: Enter, fake: AmocrmFake
) -> None:
    """Of several the newest open one; the client is told, by name."""
    ivan = known(fake, responsible_user_id=12)
    lead_of(fake, ivan, status_id=143)
    mine = lead_of(fake, ivan)
    async with enter() as house:
        await house.whole_call()
        await house.settled()
        person = house.met[-1][2]
    assert len(fake.kept["leads"]) == 2
    assert fake.kept["notes"][0]["at"] == ["leads", str(mine["id"])]
    assert (person.id, person.name, person.extension) == ("12", "Boris", "102")


async def test_a_closed_lead_means_a_new_one_for_the_same_contact(
    enter: Enter, fake: AmocrmFake
) -> None:
    """The contact is found by any form of its number."""
    ivan = known(fake)
    lead_of(fake, ivan, status_id=142)
    async with enter() as house:
        await house.whole_call()
        await house.settled()
    assert len(fake.kept["contacts"]) == 1
    assert fake.kept["leads"][1]["_embedded"] == {"contacts": [{"id": ivan["id"]}]}


async def test_what_only_looks_like_the_number_is_nobodys(enter: Enter, fake: AmocrmFake) -> None:
    """The search is broad: the same digits in a name are no phone."""
    fake.add("contacts", name="order 9161234567", custom_fields_values=with_phone("+7 495 1"))
    async with enter() as house:
        await house.whole_call()
        await house.settled()
    assert len(fake.kept["contacts"]) == 2


async def test_a_company_is_a_client_too(enter: Enter, fake: AmocrmFake) -> None:
    """When no contact has the number."""
    firm = fake.add("companies", name="Horns", custom_fields_values=with_phone(TYPED))
    async with enter() as house:
        await house.whole_call()
        await house.settled()
    assert fake.kept["contacts"] == []
    assert fake.kept["leads"][0]["_embedded"] == {"companies": [{"id": firm["id"]}]}


async def test_a_search_that_lags_doubles_nobody(enter: Enter, fake: AmocrmFake) -> None:
    """What we made a moment ago is read by its id when the search does not know it yet."""
    fake.lag_s = 1e9
    async with enter() as house:
        for n in range(3):
            await house.whole_call(f"c{n}")
        await house.settled()
    assert (len(fake.kept["contacts"]), len(fake.kept["leads"])) == (1, 1)
    assert len(fake.kept["notes"]) == 3


async def test_a_new_caller_gets_his_lead_though_it_failed_after_the_contact(
    enter: Enter, fake: AmocrmFake
) -> None:
    """The contact that the call itself made does not make him an old client."""
    fake.always = lambda hit: (
        Fault(status=423, body="{}")
        if (hit.verb, hit.path) == ("POST", "/api/v4/leads") and len(fake.asked(hit.path)) < 3
        else None
    )
    async with enter(lead={"make": "new_callers"}) as house:
        await house.tell(ended(answered(a_call(started_at=house.clock.now()))), "ended")
        await house.settled()
    (lead,), (contact,) = fake.kept["leads"], fake.kept["contacts"]
    assert lead["_embedded"]["contacts"] == [{"id": contact["id"]}]
    assert fake.kept["notes"][0]["at"] == ["leads", str(lead["id"])]


async def test_what_somebody_made_while_it_rang_is_seen_before_a_lead_is_made(
    enter: Enter, fake: AmocrmFake
) -> None:
    """What was found as the call came decides about no lead."""
    async with enter() as house:
        call = a_call(started_at=house.clock.now())
        await house.tell(call, "started")
        await house.settled()
        lead = lead_of(fake, known(fake))
        await house.tell(ended(answered(call)), "ended")
        await house.settled()
    assert fake.kept["leads"] == [lead]


async def test_missed_call_makes_a_task_for_the_responsible(enter: Enter, fake: AmocrmFake) -> None:
    """At the client's lead, due after the settings' minutes; the note says: not reached."""
    lead = lead_of(fake, known(fake, responsible_user_id=12))
    async with enter() as house:
        call = ended(a_call(started_at=house.clock.now()))
        await house.tell(call, "ended")
        await house.settled()
    (task,), (note,) = fake.kept["tasks"], fake.kept["notes"]
    assert task["text"] == f"Call back {CLIENT}"
    assert (task["entity_type"], task["entity_id"]) == ("leads", lead["id"])
    assert task["responsible_user_id"] == 12
    assert task["complete_till"] == int(call.ended_at + 30 * 60)
    assert note["params"]["call_status"] == 6


async def test_missed_call_of_an_unknown_makes_a_free_task(enter: Enter, fake: AmocrmFake) -> None:
    """There is nobody to whom it could belong but the fallback user."""
    async with enter(fallback_user="12") as house:
        await house.tell(ended(a_call(started_at=house.clock.now())), "ended")
        await house.settled()
    (task,) = fake.kept["tasks"]
    assert "entity_id" not in task
    assert task["responsible_user_id"] == 12
    assert fake.kept["contacts"] == fake.kept["notes"] == []


async def test_marks_and_fields_are_written_that_the_account_has(
    enter: Enter, fake: AmocrmFake
) -> None:
    """Others are left out, so the lead is made all the same."""
    fields = {"price": "{{ talk_s }}", "990": "{{ did }}", "NO_SUCH": "x"}
    async with enter(lead={"fields": fields}, call_field_id=990) as house:
        call = answered(a_call(started_at=house.clock.now()))
        call.source = Source(
            source="yandex", medium="cpc", click_ids={"yclid": "77", "gclid": "88"}
        )
        await house.tell(call, "answered")
        await house.settled()
    custom = fake.kept["leads"][0]["custom_fields_values"]
    found = {f.get("field_code") or f["field_id"]: f["values"][0]["value"] for f in custom}
    assert found == {"UTM_SOURCE": "yandex", "UTM_MEDIUM": "cpc", "YCLID": "77", 990: "c1"}
    assert fake.kept["leads"][0]["price"] == 0


async def test_several_clients_and_nobody_can_say(enter: Enter, fake: AmocrmFake) -> None:
    """A task instead of a guess; the CRM finds a place for the call, and keeps it once."""
    for _ in range(2):
        known(fake, created_at=1000, updated_at=2000)
    async with enter() as house:
        call = answered(a_call(started_at=house.clock.now()))
        await house.tell(call, "answered")
        await house.tell(ended(call), "ended")
        await house.settled()
        await tag(house, call, add="vip")
    assert len(fake.kept["tasks"]) == 1
    assert fake.kept["leads"] == []
    (note,) = fake.kept["notes"]
    assert note["params"]["direction"] == "inbound"
    assert [t["name"] for t in fake.kept["contacts"][0]["_embedded"]["tags"]] == ["vip"]


async def test_others_tags_stay_and_ours_go_when_they_are_taken_back(
    enter: Enter, fake: AmocrmFake
) -> None:
    """The API replaces the whole set, so it is read before it is written."""
    lead = lead_of(fake, known(fake))
    lead["_embedded"]["tags"] = [fake.keep("tags", name="by hand")]
    async with enter() as house:
        call = ended(answered(a_call(started_at=house.clock.now())))
        await house.tell(call, "ended")
        await tag(house, call, add="vip refund")
        assert {t["name"] for t in lead["_embedded"]["tags"]} == {"by hand", "vip", "refund"}
        await tag(house, call, drop="refund")
    assert {t["name"] for t in lead["_embedded"]["tags"]} == {"by hand", "vip"}


class Links:
    """Another signature each time, as it is."""

    count = 0

    def link(self, call_id: str, path: str) -> str:
        self.count += 1
        return f"https://calls.example/{call_id}/{path}?sig={self.count}"


async def test_a_late_recording_changes_the_note_once(fake: AmocrmFake, tmp_path: Any) -> None:
    """The same note gets the link; a new signature alone changes nothing."""
    target = target_for(settings(fake))
    made = Links()

    def build(one: Any, tools: Any) -> Any:
        return connector.build(one, replace(tools, recordings=made))

    async with a_house(tmp_path, target, build, speed=20.0) as house:
        call = ended(answered(a_call(started_at=house.clock.now())))
        await house.tell(deepcopy(call), "ended")
        await house.settled()
        assert "link" not in fake.kept["notes"][0]["params"]
        call.recordings = [
            Recording("a.wav", "caller", call.started_at, 9.0),
            Recording("both.mp3", "both", call.started_at, 5.0),
        ]
        for _ in range(2):
            await house.tell(call, "updated")
            await house.settled()
    assert len([hit for hit in fake.hits if hit.verb == "PATCH"]) == 1
    assert fake.kept["notes"][0]["params"]["link"].startswith("https://calls.example/c1/both.mp3")


async def test_an_entity_that_is_gone_is_looked_for_anew(enter: Enter, fake: AmocrmFake) -> None:
    """The lead was deleted between its finding and the note."""
    ivan = known(fake)
    lead = lead_of(fake, ivan)
    async with enter(lead={"make": "never"}) as house:
        call = answered(a_call(started_at=house.clock.now()))
        await house.tell(call, "answered")
        await house.settled()
        fake.kept["leads"].remove(lead)
        await house.tell(ended(call), "ended")
        await house.settled()
    assert fake.kept["notes"][0]["at"] == ["contacts", str(ivan["id"])]


async def test_links_lead_from_deal_and_contact_to_the_call(enter: Enter, fake: AmocrmFake) -> None:
    """By these a deal that comes back finds its call."""
    async with enter() as house:
        await house.whole_call()
        await house.settled()
        async with house.store.read() as conn:
            kinds = {link.kind for link in await links.of_call(conn, "c1")}
    assert kinds == {"contact", "deal", "note"}


async def test_outbound_call_is_written_and_makes_no_lead(enter: Enter, fake: AmocrmFake) -> None:
    """By the settings' default only inbound ones make leads."""
    ivan = known(fake)
    async with enter() as house:
        call = ended(answered(a_call(direction="outbound", started_at=house.clock.now())))
        await house.tell(call, "ended")
        await house.settled()
    assert fake.kept["leads"] == []
    (note,) = fake.kept["notes"]
    assert (note["note_type"], note["at"]) == ("call_out", ["contacts", str(ivan["id"])])


async def test_what_was_said_comes_once_as_notes(enter: Enter, fake: AmocrmFake) -> None:
    """At the call's place, later than the call; a lost answer doubles none of its parts."""
    lost = [Fault(accept=True, hang=True)]

    def lose(hit: Hit) -> Fault | None:
        return lost.pop() if lost and b"common" in hit.body else None

    async with enter() as house:
        fake.use_clock(house.clock.now)
        call = ended(answered(a_call(started_at=house.clock.now())))
        await house.tell(call, "ended")
        await house.settled()
        heard = stored("long " * 1000, "talk " * 2000)
        await house.store.writer.submit(lambda conn: transcripts.save(conn, heard, []))
        fake.always = lose
        for _ in range(2):
            await house.tell(call, "updated")
            await house.settled()
    first, *said = fake.kept["notes"]
    assert len(said) == 2
    assert all(note["note_type"] == "common" and note["at"] == first["at"] for note in said)


async def test_transcripts_stay_here_when_the_settings_say_so(
    enter: Enter, fake: AmocrmFake
) -> None:
    """No note but the call's."""
    async with enter(transcripts=False) as house:
        call = ended(answered(a_call(started_at=house.clock.now())))
        await house.tell(call, "ended")
        await house.settled()
        await house.store.writer.submit(lambda conn: transcripts.save(conn, stored("yes"), []))
        await house.tell(call, "updated")
        await house.settled()
    assert len(fake.kept["notes"]) == 1
