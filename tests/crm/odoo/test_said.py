"""What was said in a call, as a note in Odoo."""

from pathlib import Path
from typing import Any

import pytest

from calltrackd.model.transcript import Transcript, Turn
from calltrackd.store import transcripts
from calltrackd.store.transcripts import Stored
from tests.crm.house import House
from tests.crm.odoo.given import odoo_house
from tests.crm.odoo.test_calls import over, tell
from tests.fakes.crm_base import Fault
from tests.fakes.odoo import OdooFake


async def hear(house: House, text: str) -> None:
    """The call was listened to."""
    turns = [Turn("operator", 0.0, 1.0, "Good morning"), Turn("caller", 61.0, 62.0, text)]
    heard = Transcript("vosk", "small", "en", 65.0, turns)
    stored = Stored(call_id="c1", path="/rec/a.wav", heard_from=1.0, made_at=2.0, transcript=heard)

    async def work(conn: Any) -> None:
        await transcripts.save(conn, stored, [])

    await house.store.writer.submit(work)
    await house.tell(over(), "updated")
    await house.settled()


def notes(fake: OdooFake) -> list[str]:
    """The bodies of internal notes."""
    return [row["body"] for row in fake.kept["mail.message"] if row["subtype"] == "mail.mt_note"]


async def test_a_note_says_who_said_what_when(tmp_path: Path) -> None:
    """One note; heard again, it is written anew and not a second time."""
    async with OdooFake() as fake, odoo_house(fake, tmp_path) as house:
        await tell(house, over())
        await hear(house, "too <dear>")
        assert notes(fake) == [
            "<p>0:00 <b>Operator</b>: Good morning</p><p>1:01 <b>Client</b>: too &lt;dear&gt;</p>"
        ]
        await hear(house, "too dear")
        await hear(house, "too dear")
        (note,) = notes(fake)
        assert note.endswith("too dear</p>")
        writes = fake.asked("/json/2/mail.message/write")
        assert len(writes) == 1


@pytest.mark.parametrize("reset", [True, False])
async def test_a_note_whose_answer_was_lost_is_not_posted_again(
    tmp_path: Path, reset: bool
) -> None:
    """It is found by the message id that we gave it."""
    async with OdooFake() as fake, odoo_house(fake, tmp_path) as house:
        await tell(house, over())
        left = [Fault(accept=True, reset=reset, hang=not reset)]
        fake.always = lambda hit: left.pop() if left and hit.path.endswith("message_post") else None
        await hear(house, "hello")
        assert len(notes(fake)) == 1
        assert not left


async def test_no_note_where_nobody_wants_it(tmp_path: Path) -> None:
    """`transcripts = false`."""
    async with OdooFake() as fake, odoo_house(fake, tmp_path, transcripts=False) as house:
        await tell(house, over())
        await hear(house, "hello")
        assert notes(fake) == []
