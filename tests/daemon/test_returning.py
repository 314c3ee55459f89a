"""What comes back from CRMs, through the whole daemon."""

import asyncio
import base64
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from calltrackd.crm.links import KEY_FILE, Links
from calltrackd.crm.people import Person
from calltrackd.crm.webhook.signature import ID, SIGNATURE, TIMESTAMP, sign
from calltrackd.model.deal import Deal
from calltrackd.settings import RecordingSettings, WebSettings
from calltrackd.settings.crm import EspocrmTarget
from calltrackd.settings.deals import DealRules, DealSettings
from calltrackd.settings.responsible import ResponsibleSettings
from tests.crm.returns.house import FakeCrm
from tests.daemon.company import SIGNING, Call, Office, office, pbx, settings, target
from tests.fakes.ami import FakeAmi
from tests.fakes.receiver import Receiver

CLIENT = "+79161234567"
KEY = base64.b64decode(SIGNING.removeprefix("whsec_"))
ANNA = {"target": "espo", "user": "3", "name": "Anna", "extension": "101"}
QUICK = ResponsibleSettings(wait_s=2.0)
INBOX_EMPTY = 'calltrackd_crm_inbox_depth{target="espo"} 0.0'


class Connector(FakeCrm):
    """A CRM whose connector writes nothing and answers all questions."""

    settles_s = 0.0

    async def perform(self, _event: Any, _desk: Any) -> None:
        """Owed nothing."""

    async def find(self, *_given: Any) -> None:
        """Nothing was done."""

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def crm(monkeypatch: pytest.MonkeyPatch) -> Connector:
    """In the place of EspoCRM's connector."""
    fake = Connector()
    module = ModuleType("calltrackd.crm.espocrm.connector")
    module.build = lambda _target, _tools: fake  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "calltrackd.crm.espocrm", ModuleType("espocrm"))
    monkeypatch.setitem(sys.modules, "calltrackd.crm.espocrm.connector", module)
    return fake


def espo(**deals: Any) -> EspocrmTarget:
    """The target."""
    given = {"kind": "espocrm", "name": "espo", "url": "http://127.0.0.1:9", "secret": "key"}
    return EspocrmTarget(**given, deals=DealSettings(**{"poll_s": 0.0, **deals}))


def deal(**fields: Any) -> Deal:
    """A deal of the client, of this moment."""
    now = time.time()
    given = {"id": "9", "stage": "NEW", "phones": [CLIENT], "created_at": now, "changed_at": now}
    return Deal(**{**given, **fields})


async def hear(ami: FakeAmi, receiver: Receiver, part: bytes, count: int) -> list[dict[str, Any]]:
    """Play a part of a call; the events that the receiver has then."""
    await ami.wait_for("ConfbridgeListRooms")
    ami.send(part)
    await receiver.until(lambda r: len(r.accepted) >= count)
    return list(receiver.accepted.values())


async def until(office: Office, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The only call, once it fits."""
    (record,) = await office.until(lambda found: len(found) == 1 and fits(found[0]))
    return record


async def post(office: Office, path: str, body: bytes, signed: bool = False) -> int:
    """A webhook to the local port."""
    now = int(time.time())
    headers = {ID: "msg_1", TIMESTAMP: str(now), SIGNATURE: sign((KEY,), "msg_1", now, body)}
    url = f"http://127.0.0.1:{office.daemon.port}/v1/crm/{path}"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=body, headers=headers if signed else {}) as answer,
    ):
        return answer.status


async def test_first_event_of_a_call_tells_whose_client_it_is(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver, crm: Connector
) -> None:
    """The CRM is asked before anything is published; the dialplan knows from then on, too."""
    crm.people[CLIENT] = Person(id="3", name="Anna", extension="101")
    wanted = settings(tmp_path, [pbx(ami)], [target(receiver), espo()], responsible=QUICK)
    async with office(wanted) as here:
        events = await hear(ami, receiver, Call(1).whole, 4)
        assert await here.get(f"/v1/route?caller={CLIENT[1:]}") == (
            200,
            {
                "caller": CLIENT,
                "extension": "101",
                "responsible": {"target": "espo", "user": "3", "name": "Anna"},
                "age_s": pytest.approx(0, abs=60),
            },
        )
    assert [event["data"]["responsible"] for event in events] == [ANNA] * 4
    assert [event["data"]["version"] for event in events] == [1, 2, 3, 4]
    assert crm.asked == [CLIENT]


async def test_what_the_crm_says_too_late_comes_with_an_update(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver, crm: Connector
) -> None:
    """No call waits for a slow CRM."""
    answer = asyncio.Event()

    async def slow(_phone: str) -> Person:
        await answer.wait()
        return Person(id="3", name="Anna", extension="101")

    crm.responsible = slow  # type: ignore[method-assign]
    brief = ResponsibleSettings(wait_s=0.01)
    wanted = settings(tmp_path, [pbx(ami)], [target(receiver), espo()], responsible=brief)
    async with office(wanted):
        (started,) = await hear(ami, receiver, Call(1).rings, 1)
        answer.set()
        await receiver.until(lambda r: len(r.accepted) == 2)
    _, updated = receiver.accepted.values()
    assert (started["type"], started["data"]["responsible"]) == ("call.started", None)
    assert (updated["type"], updated["data"]["responsible"]) == ("call.updated", ANNA)


async def test_restart_knows_whose_client_it_is_without_asking(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver, crm: Connector
) -> None:
    """What CRMs said outlives the daemon."""
    crm.people[CLIENT] = Person(id="3", name="Anna", extension="101")
    wanted = settings(tmp_path, [pbx(ami)], [target(receiver), espo()], responsible=QUICK)
    async with office(wanted):
        await hear(ami, receiver, Call(1).whole, 4)
    crm.trouble = RuntimeError("away")
    async with office(wanted) as here:
        status, told = await here.get(f"/v1/route?caller={CLIENT[1:]}")
    assert (status, told["extension"]) == (200, "101")


async def test_webhook_of_a_crm_becomes_the_calls_deal(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver, crm: Connector
) -> None:
    """Read again by the API, joined by number, told; a doubled webhook changes nothing."""
    wanted = settings(tmp_path, [pbx(ami)], [target(receiver), espo(won=["PAID"])])
    async with office(wanted) as here:
        await hear(ami, receiver, Call(1).whole, 4)
        (record,) = await here.records()
        made = began(record)
        crm.have(deal(stage="PAID", amount="12500.5", created_at=made, changed_at=made))
        assert await post(here, "espo/secret", b"9") == 200
        assert await post(here, "espo/wrong", b"9") == 403
        assert await post(here, "espo/secret", b"9") == 200
        told = await until(here, lambda one: bool(one["deals"]))
        async with asyncio.timeout(5):
            while INBOX_EMPTY not in (page := await metrics(here)):  # noqa: ASYNC110 - a page has no event
                await asyncio.sleep(0.02)
    (mine,) = told["deals"]
    assert (mine["status"], mine["amount"], mine["way"]) == ("won", "12500.5", "phone")
    assert told["version"] == 5
    assert 'calltrackd_crm_webhooks_total{result="forged",target="espo"} 1.0' in page
    assert 'calltrackd_crm_deals{status="won",target="espo"} 1.0' in page


def began(record: dict[str, Any]) -> float:
    """Unix seconds of the call's start."""
    from calltrackd.model.call import seconds

    return seconds(record["started_at"])


async def metrics(here: Office) -> str:
    """The page."""
    url = f"http://127.0.0.1:{here.daemon.port}/metrics"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.text()


async def test_poll_finds_what_no_webhook_told(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver, crm: Connector
) -> None:
    """At the start, and again and again."""
    wanted = settings(tmp_path, [pbx(ami)], [target(receiver), espo(poll_s=0.05)])
    async with office(wanted) as here:
        await hear(ami, receiver, Call(1).whole, 4)
        (record,) = await here.records()
        made = began(record)
        crm.have(deal(won=True, created_at=made))
        told = await until(here, lambda one: bool(one["deals"]))
        assert (told["deals"][0]["status"], told["deals"][0]["way"]) == ("won", "phone")
        crm.have(deal(won=False, created_at=made, changed_at=time.time() + 1))
        await until(here, lambda one: one["deals"][0]["status"] == "lost")


async def test_receiver_of_webhooks_sends_deals_back_signed(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver
) -> None:
    """By the secret of its own deliveries, naming our call; unsigned ones are refused."""
    wanted = settings(tmp_path, [pbx(ami)], [target(receiver, deals=DealRules(won=["PAID"]))])
    async with office(wanted) as here:
        await hear(ami, receiver, Call(1).whole, 4)
        (record,) = await here.records()
        one = {"id": 9, "stage": "PAID", "changed_at": "2026-11-23T10:00:00Z", "amount": 99.9}
        body = json.dumps({"deals": [{**one, "call_id": record["id"]}]}).encode()
        assert await post(here, "crm", body) == 403
        assert await post(here, "crm", body, signed=True) == 200
        told = await until(here, lambda found: bool(found["deals"]))
    (mine,) = told["deals"]
    assert (mine["id"], mine["status"], mine["amount"], mine["way"]) == ("9", "won", "99.9", "link")


async def test_second_port_serves_links_and_webhooks_only(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver, crm: Connector
) -> None:
    """What needs no login is for the outside, all else stays in the house."""
    call = Call(1)
    web = WebSettings(port=0, outside_port=0, public_url="https://calls.example")
    folders = RecordingSettings(folders=[tmp_path / "rec"], path_map={
        str(Path(call.recording).parent): str(tmp_path / "rec"),
    })  # fmt: skip
    wanted = settings(tmp_path, [pbx(ami)], [target(receiver), espo()], web=web, recordings=folders)
    sound = tmp_path / "rec" / f"{Path(call.recording).name}.wav"
    sound.parent.mkdir()
    async with office(wanted) as here, aiohttp.ClientSession() as session:
        await hear(ami, receiver, Call(1, recorded=True).whole, 4)
        (record,) = await here.records()
        path = record["recordings"][0]["path"]
        (sound.parent / Path(path).name).write_bytes(b"RIFF")
        links = Links((tmp_path / KEY_FILE).read_bytes(), web.public_url)
        link = links.link(record["id"], path)
        assert link is not None
        parts = urlsplit(link)
        outside = f"http://127.0.0.1:{here.daemon.outside_port}"
        asked = [f"{parts.path}?{parts.query}", parts.path, "/v1/calls/open", "/metrics"]
        statuses = [(await session.get(f"{outside}{one}")).status for one in asked]
        assert statuses == [200, 403, 404, 404]
        assert (await session.post(f"{outside}/v1/crm/espo/secret", data=b"9")).status == 200
        assert await post(here, "espo/secret", b"9") == 404


async def test_public_name_opens_nothing_of_the_house(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver, crm: Connector
) -> None:
    """On one port, a proxy that leads everything here shows no calls to the world."""
    web = WebSettings(port=0, public_url="https://calls.example")
    wanted = settings(tmp_path, [pbx(ami)], [target(receiver), espo()], web=web)
    async with office(wanted) as here, aiohttp.ClientSession() as session:
        url, host = f"http://127.0.0.1:{here.daemon.port}", {"Host": "calls.example"}
        assert (await session.get(f"{url}/v1/calls/open", headers=host)).status == 421
        assert (await session.get(f"{url}/v1/route", headers=host)).status == 421
        posted = await session.post(f"{url}/v1/crm/espo/secret", data=b"9", headers=host)
        assert posted.status == 200


async def test_reload_takes_deals_from_now_on(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver
) -> None:
    """A target that took none before."""
    before = settings(tmp_path, [pbx(ami)], [target(receiver)])
    after = settings(tmp_path, [pbx(ami)], [target(receiver, deals=DealRules())])
    body = b'{"deals": []}'
    async with office(before) as here:
        assert await post(here, "crm", body, signed=True) == 404
        await here.daemon.reload(after)
        assert await post(here, "crm", body, signed=True) == 200
