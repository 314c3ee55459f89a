"""Recordings under a call of Odoo's."""

from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from calltrackd.crm.odoo import sound
from calltrackd.model.call import CallRecord, Recording
from tests.crm.house import House, a_call, answered, ended
from tests.crm.odoo.given import odoo_house
from tests.fakes.crm_base import Fault, Hit
from tests.fakes.odoo import OdooFake

AN_HOUR = 3600.0
FIRST, LATE = (Recording(f"/rec/{name}", "both", 1.0) for name in ("a.wav", "b.MP3"))


class Links:
    """Links without a signature."""

    def link(self, call_id: str, path: str) -> str:
        return f"https://calls.example/{call_id}{path}"


class Files:
    """Recordings of this machine: path -> content."""

    def __init__(self, **there: bytes) -> None:
        self.there = {f"/rec/{name.replace('_', '.')}": content for name, content in there.items()}

    async def read(self, path: str, most_bytes: int) -> bytes | None:
        content = self.there.get(path)
        return None if content is None or len(content) > most_bytes else content


def over(house: House, *recordings: Recording) -> CallRecord:
    """A call that was over an hour ago."""
    call = a_call(started_at=house.clock.now() - AN_HOUR)
    return replace(ended(answered(call)), recordings=list(recordings))


async def tell(house: House, *recordings: Recording, times: int = 1) -> None:
    """The call is over, and told again."""
    for n in range(times):
        await house.tell(over(house, *recordings), "updated" if n else "ended")
        await house.settled()


def shown(fake: OdooFake) -> list[Any]:
    """What the call's message shows, in that order: contents of files, addresses of links."""
    (message,) = fake.kept["mail.message"]
    found = [fake.record("ir.attachment", one) for one in message["attachment_ids"]]
    assert found == fake.kept["ir.attachment"]
    return [
        one["url"] if one["type"] == "url" else b64decode(one["datas"], validate=True)
        for one in found
    ]


async def test_recordings_are_attached_to_lead_and_message(tmp_path: Path) -> None:
    """The files themselves, by names that play, each once however often the call is told."""
    lent = {"files": Files(a_wav=b"sound", b_MP3=b"more"), "recordings": Links()}
    async with OdooFake() as fake, odoo_house(fake, tmp_path, lent) as house:
        await tell(house, FIRST)
        await tell(house, FIRST, LATE, times=2)
    assert shown(fake) == [b"sound", b"more"]
    (lead,) = fake.kept["crm.lead"]
    for one, suffix in zip(fake.kept["ir.attachment"], (".wav", ".mp3"), strict=True):
        assert (one["res_model"], one["res_id"]) == ("crm.lead", lead["id"])
        assert one["name"].endswith(suffix)


async def test_what_is_too_long_or_not_here_is_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The web port gives it out then."""
    monkeypatch.setattr(sound, "MOST_BYTES", 4)
    lent = {"files": Files(a_wav=b"sound"), "recordings": Links()}
    async with OdooFake() as fake, odoo_house(fake, tmp_path, lent) as house:
        await tell(house, FIRST, LATE)
    assert shown(fake) == [
        "https://calls.example/c1/rec/a.wav",
        "https://calls.example/c1/rec/b.MP3",
    ]


async def test_what_a_proxy_does_not_let_through_is_a_link(tmp_path: Path) -> None:
    """413 means the file, not the call."""

    def refuse(hit: Hit) -> Fault | None:
        large = hit.path.endswith("ir.attachment/load") and b"binary" in hit.body
        return Fault(status=413, body="<html>Too large") if large else None

    lent = {"files": Files(a_wav=b"sound"), "recordings": Links()}
    async with OdooFake() as fake, odoo_house(fake, tmp_path, lent) as house:
        fake.always = refuse
        await tell(house, FIRST)
    assert shown(fake) == ["https://calls.example/c1/rec/a.wav"]


@pytest.mark.parametrize("path", ["ir.attachment/load", "mail.message/write"])
async def test_a_lost_answer_doubles_no_recording(tmp_path: Path, path: str) -> None:
    """It is the same attachment again, under the same external id."""
    lost = [Fault(accept=True, reset=True)]
    lent = {"files": Files(a_wav=b"sound")}
    async with OdooFake() as fake, odoo_house(fake, tmp_path, lent) as house:
        fake.always = lambda hit: lost.pop() if lost and hit.path.endswith(path) else None
        await tell(house, FIRST)
        assert "unknown" in house.words
    assert not lost
    assert shown(fake) == [b"sound"]


async def test_a_link_whose_answer_was_lost_may_become_the_file(tmp_path: Path) -> None:
    """It is the same attachment, without its address."""
    files, lost = Files(), [Fault(accept=True, reset=True)]

    def lose(hit: Hit) -> Fault | None:
        if not lost or not hit.path.endswith("ir.attachment/load"):
            return None
        files.there[FIRST.path] = b"sound"
        return lost.pop()

    lent = {"files": files, "recordings": Links()}
    async with OdooFake() as fake, odoo_house(fake, tmp_path, lent) as house:
        fake.always = lose
        await tell(house, FIRST)
    assert shown(fake) == [b"sound"]


async def test_a_file_that_comes_late_is_waited_for(tmp_path: Path) -> None:
    """All else of the call is there by then."""
    files = Files()
    async with OdooFake() as fake, odoo_house(fake, tmp_path, {"files": files}) as house:
        call = ended(answered(a_call(started_at=house.clock.now() - 70)))
        await house.tell(replace(call, recordings=[FIRST]), "ended")
        await fake.until(lambda: bool(fake.kept["mail.message"]))
        files.there[FIRST.path] = b"sound"
        await house.settled()
    assert shown(fake) == [b"sound"]


async def test_a_file_that_never_comes_holds_nothing_up(tmp_path: Path) -> None:
    """Neither file nor link: the call stands there without."""
    async with OdooFake() as fake, odoo_house(fake, tmp_path, {"files": Files()}) as house:
        await tell(house, FIRST)
        assert set((await house.states()).values()) == {"sent"}
    assert shown(fake) == []


async def test_recordings_stay_here_when_the_settings_say_so(tmp_path: Path) -> None:
    """`recordings = false`: neither file nor link."""
    lent = {"files": Files(a_wav=b"sound"), "recordings": Links()}
    async with OdooFake() as fake, odoo_house(fake, tmp_path, lent, recordings=False) as house:
        await tell(house, FIRST)
    assert shown(fake) == []
