"""From a phone at a real Asterisk 22 to a lead in a real Odoo 19, and the deal's way back."""

import asyncio
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from calltrackd.crm.books import Books
from calltrackd.crm.clock import WallClock
from calltrackd.crm.odoo import connector
from calltrackd.crm.odoo.api import Api
from calltrackd.crm.odoo.maker import Maker
from calltrackd.crm.odoo.names import Names
from calltrackd.crm.tools import Tools
from calltrackd.crm.trouble import NotYet
from calltrackd.crm.users import Users
from calltrackd.model.call import Leg
from calltrackd.settings.crm import OdooTarget
from calltrackd.store.engine import Store
from tests.crm.house import House, a_call, a_house, target_for
from tests.lab.asterisk import Asterisk
from tests.lab.odoo import DATABASE, Odoo, missing
from tests.lab.packages import Unavailable
from tests.lab.running import running
from tests.lab.sip.sound import SILENCE
from tests.lab.stage import pause
from tests.live.selling import ANY, HOOK_SECRET, Selling, selling
from tests.live.speaking import turn
from tests.postgresql import Server
from tests.speech import given

pytestmark = [pytest.mark.live22, pytest.mark.postgresql]

ANGRY = turn("en_coffee_A", "too expensive")
SPEECH = """
[speech]
enabled = true
language = "en"
share = 1.0
[[speech.vosk]]
language = "en"
model = "{model}"

[[phrase]]
name = "refund"
match = "want ..1 refund"
side = "client"

[[phrase]]
name = "expensive"
match = "too expensive"
side = "client"
"""


@pytest.fixture(scope="module")
def odoo(postgresql: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Odoo]:
    """One Odoo for the tests of this file."""
    server = Odoo(tmp_path_factory.mktemp("odoo-"), postgresql)
    try:
        server.start()
    except Unavailable as reason:
        missing(reason)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def pbx22(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    """One Asterisk for the tests of this file."""
    with running(22, tmp_path_factory.mktemp("sold-")) as asterisk:
        yield asterisk


def settings(odoo: Odoo, key: str = "key", **more: Any) -> OdooTarget:
    """Settings of a target without a daemon."""
    return OdooTarget.model_validate(
        {
            "kind": "odoo",
            "name": "odoo",
            "url": odoo.url,
            "database": DATABASE,
            "secret": odoo.facts[key],
            "allow_private": True,
            **more,
        }
    )


@asynccontextmanager
async def house(odoo: Odoo, folder: Path, **more: Any) -> AsyncIterator[House]:
    """A dispatcher that tells Odoo, without a PBX."""
    target = target_for(settings(odoo, **more))
    async with a_house(folder, target, connector.build) as one:
        yield one


# -- there


async def test_a_call_is_a_lead_with_all_that_is_known(
    pbx22: Asterisk, odoo: Odoo, tmp_path: Path
) -> None:
    """UTM, owner, tags, a done call activity with the recording, and a note of what was said."""
    model = given.model("en", tmp_path / "models").absolute()
    async with selling(pbx22, odoo, tmp_path, more=SPEECH.format(model=model)) as one:
        caller = await one.stage.call_in("01", shown="79160000101")
        caller.rtp.voice = SILENCE
        operator = await one.stage.rings("101", 0.2)
        operator.rtp.voice = SILENCE
        await operator.answer()
        await caller.until_up()
        for _ in range(3):  # an engine misses a phrase now and then
            caller.rtp.say(ANGRY.speech)
            await pause(ANGRY.seconds + 0.5)
        await caller.bye()
        record = await one.record(lambda record: record.tags)
        lead = await _lead(one, "+79160000101", {tag.name for tag in record.tags})
        assert lead["source_id"][1] == "google"
        assert lead["medium_id"][1] == "cpc"
        assert lead["campaign_id"][1] == "spring"
        assert lead["user_id"][0] == odoo.facts["olga"]
        await _assert_activity(one, lead["id"], record.id)
        await _assert_note(one, lead["id"])


async def _lead(one: Selling, phone: str, tags: set[str]) -> dict[str, Any]:
    async def find() -> dict[str, Any] | None:
        fields = "source_id", "medium_id", "campaign_id", "user_id", "tag_ids"
        for lead in await one.leads(phone, *fields):
            found = await one.rows("crm.tag", [["id", "in", lead["tag_ids"]]], ["name"])
            if {tag["name"] for tag in found} == tags:
                return lead
        return None

    lead: dict[str, Any] = await one.until(find, f"a lead with {tags}")
    assert len(await one.leads(phone, "id")) == 1
    return lead


async def _assert_activity(one: Selling, lead: int, call: str) -> None:
    at = [["res_model", "=", "crm.lead"], ["res_id", "=", lead]]
    (activity,) = await one.rows(
        "mail.activity", [*at, ANY], ["active", "activity_type_id", "user_id"]
    )
    assert (activity["active"], activity["activity_type_id"][1]) == (False, "Call")
    assert activity["user_id"][0] == one.odoo.facts["olga"]
    about = [["model", "=", "crm.lead"], ["res_id", "=", lead], ["body", "ilike", f"call {call}"]]

    async def attached() -> list[int]:
        (message,) = await one.rows("mail.message", about, ["attachment_ids"])
        found: list[int] = message["attachment_ids"]
        return found

    ids = await one.until(attached, "recordings under the call")
    fields = ["type", "mimetype", "datas", "res_model", "res_id"]
    for file in await one.rows("ir.attachment", [["id", "in", ids]], fields):
        assert (file["type"], file["mimetype"]) == ("binary", "audio/x-wav")
        assert (file["res_model"], file["res_id"]) == ("crm.lead", lead)
        assert b64decode(file["datas"])[:4] == b"RIFF"


async def _assert_note(one: Selling, lead: int) -> None:
    about = [
        ["model", "=", "crm.lead"],
        ["res_id", "=", lead],
        ["message_id", "ilike", "transcript"],
    ]
    notes = await one.until(
        lambda: one.rows("mail.message", about, ["body", "subtype_id"]), "a note"
    )
    (note,) = notes
    assert note["subtype_id"][1] == "Note"
    assert "expensive" in note["body"] or "refund" in note["body"]


async def test_six_at_once_from_a_new_number_are_one_lead(
    pbx22: Asterisk, odoo: Odoo, tmp_path: Path
) -> None:
    """One lead, six calls in its history."""
    async with selling(pbx22, odoo, tmp_path, lead='at = "started"\nmissed = "lead"') as one:
        callers = await asyncio.gather(
            *(one.stage.call_in("01", shown="79160000102") for _ in range(6))
        )
        await pause(1.0)
        for caller in callers:
            caller.cancel()
        await one.until(lambda: one.daemon.has_ended(6), "six calls ended")

        async def six() -> bool:
            (lead,) = await one.leads("+79160000102", "id")
            at = [["res_model", "=", "crm.lead"], ["res_id", "=", lead["id"]], ANY]
            return len(await one.rows("mail.activity", at, ["active"])) == 6

        await one.until(lambda: one.leads("+79160000102", "id"), "a lead")
        await one.until(six, "six activities")


# -- what Odoo refuses


async def test_changes_of_one_record_at_once_are_tried_again(odoo: Odoo) -> None:
    """`ids: false` inside 200 is no success and no dead letter: what is said again is taken."""
    api = Api(settings(odoo, rate=100.0), WallClock())
    values = {"name": "Six at once", "type": "opportunity", "phone": "+79160000103"}
    refused = 0

    async def load() -> int:
        nonlocal refused
        while True:
            try:
                return await api.load("crm.lead", "lead_conflict", values)
            except NotYet:
                refused += 1

    try:
        ids = await asyncio.gather(*(load() for _ in range(6)))
    finally:
        await api.close()
    assert refused > 0
    assert len(set(ids)) == 1


async def test_a_lead_whose_answer_was_lost_is_found(odoo: Odoo) -> None:
    """By the number as it was written and the time since when; no older one."""
    target, record = settings(odoo), a_call("found", "+79160000109")
    api = Api(target, WallClock())
    maker = Maker(target, api, Names(api), Users({}, None))
    try:
        lead = await api.load("crm.lead", "lead_found", {"name": "Found", "phone": record.caller})
        assert await maker.find_lead(record, time.time()) == lead
        assert await maker.find_lead(record, time.time() + 3600) is None
    finally:
        await api.close()


async def test_a_recording_that_comes_twice_is_one_attachment(odoo: Odoo) -> None:
    """Also one of 4 MiB, and one that was a link at first."""
    content = bytes(range(256)) * (4 << 12)
    file = {"type": "binary", "url": None, "datas": b64encode(content).decode()}
    link = {"type": "url", "url": "https://calls.example/twice.wav"}
    api, ids = Api(settings(odoo, rate=100.0), WallClock()), set()
    try:
        lead = await api.load("crm.lead", "lead_twice", {"name": "Twice"})
        for values in (link, file, file):
            at = {"name": "twice.wav", "res_model": "crm.lead", "res_id": lead}
            ids.add(
                await api.load("ir.attachment", "recording_twice", {**at, **values}, answer_s=60.0)
            )
        there = [["res_model", "=", "crm.lead"], ["res_id", "=", lead]]
        (kept,) = await api.find("ir.attachment", there, ["type", "datas"])
    finally:
        await api.close()
    assert ids == {kept["id"]}
    assert kept["type"] == "binary"
    assert b64decode(kept["datas"]) == content


async def test_unknown_field_is_a_dead_letter_at_once(odoo: Odoo, tmp_path: Path) -> None:
    """A 500 of Odoo's that no repetition mends; the target goes on."""
    rules = {"fields": {"x_nosuch": "1"}}
    async with house(odoo, tmp_path, lead=rules) as one:
        await one.whole_call("no-such-field", "+79160000104")
        states = await one.settled()
        assert states["no-such-field started"] == "sent"
        assert states["no-such-field ended"] == "dead"
        assert not one.dispatcher.status()[0].needs_admin


async def test_user_whose_phone_rings_is_told_in_a_chat(odoo: Odoo, tmp_path: Path) -> None:
    """One message a call, in a chat that is found again by the next call."""
    async with house(odoo, tmp_path, users={"101": str(odoo.facts["olga"])}) as one:
        for name in ("ring-1", "ring-2"):
            await one.tell(a_call(name, "+79160000109", legs=[Leg("101", 1.0)]), "started")
            await one.settled()
        about = [["model", "=", "discuss.channel"], ["body", "ilike", "+79160000109"]]
        given = {"domain": about, "fields": ["res_id"]}
        told = await odoo.ask("mail.message", "search_read", key="key", **given)
        assert len(told) == 2
        assert len({row["res_id"] for row in told}) == 1
        assert set((await one.states()).values()) == {"sent"}


async def test_check_of_a_real_odoo(odoo: Odoo, tmp_path: Path) -> None:
    """Nothing is wrong for a user with the right rights; one who sees too little is named."""
    store = await Store.open(f"sqlite:///{tmp_path / 'calls.db'}")
    found = {}
    for key in ("key", "own_key"):
        target = target_for(settings(odoo, key, lead={"fields": {"team_id": "Sales"}}))
        one = connector.build(target, Tools(books=Books(store, "odoo"), clock=WallClock()))
        try:
            found[key] = await one.check()
            assert {user.name for user in await one.users()} >= {"olga", "calltrackd"}
        finally:
            await one.close()
    await store.close()
    assert [each.what for each in found["key"] if each.severity in {"error", "warning"}] == []
    (only,) = [each for each in found["own_key"] if each.severity in {"error", "warning"}]
    assert (only.check, only.severity) == ("rights", "warning")
    assert "All Documents" in only.mend


# -- back


async def test_won_and_lost_come_back_by_webhook(
    pbx22: Asterisk, odoo: Odoo, tmp_path: Path
) -> None:
    """Odoo's automation calls our port once; the record tells the deal, joined by its lead."""
    async with selling(pbx22, odoo, tmp_path) as one:
        await _tell_us(odoo, f"http://127.0.0.1:{one.daemon.web_port}/v1/crm/odoo/{HOOK_SECRET}")
        lead = await _sold(one, "79160000105")
        await odoo.ask("crm.lead", "write", ids=[lead], vals={"expected_revenue": 12500.5})
        await odoo.ask("crm.lead", "action_set_won", ids=[lead])
        record = await one.record(_has("won"))
        (deal,) = record.deals
        assert (deal.id, deal.way, deal.amount, deal.stage) == (str(lead), "link", "12500.5", "4")
        other = await _sold(one, "79160000106")
        await odoo.ask("crm.lead", "action_set_lost", ids=[other])
        await one.record(_has("lost"))


async def test_won_and_lost_come_back_by_poll(pbx22: Asterisk, odoo: Odoo, tmp_path: Path) -> None:
    """What no webhook told is found by the time of its change; lost leads are archived ones."""
    async with selling(pbx22, odoo, tmp_path, poll_s=1.0) as one:
        won, lost = await _sold(one, "79160000107"), await _sold(one, "79160000108")
        await odoo.ask("crm.lead", "action_set_won", ids=[won])
        await odoo.ask("crm.lead", "action_set_lost", ids=[lost])
        for status, lead in (("won", won), ("lost", lost)):
            record = await one.record(_has(status))
            assert [(deal.id, deal.way) for deal in record.deals] == [(str(lead), "link")]


async def _sold(one: Selling, shown: str) -> int:
    """A call and its lead."""
    await one.call(shown)
    (lead,) = await one.until(lambda: one.leads(f"+{shown}", "id"), "a lead")
    number = int(lead["id"])
    done = [
        ["model", "=", "crm.lead"],
        ["res_id", "=", number],
        ["mail_activity_type_id", "!=", False],
    ]
    await one.until(lambda: one.rows("mail.message", done, ["id"]), "the call in its history")
    return number


def _has(status: str) -> Any:
    return lambda record: [deal for deal in record.deals if deal.status == status]


async def _tell_us(odoo: Odoo, url: str) -> None:
    """The automation as docs/crm/odoo.md has it."""
    (model,) = await odoo.ask("ir.model", "search", domain=[["model", "=", "crm.lead"]])
    watched = [["model", "=", "crm.lead"], ["name", "in", ["stage_id", "won_status"]]]
    fields = await odoo.ask("ir.model.fields", "search", domain=watched)
    action = {
        "name": f"Tell calltrackd {time.time()}",
        "model_id": model,
        "state": "webhook",
        "webhook_url": url,
    }
    automation = {
        "name": action["name"],
        "model_id": model,
        "trigger": "on_create_or_write",
        "trigger_field_ids": [[6, 0, fields]],
        "action_server_ids": [[0, 0, action]],
    }
    await odoo.ask("base.automation", "create", vals_list=[automation])
