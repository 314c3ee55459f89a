"""Requests to a portal: its address, which may change, its tokens, its speed.

    app       POST URL/rest/METHOD.json              `auth` = access token in the body
    webhook   POST URL/rest/USER/SECRET/METHOD.json  never shown: the secret is in the path

A renamed portal answers 302; followed, that would be a GET without parameters, so the same POST
goes to the new name, which is remembered. A token is refreshed only when the portal says that it
is over: refreshing by a timer gets applications blocked.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from calltrackd.crm.bitrix24 import answers
from calltrackd.crm.bitrix24.answers import Expired, Moved
from calltrackd.crm.bitrix24.exchange import Exchange
from calltrackd.crm.bitrix24.query import command
from calltrackd.crm.client import Answer, Client
from calltrackd.crm.limiter import Limiter
from calltrackd.crm.oauth import Tokens
from calltrackd.crm.scrub import secrets_of
from calltrackd.crm.tools import Tools
from calltrackd.crm.trouble import AuthFailed, Failing
from calltrackd.settings.crm.bitrix24 import Bitrix24Target

NOTE = "address"
UPLOAD_S = 60.0
"""For a recording on its way."""
SHARE = 0.8
"""Of the portal's burst: the rest is for others of this address, whom it counts as well."""

Inspect = Callable[[Answer, dict[str, Any]], None]
"""Raises what a good envelope has of troubles inside."""


class Portal:
    """`call` asks one method, `batch` several that read, `pages` a list. All raise Trouble."""

    def __init__(self, settings: Bitrix24Target, tools: Tools) -> None:
        self._settings, self._books = settings, tools.books
        limiter = Limiter(tools.clock, settings.requests_per_s, max(1, int(settings.burst * SHARE)))
        self._client = Client(settings, limiter, tools.clock)
        self._oauth = Client(settings, Limiter(tools.clock, 1.0, 5), tools.clock)
        self._oauth.secrets = self._client.secrets
        self._address: str | None = None
        self._resets: dict[str, float] = {}
        self._tokens: Tokens | None = None
        if settings.mode == "app":
            first = settings.refresh_token.get_secret_value() or None
            self._tokens = Tokens(
                tools.books,
                tools.clock,
                Exchange(settings, self._oauth),
                first=first,
                learn=self._client.secrets.add,
            )

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()
        await self._oauth.close()

    async def address(self) -> str:
        """Where the portal is now."""
        if self._address is None:
            note = await self._books.note(NOTE) or {}
            same = note.get("of") == self._settings.url
            self._address = note["is"] if same else self._settings.url
        return self._address

    async def user(self) -> str | None:
        """The user whose token or webhook we have."""
        if self._tokens is None:
            return None if self._settings.user_id is None else str(self._settings.user_id)
        user = (await self._tokens.pair()).about.get("user_id")
        return None if user is None else str(user)

    async def call(
        self, method: str, params: dict[str, Any], *, reads: bool = False, urgent: bool = False
    ) -> Any:
        """The method's result. `reads`: it changes nothing; `urgent`: somebody's phone rings."""
        return (await self._asked(method, params, reads=reads, urgent=urgent))["result"]

    async def page(self, method: str, params: dict[str, Any]) -> tuple[Any, int | None]:
        """The result of a list method, and the `start` of its next page."""
        envelope = await self._asked(method, params, reads=True)
        following = envelope.get("next")
        return envelope["result"], None if following is None else int(following)

    async def pages(self, method: str, params: dict[str, Any]) -> list[Any]:
        """All items of an old list method, whose result is the list."""
        found: list[Any] = []
        start: int | None = 0
        while start is not None:
            result, start = await self.page(method, {**params, "start": start})
            found += answers.listing(result)
        return found

    async def batch(
        self, commands: dict[str, tuple[str, dict[str, Any]]], *, urgent: bool = False
    ) -> dict[str, Any]:
        """Results of at most 50 methods that read; an answer that is not whole is none."""
        cmd = {key: command(method, params) for key, (method, params) in commands.items()}

        def whole(answer: Answer, envelope: dict[str, Any]) -> None:
            inner = answers.mapping(envelope["result"])
            for error in answers.mapping(inner.get("result_error")).values():
                raise answers.trouble_of(answer, answers.mapping(error), status=400)
            if missing := cmd.keys() - answers.mapping(inner.get("result")).keys():
                raise Failing(f"{answer.where} left {len(missing)} commands of a batch unanswered")

        params = {"halt": 0, "cmd": cmd}
        envelope = await self._asked("batch", params, reads=True, urgent=urgent, inspect=whole)
        return answers.mapping(answers.mapping(envelope["result"])["result"])

    async def upload(self, url: str, content_type: str, body: bytes) -> Any:
        """Bring a file to an address that the portal gave, which bears a token."""
        shown = set(secrets_of(url, ())) - self._client.secrets
        self._client.secrets |= shown
        try:
            envelope = await self._client.ask(
                "POST",
                url,
                data=body,
                headers={"Content-Type": content_type},
                method="upload",
                answer_s=UPLOAD_S,
                judge=_judge_upload,
            )
        finally:
            self._client.secrets -= shown
        return envelope["result"]

    # -- one request, and what may have to follow

    async def _asked(
        self,
        method: str,
        params: dict[str, Any],
        *,
        reads: bool,
        urgent: bool = False,
        inspect: Inspect | None = None,
    ) -> dict[str, Any]:
        pair = await self._tokens.pair() if self._tokens else None
        judge = self._judge(method, inspect)
        moved, renewed = 0, False
        while True:
            url = await self._url(method)
            body = params if pair is None else {**params, "auth": pair.access}
            try:
                envelope: dict[str, Any] = await self._client.ask(
                    "POST", url, json=body, reads=reads, method=method, urgent=urgent, judge=judge
                )
            except Moved as move:
                if (moved := moved + 1) > 2:
                    raise
                await self._move(move)
            except Expired:
                if pair is None or self._tokens is None or renewed:
                    raise
                pair, renewed = await self._tokens.refused(pair), True
            else:
                return envelope

    async def _url(self, method: str) -> str:
        address = await self.address()
        if self._tokens is not None:
            return f"{address}/rest/{method}.json"
        secret = self._settings.secret.get_secret_value()
        return f"{address}/rest/{self._settings.user_id}/{secret}/{method}.json"

    def _judge(self, method: str, inspect: Inspect | None) -> Callable[[Answer], None]:
        def judge(answer: Answer) -> None:
            until = self._resets.get(method)
            rest = None if until is None else until - answer.now
            envelope = answers.judged(answer, rest)
            time = answers.mapping(envelope.get("time"))
            reset, finish = time.get("operating_reset_at"), time.get("finish")
            if isinstance(reset, int | float) and isinstance(finish, int | float):
                self._resets[method] = answer.now + (reset - finish)
            if inspect is not None:
                inspect(answer, envelope)

        return judge

    async def _move(self, move: Moved) -> None:
        """Take the portal's new name. Only a name of the same house is believed."""
        old, new = urlsplit(await self.address()), urlsplit(move.to)
        address = f"{new.scheme}://{new.netloc}"
        if new.scheme not in {old.scheme, "https"} or not _same_house(old.hostname, new.hostname):
            raise AuthFailed(
                "the portal redirects to another house: set the target's url anew",
                status=move.status,
            )
        self._address = address
        await self._books.put_note(NOTE, {"of": self._settings.url, "is": address})


def _same_house(old: str | None, new: str | None) -> bool:
    """The same host, or another name beside it: `a.bitrix24.ru` and `b.bitrix24.ru`."""
    if not old or not new:
        return False
    above = old.partition(".")[2]
    return new == old or ("." in above and new.partition(".")[2] == above and not _is_ip(old))


def _is_ip(host: str) -> bool:
    return host.replace(".", "").isdigit()


def _judge_upload(answer: Answer) -> None:
    answers.judged(answer)
