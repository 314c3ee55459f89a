"""A call on its way through a portal."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from calltrackd.crm.bitrix24.connector import Bitrix24, build
from calltrackd.crm.bitrix24.leading import with_made
from calltrackd.crm.leads.match import Match
from calltrackd.crm.rows import rows_for
from calltrackd.crm.target import CrmTarget
from calltrackd.crm.tools import Tools
from calltrackd.model.call import CallRecord, Change, Leg, Recording, Source, Tag, seconds
from calltrackd.model.outbox import OutboxRow
from calltrackd.model.transcript import Transcript, Turn
from calltrackd.settings.crm.bitrix24 import Bitrix24Target
from calltrackd.store import calls, outbox, tags, transcripts
from calltrackd.store.transcripts import Stored
from tests.crm.bitrix24.stage import app, webhook
from tests.crm.house import CLIENT, House, a_call, a_house, answered, ended, sent_on, target_for
from tests.crm.house import ringing as rings
from tests.fakes.bitrix24 import Bitrix24Fake
from tests.fakes.crm_base import Fault, Hit

SPEED = 50.0
CALL = "telephony.externalCall."
CONTACT = {
    "fm": [{"typeId": "PHONE", "value": CLIENT}],
    "name": "Ivan",
    "assignedById": 8,
    "createdTime": "2026-01-01T00:00:00+00:00",
}


@pytest.fixture
async def fake() -> AsyncIterator[Bitrix24Fake]:
    """A portal."""
    async with Bitrix24Fake() as portal:
        yield portal


class Files:
    """Recordings of this machine: path -> bytes."""

    def __init__(self, **there: bytes) -> None:
        self.there = {name.replace("_", "."): content for name, content in there.items()}

    async def read(self, path: str, most_bytes: int) -> bytes | None:
        content = self.there.get(path)
        return None if content is None or len(content) > most_bytes else content


class Links:
    """Links to recordings."""

    def link(self, call_id: str, path: str) -> str:
        return f"https://pbx.example/{call_id}/{path}"


@asynccontextmanager
async def telling(
    fake: Bitrix24Fake, settings: Bitrix24Target, folder: Path, **lent: Any
) -> AsyncIterator[House]:
    """A house that tells the portal; `lent`: further tools."""

    def make(target: CrmTarget, tools: Tools) -> Bitrix24:
        return build(target, replace(tools, **lent))

    async with a_house(folder, target_for(settings), make, speed=SPEED) as house:
        fake.use_clock(house.clock.now)
        yield house


def ringing(house: House, *extensions: str, **fields: Any) -> CallRecord:
    """A call at whose phones it rings."""
    began = house.clock.now() - 120
    legs = [Leg(operator=one, rang_at=began) for one in extensions]
    return a_call(legs=legs, started_at=began, **fields)


async def tell(house: House, call: CallRecord, step: Any) -> None:
    """One step, until the portal has it."""
    await house.tell(call, step)
    await house.settled()


async def test_order_of_a_whole_call(fake: Bitrix24Fake, tmp_path: Path) -> None:
    """Card, lead, end: nothing twice, and each when it is due."""
    async with telling(fake, app(fake), tmp_path) as house:
        call = ringing(house, "101", "102")
        await tell(house, call, "started")
        await tell(house, answered(call), "answered")
        await tell(house, ended(call), "ended")
    assert fake.named == [
        "crm.duplicate.findbycomm", "telephony.externalLine.add", CALL + "register", CALL + "show",
        CALL + "hide", "crm.duplicate.findbycomm", "crm.item.add",
        CALL + "finish",
    ]  # fmt: skip
    (row,) = fake.kept["statistic"]
    assert (row["PORTAL_USER_ID"], row["CALL_FAILED_CODE"]) == ("7", "200")
    assert (row["CALL_DURATION"], row["EXTERNAL_CALL_ID"]) == ("60", "c1")


async def test_card_is_at_all_who_ring_and_then_at_who_answers(
    fake: Bitrix24Fake, tmp_path: Path
) -> None:
    """Shown to both, to a third one who rings later, and taken from those who did not answer."""
    async with telling(
        fake, app(fake, users={"101": "7", "102": "8", "103": "9"}), tmp_path
    ) as house:
        call = ringing(house, "101", "102")
        await tell(house, call, "started")
        (card,) = fake.kept["calls"]
        assert card["shown"] == {7, 8}
        call.legs.append(Leg(operator="103", rang_at=call.started_at))
        await tell(house, call, "updated")
        assert card["shown"] == {7, 8, 9}
        await tell(house, answered(call, by="102"), "answered")
        assert card["shown"] == {8}


async def test_the_card_goes_from_agent_to_agent(fake: Bitrix24Fake, tmp_path: Path) -> None:
    """A queue tries one after the other, and the first one again; between two nobody has it."""
    async with telling(fake, app(fake), tmp_path) as house:
        call = a_call(started_at=house.clock.now() - 60)
        await tell(house, call, "started")
        (card,) = fake.kept["calls"]
        for phones, users in ((["101"], {7}), (["102"], {8}), ([], set()), (["101"], {7})):
            await tell(house, rings(call, *phones), "ringing")
            assert card["shown"] == users
    assert fake.named.count(CALL + "show") == 3


async def test_a_transfer_shows_it_to_the_next_operator(fake: Bitrix24Fake, tmp_path: Path) -> None:
    """While his phone rings, although the call was answered; who talked before keeps it."""
    async with telling(fake, app(fake), tmp_path) as house:
        call = rings(a_call(started_at=house.clock.now() - 60), "101")
        await tell(house, call, "ringing")
        (card,) = fake.kept["calls"]
        await tell(house, sent_on(call, "102"), "ringing")
        assert card["shown"] == {7, 8}
        await tell(house, rings(call), "ringing")
        assert card["shown"] == {7}


async def test_who_does_not_ring_any_more_gets_no_card(fake: Bitrix24Fake, tmp_path: Path) -> None:
    """The portal was away while the queue went on to the next agent."""
    fake.fail(Fault(status=500, body="{}"))
    async with telling(fake, app(fake), tmp_path) as house:
        call = rings(a_call(started_at=house.clock.now() - 60), "101")
        await house.tell(call, "ringing")
        await fake.until(lambda: len(fake.hits) == 1)
        await tell(house, rings(call, "102"), "ringing")
    shows = [hit.json["USER_ID"] for hit in fake.hits if CALL + "show" in hit.path]
    assert shows == [[8]]


async def test_no_card_when_the_ringing_is_over(fake: Bitrix24Fake, tmp_path: Path) -> None:
    """The call is registered all the same, for its end needs that."""
    fake.fail(Fault(status=500, body="{}"))
    async with telling(fake, app(fake), tmp_path) as house:
        call = ringing(house, "101")
        await house.tell(call, "started")
        await fake.until(lambda: len(fake.hits) == 1)
        await tell(house, answered(call), "answered")
    assert CALL + "show" not in fake.named
    assert len(fake.kept["calls"]) == 1


@pytest.mark.parametrize("n", range(1, 9))
async def test_a_token_may_end_at_any_request(fake: Bitrix24Fake, tmp_path: Path, n: int) -> None:
    """It is refreshed and that request is sent again; the others are not."""

    def end(hit: Hit) -> None:
        if hit.path.startswith("/rest") and len(fake.asked("/rest")) == n:
            fake.expire()

    fake.always = end
    async with telling(fake, app(fake), tmp_path) as house:
        call = ringing(house, "101", "102")
        await tell(house, call, "started")
        await tell(house, answered(call), "answered")
        await tell(house, ended(call), "ended")
    kinds = ("lead", "calls", "statistic", "activity", "lines")
    assert {kind: len(fake.kept[kind]) for kind in kinds} == dict.fromkeys(kinds, 1)
    assert len(fake.asked("/oauth")) == 2
    assert len(fake.asked("/rest")) == len(fake.named) + 1


async def test_users_are_found_by_their_inner_phone(fake: Bitrix24Fake, tmp_path: Path) -> None:
    """Who is not in the settings has his extension in the portal; the list has pages."""
    fake.users = [{"ID": str(n), "NAME": "U", "ACTIVE": True} for n in range(1, 60)]
    fake.users[56]["UF_PHONE_INNER"] = "105"
    async with telling(fake, app(fake, users={}), tmp_path) as house:
        await tell(house, ringing(house, "105"), "started")
    assert fake.kept["calls"][0]["shown"] == {57}
    assert fake.named.count("user.get") == 2


async def test_a_known_client_gets_no_lead_and_his_manager_is_told(
    fake: Bitrix24Fake, tmp_path: Path
) -> None:
    """The call is the contact's, who has an open deal."""
    contact = fake.keep("contact", **CONTACT)
    deal = {"contactId": contact["id"], "stageSemanticId": "P", "assignedById": 8}
    fake.keep("deal", **deal, createdTime="2026-02-01T00:00:00+00:00")
    async with telling(fake, app(fake), tmp_path) as house:
        await house.whole_call()
        await house.settled()
        assert house.met[0][:2] == ("crm", CLIENT)
        assert (house.met[0][2].id, house.met[0][2].extension) == ("8", "102")
    assert fake.kept["lead"] == []
    assert fake.kept["calls"][0]["CRM_ENTITY_ID"] == contact["id"]


async def test_a_clients_new_lead_has_the_call_too(fake: Bitrix24Fake, tmp_path: Path) -> None:
    """The portal puts the activity at the contact; it is bound to the lead as well."""
    contact = fake.keep("contact", **CONTACT)
    async with telling(fake, app(fake), tmp_path) as house:
        await house.whole_call()
        await house.settled()
    (lead,), (binding,) = fake.kept["lead"], fake.kept["bindings"]
    assert lead["contactIds"] == [contact["id"]]
    assert (binding["entityTypeId"], binding["entityId"]) == (1, lead["id"])


async def test_a_call_that_the_portal_put_nowhere_is_entered(
    fake: Bitrix24Fake, tmp_path: Path
) -> None:
    """It found nobody as the call came; the lead has the entry, by our hand."""
    fake.binds_at_finish = False
    async with telling(fake, app(fake), tmp_path) as house:
        await house.whole_call()
        await house.settled()
    (entry,), (lead,) = fake.kept["activity"], fake.kept["lead"]
    assert (entry["OWNER_TYPE_ID"], entry["OWNER_ID"]) == (1, lead["id"])
    assert (entry["ORIGIN_ID"], entry["COMPLETED"]) == ("c1", "Y")


@pytest.mark.parametrize("empty", [True, False])
async def test_a_registration_that_is_forgotten_is_made_anew(
    fake: Bitrix24Fake, tmp_path: Path, empty: bool
) -> None:
    """The end of a call that the portal does not know: registered again without a card."""
    fake.empty_error = empty
    async with telling(fake, app(fake), tmp_path) as house:
        call = ringing(house, "101")
        await tell(house, answered(call), "answered")
        fake.forget()
        await tell(house, ended(call), "ended")
    assert len(fake.kept["calls"]) == 2
    assert [row["EXTERNAL_CALL_ID"] for row in fake.kept["statistic"]] == ["c1"]


async def test_who_is_told_by_source_and_rules(fake: Bitrix24Fake, tmp_path: Path) -> None:
    """UTM, source, owner, and fields of the settings."""
    rules = {"title": "From {{ source.source }}", "fields": {"comments": "{{ talk_s }}"}}
    async with telling(fake, app(fake, lead=rules), tmp_path) as house:
        source = Source(source="ya", medium="cpc", campaign="may")
        call = ringing(house, "101", source=source, caller_name="Ivan")
        await tell(house, ended(answered(call)), "ended")
    (lead,) = fake.kept["lead"]
    told = {"title", "comments", "utmSource", "utmMedium", "utmCampaign", "assignedById", "name"}
    assert {name: lead[name] for name in told} == {
        "title": "From ya", "comments": 60.0, "utmSource": "ya", "utmMedium": "cpc",
        "utmCampaign": "may", "assignedById": 7, "name": "Ivan",
    }  # fmt: skip
    assert (lead["sourceId"], lead["originatorId"], lead["originId"]) == (
        "CALL",
        "calltrackd",
        "c1",
    )


async def test_a_deal_is_made_with_its_contact(fake: Bitrix24Fake, tmp_path: Path) -> None:
    """Portals without leads; the next call finds both."""
    async with telling(fake, app(fake, lead_as="deal", category=4), tmp_path) as house:
        await house.whole_call("c1")
        await house.settled()
        await house.whole_call("c2")
        await house.settled()
    (deal,), (contact,) = fake.kept["deal"], fake.kept["contact"]
    assert (deal["contactIds"], deal["categoryId"]) == ([contact["id"]], 4)


async def test_a_new_caller_gets_his_deal_though_it_failed_after_the_contact(
    fake: Bitrix24Fake, tmp_path: Path
) -> None:
    """The contact that the call itself made does not make him an old client."""
    refused: list[Hit] = []

    def refuse(hit: Hit) -> Fault | None:
        if b'"entityTypeId":2' not in hit.body or "crm.item.add" not in hit.path:
            return None
        refused.append(hit)
        return Fault(status=423, body="{}") if len(refused) < 3 else None

    fake.always = refuse
    rules = {"make": "new_callers"}
    async with telling(fake, webhook(fake, lead_as="deal", lead=rules), tmp_path) as house:
        await tell(house, ended(answered(ringing(house, "101"))), "ended")
    (deal,), (contact,) = fake.kept["deal"], fake.kept["contact"]
    assert deal["contactIds"] == [contact["id"]]
    assert len(refused) == 3


async def test_a_lead_whose_answer_was_lost_is_known_to_the_clients_next_calls(
    fake: Bitrix24Fake, tmp_path: Path
) -> None:
    """The portal's search may not show it yet."""
    lost = [Fault(accept=True, reset=True)]
    fake.always = lambda hit: lost.pop() if lost and "crm.item.add" in hit.path else None
    async with telling(fake, webhook(fake), tmp_path) as house:
        await tell(house, ended(answered(ringing(house, "101"))), "ended")
        (lead,) = fake.kept["lead"]
        memo = json.loads(await house.memo("phone", CLIENT) or "{}")
    assert not lost
    assert (memo["known"]["made"]["kind"], memo["known"]["made"]["id"]) == ("lead", str(lead["id"]))


async def test_a_contact_is_made_of_unknown_callers(fake: Bitrix24Fake, tmp_path: Path) -> None:
    """And of nobody twice."""
    async with telling(fake, app(fake, lead_as="contact"), tmp_path) as house:
        await house.whole_call("c1")
        await house.settled()
        await house.whole_call("c2")
        await house.settled()
    assert len(fake.kept["contact"]) == 1
    assert fake.kept["contact"][0]["fm"][0]["value"] == CLIENT


async def tag(
    house: House, call: CallRecord, step: Any, now: Sequence[str], gone: Sequence[str] = ()
) -> None:
    """A step that sets and takes tags, until the portal has it."""

    async def work(conn: Any) -> list[OutboxRow]:
        at = house.clock.now()
        new = [Tag(name=name, source="keypad", at=at) for name in now]
        await tags.take_back(conn, call.id, "keypad", gone)
        await tags.add(conn, [(call.id, one) for one in new])
        (saved,) = await calls.save(conn, [Change(call, step, at, tags=new)])
        rows = rows_for(saved, step, [house.target], at)
        await outbox.add(conn, rows)
        return rows

    house.dispatcher.offer(await house.store.writer.submit(work))
    await house.settled()


async def test_tags_stand_beside_those_of_people(fake: Bitrix24Fake, tmp_path: Path) -> None:
    """Ours come and go, theirs stay."""
    async with telling(fake, app(fake, tags_field="ufCrmTags"), tmp_path) as house:
        call = ringing(house, "101")
        await tag(house, answered(call), "answered", ["hot"])
        (lead,) = fake.kept["lead"]
        assert lead["ufCrmTags"] == ["hot"]
        lead["ufCrmTags"] = ["theirs", "hot"]
        await tag(house, call, "updated", ["cold"], gone=["hot"])
    assert lead["ufCrmTags"] == ["theirs", "cold"]


def missed(house: House) -> CallRecord:
    """A call that nobody answered."""
    call = ringing(house, "101")
    call.ended_at, call.outcome, call.lost = call.started_at + 30, "no_answer", True
    return call


@pytest.mark.parametrize("make", [app, webhook])
async def test_a_missed_call_is_a_task_once(
    fake: Bitrix24Fake, tmp_path: Path, make: Callable[..., Bitrix24Target]
) -> None:
    """For who did not answer; found again by its words when the answer was lost."""
    lost = [Fault(accept=True, hang=True)]

    def lose(hit: Hit) -> Fault | None:
        return lost.pop() if lost and "tasks.task.add" in hit.path else None

    fake.always = lose
    async with telling(fake, make(fake), tmp_path) as house:
        call = missed(house)
        await tell(house, call, "ended")
        due = call.ended_at + 1800 if call.ended_at else 0
    (task,) = fake.kept["task"]
    assert (task["TITLE"], task["RESPONSIBLE_ID"]) == (f"Call back {CLIENT}", 7)
    assert int(due) == int(seconds(task["DEADLINE"]))


async def test_recording_is_uploaded_and_what_was_said_follows(
    fake: Bitrix24Fake, tmp_path: Path
) -> None:
    """After the end, also when the portal needs a while to know of it; each once."""
    fake.statistics_away = 1
    async with telling(fake, app(fake), tmp_path, files=Files(a_mp3=b"sound")) as house:
        call = ended(answered(ringing(house, "101")))
        call.recordings = [Recording("a.mp3", "both", call.started_at, 60.0)]
        await house.tell(call, "ended")
        said = Transcript("e", "m", "ru", 60.0, [Turn("operator", 0.5, 1.5, "Hello")])
        stored = Stored(
            call_id="c1", path="a.mp3", heard_from=call.started_at, made_at=0.0, transcript=said
        )
        await house.store.writer.submit(lambda conn: transcripts.save(conn, stored, []))
        await house.settled()
        await tell(house, call, "updated")
    (record,), (transcript,) = fake.kept["records"], fake.kept["transcripts"]
    assert b'filename="c1.mp3"' in record["body"]
    assert b"sound" in record["body"]
    assert transcript["MESSAGES"][0]["MESSAGE"] == "Hello"


async def test_transcript_whose_answer_was_lost_is_not_attached_again(
    fake: Bitrix24Fake, tmp_path: Path
) -> None:
    """The statistics show it."""
    lost = [Fault(accept=True, reset=True)]
    fake.always = lambda hit: lost.pop() if lost and "Transcription" in hit.path else None
    async with telling(fake, app(fake), tmp_path) as house:
        call = ended(answered(ringing(house, "101")))
        await house.tell(call, "ended")
        said = Transcript("e", "m", "ru", 60.0, [Turn("caller", 0.5, 1.5, "Hello")])
        stored = Stored(call_id="c1", path="a", heard_from=0.0, made_at=0.0, transcript=said)
        await house.store.writer.submit(lambda conn: transcripts.save(conn, stored, []))
        await house.settled()
        await tell(house, call, "updated")
    assert len(fake.kept["transcripts"]) == 1


@pytest.mark.parametrize("files", [None, Files()])
async def test_where_files_are_elsewhere_the_portal_gets_a_link(
    fake: Bitrix24Fake, tmp_path: Path, files: Files | None
) -> None:
    """It fetches the recording from our own port."""
    async with telling(fake, app(fake), tmp_path, files=files, recordings=Links()) as house:
        call = ended(answered(ringing(house, "101")))
        call.recordings = [Recording("a.mp3", "both", call.started_at, 60.0)]
        await tell(house, call, "ended")
    assert fake.kept["records"][0]["RECORD_URL"] == "https://pbx.example/c1/a.mp3"


async def test_a_webhook_enters_the_call_with_its_link(fake: Bitrix24Fake, tmp_path: Path) -> None:
    """No card and no statistics; the entry is reworded when more is known."""
    async with telling(fake, webhook(fake), tmp_path, recordings=Links()) as house:
        call = ended(answered(ringing(house, "101")))
        await tell(house, call, "ended")
        call.recordings = [Recording("a.mp3", "both", call.started_at, 60.0)]
        await tell(house, call, "updated")
    (entry,) = fake.kept["activity"]
    assert "https://pbx.example/c1/a.mp3" in entry["DESCRIPTION"]
    assert entry["RESPONSIBLE_ID"] == 7
    assert not [name for name in fake.named if name.startswith("telephony")]


def test_what_was_made_a_moment_ago_is_known_before_the_search_shows_it() -> None:
    """For ten minutes; after them the search is right."""
    made = {"kind": "contact", "id": "7", "open": "11", "at": 1000.0}
    (known,) = with_made([], made, now=1500.0)
    assert (known.kind, known.id, known.open_deal) == ("contact", "7", "11")
    (seen,) = with_made([Match(kind="contact", id="7", name="Ivan")], made, now=1500.0)
    assert (seen.name, seen.open_deal) == ("Ivan", "11")
    assert with_made([], made, now=1601.0) == []
