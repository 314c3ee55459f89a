"""A call in the history of its document: activity, tags, what was said, recordings."""

from hashlib import blake2b
from typing import Any

from calltrackd.crm.desk import Desk
from calltrackd.crm.event import Event
from calltrackd.crm.odoo import words
from calltrackd.crm.odoo.api import Api
from calltrackd.crm.odoo.clients import ARCHIVED_TOO, moment
from calltrackd.crm.odoo.names import Names
from calltrackd.crm.odoo.place import CALL_TYPE, META, Place
from calltrackd.crm.odoo.sound import Sound
from calltrackd.crm.tools import Tools
from calltrackd.crm.users import Users
from calltrackd.model.call import CallRecord
from calltrackd.settings.crm import OdooTarget

NOTE = "mail.mt_note"
"""External id of the kind of message that no client ever gets."""


class Entry:
    """Writes it, each part once; recordings last, for a file may be waited for."""

    def __init__(
        self,
        settings: OdooTarget,
        api: Api,
        names: Names,
        users: Users,
        tools: Tools,
    ) -> None:
        self._settings, self._api, self._names, self._users = settings, api, names, users
        self._sound = Sound(settings, api, tools)

    async def write(self, place: Place, event: Event, desk: Desk) -> None:
        """Bring the document to where the record is. Raises Trouble."""
        record = event.record
        await desk.safe("activity", lambda: self._activity(place, record), link="activity")
        message = await desk.once("done", lambda: self._done(record, desk))
        if place.model == "crm.lead":
            await self._tag(place, record, desk)
            await self._assign(place, record, desk)
        if self._settings.transcripts:
            await self._say(place, record, desk)
        await self._sound.bring(place, int(message), record, desk)

    # -- what became of the moves that are not idempotent

    async def find_done(self, desk: Desk, record: CallRecord) -> int | None:
        """The message that stands for the activity, if it is done."""
        activity = int(desk["activity"])
        rows = await self._api.find(
            "mail.activity", [["id", "=", activity], ARCHIVED_TOO], ["active"]
        )
        if rows and rows[0]["active"]:
            return None
        place = Place(*desk["place"])
        domain = [
            ["model", "=", place.model],
            ["res_id", "=", place.id],
            ["mail_activity_type_id", "!=", False],
            ["body", "ilike", f"call {record.id}"],
        ]
        written = await self._api.find("mail.message", domain, ["id"], limit=1)
        return int(written[0]["id"]) if written else None

    async def find_note(self, record: CallRecord) -> int | None:
        """The message with what was said."""
        rows = await self._api.find(
            "mail.message", [["message_id", "=", _message_id(record)]], ["id"], limit=1
        )
        return int(rows[0]["id"]) if rows else None

    # -- the parts

    async def _activity(self, place: Place, record: CallRecord) -> int:
        ended = record.started_at if record.ended_at is None else record.ended_at
        return await self._api.load(
            "mail.activity",
            f"activity_{record.id}",
            {
                "res_model_id/id": META[place.model],
                "res_id": place.id,
                "activity_type_id/id": CALL_TYPE,
                "summary": words.summary(record),
                "user_id/.id": self._users.responsible(record),
                "date_deadline": moment(ended)[:10],
            },
            mail_activity_quick_update=True,  # or Odoo mails the user that he has something to do
        )

    async def _done(self, record: CallRecord, desk: Desk) -> int:
        message = await self._api.call(
            "mail.activity",
            "action_feedback",
            ids=[int(desk["activity"])],
            feedback=words.feedback(record),
        )
        return int(message or 0)

    async def _tag(self, place: Place, record: CallRecord, desk: Desk) -> None:
        """Our tags and no others: what people set or took away there is theirs."""
        wanted = sorted({tag.name for tag in record.tags if tag.source != "crm"})
        shown = desk["tags"] or []

        async def change() -> None:
            add = [[4, await self._names.id("crm.tag", one)] for one in wanted if one not in shown]
            drop = [[3, await self._names.id("crm.tag", one)] for one in shown if one not in wanted]
            await self._api.write("crm.lead", place.id, {"tag_ids": [*add, *drop]})

        if wanted or shown:
            await desk.keep("tags", wanted, change)

    async def _assign(self, place: Place, record: CallRecord, desk: Desk) -> None:
        """A new client's lead that this call made belongs to whoever talked last."""
        user = self._users.responsible(record)
        if user is not None and desk["lead"] == place.id and "owner" in desk:
            values = {"user_id": int(user)}
            await desk.keep("owner", user, lambda: self._api.write("crm.lead", place.id, values))

    async def _say(self, place: Place, record: CallRecord, desk: Desk) -> None:
        """A note of what was said, written anew when it was heard better."""
        heard = await desk.transcripts()
        if not any(one.transcript.turns for one in heard):
            return
        text = words.transcript(heard)
        digest = blake2b(text.encode(), digest_size=8).hexdigest()
        is_new = "transcript" not in desk
        note = await desk.once("transcript", lambda: self._post(place, record, text))
        if is_new:
            await desk.remember("said", digest)
        else:
            body = {"body": text}
            await desk.keep(
                "said", digest, lambda: self._api.write("mail.message", int(note), body)
            )

    async def _post(self, place: Place, record: CallRecord, text: str) -> int:
        posted: Any = await self._api.call(
            place.model,
            "message_post",
            ids=[place.id],
            body=text,
            body_is_html=True,
            subtype_xmlid=NOTE,
            message_id=_message_id(record),
        )
        return int(posted[0])


def _message_id(record: CallRecord) -> str:
    """Known before it is posted, so that it can be asked for."""
    return f"<{record.id}.transcript@calltrackd>"
