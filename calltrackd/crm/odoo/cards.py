"""Cards: a line in a chat with the user whose phone rings. Odoo opens the chat by itself."""

from calltrackd.crm.odoo.api import Api
from calltrackd.crm.trouble import Permanent

CHAT = "calltrackd"


class Cards:
    """Chats with users, found or made when they are first needed."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._chats: dict[str, int] = {}

    async def show(self, user: str, text: str) -> None:
        """Say it to a user (his id). `text`: HTML. Raises Trouble."""
        chat = await self._chat(user)
        await self._api.call(
            "discuss.channel",
            "message_post",
            urgent=True,
            ids=[chat],
            body=text,
            body_is_html=True,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )

    async def _chat(self, user: str) -> int:
        if user not in self._chats:
            self._chats[user] = await self._found_or_made(user)
        return self._chats[user]

    async def _found_or_made(self, user: str) -> int:
        people = await self._api.find(
            "res.users", [["id", "=", int(user)]], ["partner_id"], limit=1, urgent=True
        )
        if not people:
            raise Permanent(f"Odoo has no user {user}")
        partner = people[0]["partner_id"][0]
        chats = await self._api.find(
            "discuss.channel",
            [
                ["channel_type", "=", "chat"],
                ["name", "=", CHAT],
                ["channel_member_ids.partner_id", "in", [partner]],
            ],
            ["id"],
            limit=1,
            urgent=True,
        )
        if chats:
            return int(chats[0]["id"])
        made = await self._api.call(
            "discuss.channel",
            "create",
            urgent=True,
            vals_list=[
                {
                    "channel_type": "chat",
                    "name": CHAT,
                    "channel_member_ids": [[0, 0, {"partner_id": partner}]],
                }
            ],
        )
        return int(made[0])
