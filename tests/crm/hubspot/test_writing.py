"""What a call becomes in HubSpot."""

from typing import Any

import pytest

from calltrackd.model.call import CallRecord, Recording, Source, Tag
from calltrackd.model.transcript import Transcript, Turn
from calltrackd.store import tags, transcripts
from calltrackd.store.transcripts import Stored
from tests.crm.conftest import until
from tests.crm.house import CLIENT, DID, House, a_call, answered, ended
from tests.crm.hubspot.conftest import Housing
from tests.fakes.crm_base import Fault
from tests.fakes.hubspot import CONNECTED, HubspotFake


async def told(house: House, record: CallRecord, *steps: str) -> None:
    """The steps one after the other, each written before the next."""
    for step in steps:
        await house.tell(record, step)  # type: ignore[arg-type]
        await house.settled()


def properties(crm: HubspotFake, kind: str) -> dict[str, Any]:
    """Of the only one of its kind."""
    (one,) = crm.kept[kind]
    found: dict[str, Any] = one["properties"]
    return found


def missed(name: str = "c1", **fields: Any) -> CallRecord:
    """A call that nobody answered."""
    return ended(a_call(name, **fields))


async def test_a_new_client_with_his_advertising(crm: HubspotFake, housed: Housing) -> None:
    """Contact, deal and entry bear what the call knows; properties that are not there are left."""
    source = Source(medium="cpc", source="google", campaign="autumn", click_ids={"yclid": "7"})
    call = ended(answered(a_call(source=source, caller_name="Ivan")))
    async with housed() as house:
        await told(house, call, "ended")
    contact, deal, entry = (properties(crm, kind) for kind in ("contacts", "deals", "calls"))
    assert (contact["phone"], contact["firstname"]) == (CLIENT, "Ivan")
    assert contact["calltrackd_phone"] == CLIENT
    assert (contact["utm_source"], deal["utm_campaign"]) == ("google", "autumn")
    assert "yclid" not in deal
    assert (deal["dealname"], deal["dealstage"]) == (f"{CLIENT} → {DID}", "new")
    assert deal["hubspot_owner_id"] == entry["hubspot_owner_id"] == "11"
    assert (entry["hs_call_status"], entry["hs_call_duration"]) == ("COMPLETED", "60000")
    assert (entry["hs_call_from_number"], entry["hs_call_to_number"]) == (CLIENT, DID)
    assert (entry["hs_call_direction"], entry["hs_call_disposition"]) == ("INBOUND", CONNECTED)
    ids = {kind: crm.kept[kind][0]["id"] for kind in ("contacts", "deals", "calls")}
    assert crm.linked("calls", ids["calls"], "contacts") == [ids["contacts"]]
    assert crm.linked("calls", ids["calls"], "deals") == [ids["deals"]]
    assert crm.linked("deals", ids["deals"], "contacts") == [ids["contacts"]]


async def test_an_outbound_call_goes_the_other_way(crm: HubspotFake, housed: Housing) -> None:
    """From our number to the client's; an unknown one makes nothing but its entry."""
    async with housed() as house:
        await told(house, ended(answered(a_call(direction="outbound"))), "ended")
    entry = properties(crm, "calls")
    assert entry["hs_call_direction"] == "OUTBOUND"
    assert (entry["hs_call_from_number"], entry["hs_call_to_number"]) == (DID, CLIENT)
    assert not crm.kept["contacts"]


@pytest.mark.parametrize("typed", ["8 (916) 123-45-67", "+7 916 123-45-67", "9161234567"])
async def test_a_client_is_found_however_his_number_was_typed(
    crm: HubspotFake, housed: Housing, typed: str
) -> None:
    """His open deal gets the call, his owner is told, nothing is made."""
    client = crm.add("contacts", phone=typed, hubspot_owner_id="13", firstname="Olga")
    done, going = crm.add("deals", hs_is_closed="true"), crm.add("deals")
    for deal in (done, going):
        crm.link("contacts", client, "deals", deal)
    async with housed() as house:
        await told(house, ended(answered(a_call())), "started", "ended")
        ((_, phone, person),) = house.met
    assert (phone, person.id, person.name) == (CLIENT, "13", "Vera V")
    assert len(crm.kept["contacts"]) == 1
    assert len(crm.kept["deals"]) == 2
    (entry,) = crm.kept["calls"]
    assert crm.linked("calls", entry["id"], "deals") == [going]
    assert crm.linked("calls", entry["id"], "contacts") == [client]


async def test_a_company_is_a_client_as_well(crm: HubspotFake, housed: Housing) -> None:
    """Where no contact has the number, a company's deal is made."""
    company = crm.add("companies", name="Romashka", phone="+7 916 1234567")
    async with housed() as house:
        await told(house, ended(answered(a_call())), "ended")
    assert not crm.kept["contacts"]
    (deal,) = crm.kept["deals"]
    assert crm.linked("deals", deal["id"], "companies") == [company]


async def test_who_only_looks_alike_is_nobody(crm: HubspotFake, housed: Housing) -> None:
    """The search compares the ends of numbers, so they are compared again."""
    crm.add("contacts", phone="+380 9161234567 12", mobilephone="9161234567 ext. 9161234599")
    async with housed() as house:
        await told(house, ended(answered(a_call())), "ended")
    assert len(crm.kept["contacts"]) == 2


async def test_a_client_made_a_moment_ago_is_known_though_the_search_lags(
    crm: HubspotFake, housed: Housing
) -> None:
    """His second call stands at the same contact and deal."""
    crm.lag_s = 10_000.0
    async with housed() as house:
        await told(house, ended(answered(a_call("c1"))), "ended")
        await told(house, ended(answered(a_call("c2"))), "ended")
    (contact,), (deal,) = crm.kept["contacts"], crm.kept["deals"]
    assert len(crm.linked("contacts", contact["id"], "calls")) == 2
    assert len(crm.linked("deals", deal["id"], "calls")) == 2


async def test_somebody_elses_contact_of_our_making_is_taken(
    crm: HubspotFake, housed: Housing
) -> None:
    """A number that we made a contact for is refused the second time: that contact is read."""
    crm.lag_s = 10_000.0
    there = crm.add("contacts", phone=CLIENT, calltrackd_phone=CLIENT)
    async with housed() as house:
        await told(house, ended(answered(a_call())), "ended")
        assert set((await house.states()).values()) == {"sent"}
    (deal,) = crm.kept["deals"]
    assert crm.linked("deals", deal["id"], "contacts") == [there]


async def test_a_new_caller_gets_his_deal_though_it_failed_after_the_contact(
    crm: HubspotFake, housed: Housing
) -> None:
    """The contact that the call itself made does not make him an old client."""
    crm.always = lambda hit: (
        Fault(status=423, body="{}")
        if hit.path.endswith("/deals") and hit.verb == "POST" and len(crm.asked(hit.path)) < 3
        else None
    )
    async with housed(lead={"make": "new_callers"}) as house:
        await told(house, ended(answered(a_call())), "ended")
    (deal,), (contact,) = crm.kept["deals"], crm.kept["contacts"]
    assert crm.linked("deals", deal["id"], "contacts") == [contact["id"]]


class TestMissed:
    """Tasks for calls that nobody answered."""

    async def test_of_a_known_client(self, crm: HubspotFake, housed: Housing) -> None:
        """His owner gets it, due in half an hour; it stands by him and his deal."""
        client, deal = crm.add("contacts", phone=CLIENT, hubspot_owner_id="13"), crm.add("deals")
        crm.link("contacts", client, "deals", deal)
        call = missed()
        async with housed() as house:
            await told(house, call, "ended")
        (task,) = crm.kept["tasks"]
        given = task["properties"]
        assert given["hs_task_subject"] == f"Call back {CLIENT}"
        assert given["hubspot_owner_id"] == "13"
        assert (given["hs_task_type"], given["hs_task_status"]) == ("CALL", "NOT_STARTED")
        assert crm.linked("tasks", task["id"], "contacts") == [client]
        assert crm.linked("tasks", task["id"], "deals") == [deal]
        assert properties(crm, "calls")["hs_call_status"] == "NO_ANSWER"

    async def test_of_nobody_known(self, crm: HubspotFake, housed: Housing) -> None:
        """The fallback user gets it, and nothing else is made."""
        async with housed(fallback_user="12") as house:
            await told(house, missed(), "ended")
        assert properties(crm, "tasks")["hubspot_owner_id"] == "12"
        assert not crm.kept["contacts"] + crm.kept["deals"]

    async def test_of_one_of_several(self, crm: HubspotFake, housed: Housing) -> None:
        """Nobody guesses: the task stands by all who have the number, the entry by none."""
        pair = [crm.add("contacts", phone=CLIENT, createdate="2026-01-01") for _ in range(2)]
        async with housed() as house:
            await told(house, missed(), "ended")
        (task,), (entry,) = crm.kept["tasks"], crm.kept["calls"]
        assert crm.linked("tasks", task["id"], "contacts") == pair
        assert crm.linked("calls", entry["id"], "contacts") == []

    async def test_with_a_deal(self, crm: HubspotFake, housed: Housing) -> None:
        """Both, and the task stands by the deal."""
        async with housed(lead={"missed": "both"}) as house:
            await told(house, missed(), "ended")
        (task,), (deal,) = crm.kept["tasks"], crm.kept["deals"]
        assert crm.linked("tasks", task["id"], "deals") == [deal["id"]]


class TestLater:
    """What comes after the call's end."""

    async def test_the_recording_and_tags_follow(self, crm: HubspotFake, housed: Housing) -> None:
        """The same entry is written again, the call's own deal is tagged."""
        call = ended(answered(a_call()))
        async with housed() as house:
            await told(house, call, "ended")
            assert "hs_call_recording_url" not in properties(crm, "calls")
            call.recordings = [Recording("a.wav", "both", call.started_at, 60.0)]
            new = [(call.id, Tag(name=name, source="keypad", at=1.0)) for name in ("sold", "<hot>")]
            await house.store.writer.submit(lambda conn: tags.add(conn, new))
            await told(house, call, "updated")
            link = properties(crm, "calls")["hs_call_recording_url"]
            assert link == "https://calls.example/c1/a.wav?sig=1"
            assert properties(crm, "calls")["calltrackd_tags"] == "<hot>; sold"
            assert "&lt;hot&gt;" in properties(crm, "calls")["hs_call_body"]
            assert properties(crm, "deals")["calltrackd_tags"] == "<hot>; sold"

    async def test_nothing_new_is_not_written_again(
        self, crm: HubspotFake, housed: Housing
    ) -> None:
        """A link that is signed anew is no news."""
        call = ended(answered(a_call()))
        call.recordings = [Recording("a.wav", "both", call.started_at, 60.0)]
        async with housed() as house:
            await told(house, call, "ended")
            before = len(crm.hits)
            await told(house, call, "updated")
        assert len(crm.hits) == before

    async def test_recordings_and_transcripts_can_be_kept_here(
        self, crm: HubspotFake, housed: Housing
    ) -> None:
        """Neither link nor words leave the house."""
        call = ended(answered(a_call()))
        call.recordings = [Recording("a.wav", "both", call.started_at, 60.0)]
        async with housed(recordings=False, transcripts=False) as house:
            await told(house, call, "ended")
            await house.store.writer.submit(lambda conn: transcripts.save(conn, said("да"), []))
            await told(house, call, "updated")
        assert "hs_call_recording_url" not in properties(crm, "calls")
        assert "да" not in properties(crm, "calls")["hs_call_body"]

    async def test_what_was_said_stands_in_the_entry(
        self, crm: HubspotFake, housed: Housing
    ) -> None:
        """By side and time; a talk longer than HubSpot takes is cut, and says so."""
        call = ended(answered(a_call()))
        async with housed() as house:
            await told(house, call, "ended")
            await house.store.writer.submit(
                lambda conn: transcripts.save(conn, said("добрый день", *["я" * 500] * 200), [])
            )
            await told(house, call, "updated")
        text = properties(crm, "calls")["hs_call_body"]
        assert "00:00 <b>Client</b>: добрый день" in text
        assert len(text) <= 60_010
        assert text.endswith("…")


def said(*texts: str) -> Stored:
    """A transcript of the call c1."""
    turns = [Turn("caller", 6.0 * n, 6.0 * n + 5, text) for n, text in enumerate(texts)]
    heard = Transcript("vosk", "small", "ru", 60.0, turns)
    return Stored(call_id="c1", path="a.wav", heard_from=0.0, made_at=0.0, transcript=heard)


async def test_fields_of_the_settings_reach_the_deal(crm: HubspotFake, housed: Housing) -> None:
    """By template; one that deals don't have is left out, since HubSpot would refuse the whole."""
    fields = {"amount": "{{ 100 }}", "nonsense": "x"}
    async with housed(lead={"fields": fields}, stage="qualified") as house:
        await told(house, ended(answered(a_call())), "ended")
    deal = properties(crm, "deals")
    assert (deal["amount"], deal["dealstage"]) == ("100", "qualified")


async def test_a_client_who_was_deleted_meanwhile_keeps_nothing_up(
    crm: HubspotFake, housed: Housing
) -> None:
    """The entry is written, and stands by whoever is left."""
    client, deal = crm.add("contacts", phone=CLIENT), crm.add("deals")
    crm.link("contacts", client, "deals", deal)
    async with housed() as house:
        await told(house, a_call(), "started")
        crm.kept["contacts"].clear()
        await told(house, ended(answered(a_call())), "ended")
        assert set((await house.states()).values()) == {"sent"}
    (entry,) = crm.kept["calls"]
    assert crm.linked("calls", entry["id"], "deals") == [deal]


@pytest.mark.parametrize("kind", ["contacts", "deals", "calls"])
async def test_without_its_unique_property_the_target_rests(
    crm: HubspotFake, housed: Housing, kind: str
) -> None:
    """The admin is told which one is missing; once he made it, all is written."""
    (name,) = crm.unique.pop(kind)
    async with housed() as house:
        await house.tell(ended(answered(a_call())), "ended")
        await until(lambda: house.dispatcher.status()[0].needs_admin, 10.0)
        trouble = house.dispatcher.status()[0].trouble
        assert f"{kind} have no property {name} with unique values" in str(trouble)
        crm.unique[kind] = {name}
        assert set((await house.settled()).values()) == {"sent"}
    assert [len(crm.kept[one]) for one in ("contacts", "deals", "calls")] == [1, 1, 1]


async def test_dated_versions_of_the_api_do_as_well(crm: HubspotFake, housed: Housing) -> None:
    """Paths bear the date, all else is the same."""
    async with housed(api="2026-03") as house:
        await told(house, ended(answered(a_call())), "ended")
    assert [len(crm.kept[one]) for one in ("contacts", "deals", "calls")] == [1, 1, 1]
    assert all("2026-03" in hit.path for hit in crm.hits)
