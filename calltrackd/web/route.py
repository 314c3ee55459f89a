"""`GET /v1/route?caller=...`: whose client is on the line, for the dialplan to route by.

Answered from memory. A number that was never asked for gives nothing at once, and is asked for
behind the answer, so that the next call knows; `wait_ms` lets the dialplan wait for it this time.
Whatever is wrong with the question, the answer is a 200 without an extension: a dialplan goes on.
"""

import time
from collections.abc import Callable

from aiohttp import web

from calltrackd.crm.returns.people import People
from calltrackd.model.numbers import e164
from calltrackd.model.person import Person
from calltrackd.web.answers import shown

MOST_WAIT_MS = 3000
Took = Callable[[str, float], None]
"""Told of each question: `hit`, `miss` or `nobody`, and seconds."""


class Route:
    """`region()`: how the PBX's national numbers are read."""

    def __init__(self, people: People, region: Callable[[], str], took: Took) -> None:
        self._people = people
        self._region = region
        self._took = took

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Its address."""
        router.add_get("/v1/route", self.get)

    async def get(self, request: web.Request) -> web.Response:
        """`caller` in any form, `did`, `wait_ms` (0 to 3000), `format` (`json` or `text`)."""
        began = time.perf_counter()
        asked = request.query
        caller, did = self._number(asked.get("caller")), self._number(asked.get("did"))
        person = None
        if caller is not None:
            person = await self._people.person(caller, did, _wait_s(asked.get("wait_ms")))
        self._took("hit" if person else "nobody", time.perf_counter() - began)
        if asked.get("format") == "text":
            return _plain(person)
        return shown(self._told(caller, person))

    def _number(self, raw: str | None) -> str | None:
        """E.164; a `+` that was not encoded came as a space."""
        return (
            None
            if not raw
            else e164(raw.replace(" ", "+", 1) if raw[0] == " " else raw, self._region())
        )

    def _told(self, caller: str | None, person: Person | None) -> dict[str, object]:
        if person is None or caller is None:
            return {"caller": caller, "extension": None, "responsible": None}
        return {
            "caller": caller,
            "extension": person.extension,
            "responsible": {"target": person.target, "user": person.user, "name": person.name},
            "age_s": round(self._people.age_s(caller, person.target) or 0.0, 3),
        }


def _plain(person: Person | None) -> web.Response:
    """The extension alone, or nothing."""
    text = person.extension if person and person.extension else ""
    return web.Response(text=text, headers={"Cache-Control": "no-store"})


def _wait_s(raw: str | None) -> float:
    """Seconds; what is no number is no wait."""
    if raw is None or not (raw.isascii() and raw.isdigit()):
        return 0.0
    return min(int(raw[:6]), MOST_WAIT_MS) / 1000
