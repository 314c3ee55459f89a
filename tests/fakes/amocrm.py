"""amoCRM as its contracts describe it, with its traps to be switched on.

Kept: contacts, companies, leads, notes, tasks, unsorted, pops. Lists are filtered, ordered and cut
into pages as the API does; the search by `query` is broad, and lags by `lag_s`.
"""

import re
from typing import Any
from urllib.parse import urlencode

from tests.fakes.crm_base import CrmFake, Hit, Reply, Window

HAL = {"Content-Type": "application/hal+json"}
PROBLEM = {"Content-Type": "application/problem+json"}
KINDS = {"leads": "lead", "contacts": "contact", "companies": "company"}
A_SECOND = 7
ADMIN = {"is_admin": True, "is_active": True}


class AmocrmFake(CrmFake):
    """The account `127`, with one pipeline, three users and the usual fields.

    Traps: `lag_s` (the search does not know what is younger), `blocks_after` (so many 429 and the
    address is blocked: 403), `partial` (paths whose bulk answers refuse their one item inside a
    200), `most_a_page` (longer pages: 504), `token_life_s`, `accepts` (incoming leads are accepted
    at once), `unsorted_shown` (False: their list is late).
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.token = "s3cr3t-token"
        self.oauth = False
        self.refresh_token, self.code = "refresh-token-0", "auth-code-0"
        self.token_until: float | None = None
        self.token_life_s = 86_400.0
        self.refreshes = 0
        self.lag_s = 0.0
        self.blocks_after: int | None = None
        self.partial: set[str] = set()
        self.most_a_page = 250
        self.accepts = False
        self.unsorted_shown = True
        self.hooks: list[dict[str, Any]] = []
        self.rights: dict[str, Any] = dict(ADMIN)
        self.users = [
            {"id": 11, "name": "Anna", "email": "anna@example.com", "rights": self.rights},
            {"id": 12, "name": "Boris", "email": "boris@example.com", "rights": ADMIN},
            {"id": 13, "name": "Gone", "rights": {"is_active": False}},
        ]
        codes = ["UTM_SOURCE", "UTM_MEDIUM", "UTM_CAMPAIGN", "UTM_TERM", "UTM_CONTENT", "YCLID"]
        self.fields: list[dict[str, Any]] = [
            {"id": 900 + n, "code": code, "type": "tracking_data"} for n, code in enumerate(codes)
        ] + [{"id": 990, "code": None, "name": "Call", "type": "text"}]
        self.pipelines = [
            {
                "id": 5, "name": "Sales", "is_main": True, "is_unsorted_on": True,
                "_embedded": {"statuses": [{"id": 51, "name": "New"}, {"id": 142, "name": "Won"}]},
            }
        ]  # fmt: skip
        self._window = Window(1.0)
        self._refusals = 0

    # -- limits

    def _over(self, hit: Hit) -> bool:
        """Seven within any second; a bucket would let twice as many pass."""
        return self._window.add(hit.sent_at) > A_SECOND

    def limited(self) -> Reply:
        self._refusals += 1
        return Reply(b"<html>Too many requests", 429, {"Content-Type": "text/html"})

    @property
    def is_blocked(self) -> bool:
        """The address was too fast too often."""
        return self.blocks_after is not None and self._refusals > self.blocks_after

    # -- requests

    async def answer(self, hit: Hit) -> Reply:
        if self.is_blocked:
            return Reply(b"<html>Forbidden", 403, {"Content-Type": "text/html"})
        if hit.path == "/oauth2/access_token":
            return self._exchanged(hit.json)
        if not self._knows(hit):
            return _problem(401, "Unauthorized")
        if hit.path == "/api/v2/events":
            self.keep("pops", **hit.json["add"][0])
            return Reply({"_embedded": {"items": [{}]}}, headers=HAL)
        parts = hit.path.removeprefix("/api/v4/").split("/")
        handler = {"GET": self._get, "POST": self._post, "PATCH": self._patch}[hit.verb]
        return handler(parts, hit)

    def _knows(self, hit: Hit) -> bool:
        if self.token_until is not None and self.clock() >= self.token_until:
            return False
        return hit.headers.get("authorization") == f"Bearer {self.token}"

    def _exchanged(self, body: dict[str, Any]) -> Reply:
        given = (body.get("grant_type"), body.get("refresh_token") or body.get("code"))
        good = {("refresh_token", self.refresh_token), ("authorization_code", self.code)}
        if body.get("client_secret") != "client-secret" or given not in good:
            return _problem(400, "Refresh token has been revoked")
        self.refreshes += 1
        self.code = ""
        self.token = f"access-token-{self.refreshes}"
        self.refresh_token = f"refresh-token-{self.refreshes}"
        self.token_until = self.clock() + self.token_life_s
        return Reply(
            {
                "token_type": "Bearer",
                "expires_in": self.token_life_s,
                "access_token": self.token,
                "refresh_token": self.refresh_token,
            }
        )

    # -- reading

    def _get(self, parts: list[str], hit: Hit) -> Reply:  # noqa: PLR0911 - one a kind of path
        listed: dict[str, list[dict[str, Any]]] = {
            "users": self.users,
            "leads/custom_fields": self.fields,
            "leads/pipelines": self.pipelines,
            "webhooks": self.hooks,
        }
        path = "/".join(parts)
        if path == "account":
            me = {"name": "Example", "subdomain": "127", "currency": "RUB", "current_user_id": 11}
            return Reply(me, headers=HAL)
        if path in listed:
            return self._page(parts[-1], listed[path], hit)
        if parts[0] == "users":
            return self._one(self.users, parts[1])
        if path == "leads/unsorted":
            return self._unsorted(hit)
        if parts[-1] == "notes":
            at = [n for n in self.kept["notes"] if n["at"] == parts[:2]]
            return self._page("notes", _filtered(at, hit.query), hit)
        if len(parts) == 2:
            return self._one(self._shown(parts[0]), parts[1])
        found = _filtered(self._shown(parts[0]), hit.query)
        if query := hit.query.get("query"):
            found = [e for e in found if query in _text(e) and self._is_indexed(e)]
        return self._page(parts[0], found, hit)

    def _shown(self, kind: str) -> list[dict[str, Any]]:
        """Contacts of incoming leads are in no list."""
        return [one for one in self.kept[kind] if not one.get("hidden")]

    def _is_indexed(self, entity: dict[str, Any]) -> bool:
        return bool(entity["created_at"] + self.lag_s <= self.clock())

    def _one(self, entities: list[dict[str, Any]], name: str) -> Reply:
        found = [one for one in entities if str(one["id"]) == name]
        return Reply(self._full(found[0]), headers=HAL) if found else _problem(404, "Not found")

    def _full(self, entity: dict[str, Any]) -> dict[str, Any]:
        """Links both ways: a contact's leads are those that name it."""
        links = dict(entity.get("_embedded") or {})
        if entity in self.kept["contacts"] or entity in self.kept["companies"]:
            folder = "contacts" if entity in self.kept["contacts"] else "companies"
            links["leads"] = [
                {"id": lead["id"]}
                for lead in self.kept["leads"]
                if entity["id"] in [o["id"] for o in lead["_embedded"].get(folder, [])]
            ]
        return {**entity, "_embedded": links}

    def _unsorted(self, hit: Hit) -> Reply:
        wanted = hit.query.get("filter[uid]")
        found = [u for u in self.kept["unsorted"] if wanted in (None, u["uid"])]
        return self._page("unsorted", found if self.unsorted_shown else [], hit)

    def _page(self, kind: str, found: list[dict[str, Any]], hit: Hit) -> Reply:
        limit, page = int(hit.query.get("limit", 50)), int(hit.query.get("page", 1))
        if limit > self.most_a_page:
            return _problem(504, "Gateway timeout")
        for key, way in reversed(list(hit.query.items())):
            if order := re.fullmatch(r"order\[(\w+)\]", key):
                found = sorted(found, key=lambda e: e[order[1]], reverse=way == "desc")
        part = found[(page - 1) * limit : page * limit]
        if not part:
            return Reply(status=204)
        return Reply({"_embedded": {kind: [self._full(e) for e in part]}}, headers=HAL)

    # -- writing

    def _post(self, parts: list[str], hit: Hit) -> Reply:
        (body,) = hit.json
        kind = parts[-1]
        if hit.path in self.partial:
            errors = [{"request_id": "0", "title": "Bad item", "detail": "not this one"}]
            return Reply({"_embedded": {kind: []}, "errors": errors}, headers=HAL)
        if parts == ["leads", "unsorted", "sip"]:
            return self._incoming(body)
        if kind == "calls":
            return self._called(body)
        if kind == "notes":
            return self._noted(parts, body)
        if wrong := self._wrong(kind, body):
            return _invalid(wrong)
        return _done(kind, self.add(kind, **body))

    def _wrong(self, kind: str, body: dict[str, Any]) -> str:
        known = {f["id"] for f in self.fields} | {f["code"] for f in self.fields} | {"PHONE"}
        for field in body.get("custom_fields_values", []):
            if field.get("field_id", field.get("field_code")) not in known:
                return "custom_fields_values"
        for name in ("responsible_user_id",):
            if body.get(name) not in {None, *(user["id"] for user in self.users)}:
                return name
        return "text" if kind == "tasks" and not body.get("text") else ""

    def add(self, kind: str, **entity: Any) -> dict[str, Any]:
        """A new entity, as if by hand."""
        now = int(self.clock())
        entity = {"created_at": now, "updated_at": now, "_embedded": {}, **entity}
        if kind == "leads":
            entity = {"status_id": 51, "pipeline_id": 5, "price": 0, "closed_at": None, **entity}
        entity.pop("request_id", None)
        return self.keep(kind, **entity)

    def _noted(self, parts: list[str], body: dict[str, Any]) -> Reply:
        if not [e for e in self.kept[parts[0]] if str(e["id"]) == parts[1]]:
            return _problem(404, "Not found")
        now = int(self.clock())
        note = self.add("notes", **{**body, "at": parts[:2], "updated_at": now})
        return _done("notes", note)

    def _called(self, body: dict[str, Any]) -> Reply:
        tail = body["phone"][-10:]
        found = [c for c in self.kept["contacts"] if tail in _text(c)]
        if not found:
            return _invalid("phone")
        owner = found[0]
        kind = "call_in" if body["direction"] == "inbound" else "call_out"
        note = self.add("notes", note_type=kind, params=body, at=["contacts", str(owner["id"])])
        made = {"id": note["id"], "entity_id": owner["id"], "entity_type": "contact"}
        return Reply({"_embedded": {"calls": [{**made, "request_id": "0"}]}}, headers=HAL)

    def _incoming(self, body: dict[str, Any]) -> Reply:
        uniq = body["metadata"]["uniq"]
        if any(one["metadata"]["uniq"] == uniq for one in self.kept["unsorted"]):
            return _invalid("uniq")
        contact = self.add("contacts", **body["_embedded"]["contacts"][0])
        contact["hidden"] = not self.accepts
        links = {"contacts": [{"id": contact["id"]}]}
        lead = self.add("leads", **{**body["_embedded"]["leads"][0], "_embedded": links})
        one = {**body, "uid": f"uid-{lead['id']}"}
        one["_embedded"] = {"leads": [{"id": lead["id"]}], **links}
        if not self.accepts:
            self.kept["unsorted"].append(one)
        return _done("unsorted", one)

    def accept(self, uid: str) -> None:
        """A user takes an incoming lead."""
        (one,) = [u for u in self.kept["unsorted"] if u["uid"] == uid]
        self.kept["unsorted"].remove(one)
        ids = [c["id"] for c in one["_embedded"]["contacts"]]
        for contact in self.kept["contacts"]:
            if contact["id"] in ids:
                contact["hidden"] = False

    def _patch(self, parts: list[str], hit: Hit) -> Reply:
        bodies = hit.json if isinstance(hit.json, list) else [{**hit.json, "id": int(parts[-1])}]
        kind = "notes" if "notes" in parts else parts[0]
        for body in bodies:
            found = [e for e in self.kept[kind] if e["id"] == body["id"]]
            if not found:
                return _problem(404, "Not found")
            links = {**found[0]["_embedded"], **body.pop("_embedded", {})}
            links["tags"] = [self._tag(tag) for tag in links.get("tags", [])]
            found[0].update(body, updated_at=int(self.clock()), _embedded=links)
        return Reply({"_embedded": {kind: bodies}}, headers=HAL)

    def _tag(self, tag: dict[str, Any]) -> dict[str, Any]:
        known = [t for t in self.kept["tags"] if tag.items() <= t.items()]
        return known[0] if known else self.keep("tags", name=tag["name"])


def with_phone(phone: str) -> list[dict[str, Any]]:
    """A contact's custom fields with a number as somebody typed it."""
    return [{"field_code": "PHONE", "values": [{"value": phone, "enum_code": "MOB"}]}]


def hook(event: str, *ids: int, subdomain: str = "127") -> str:
    """The form that a webhook posts."""
    fields = {f"leads[{event}][{n}][id]": str(one) for n, one in enumerate(ids)}
    return urlencode({**fields, "account[subdomain]": subdomain, "account[id]": "1"})


def _filtered(found: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
    ids = {value for key, value in query.items() if re.fullmatch(r"filter\[id\]\[\d+\]", key)}
    types = {value for key, value in query.items() if key.startswith("filter[note_type]")}
    if ids:
        found = [one for one in found if str(one["id"]) in ids]
    if types:
        found = [one for one in found if one["note_type"] in types]
    for name in ("created_at", "updated_at"):
        if since := query.get(f"filter[{name}][from]"):
            found = [one for one in found if one[name] >= int(since)]
    return found


def _text(entity: dict[str, Any]) -> str:
    """What the search looks at: digits of numbers, and the name."""
    values = [v["value"] for f in entity.get("custom_fields_values", []) for v in f["values"]]
    digits = ["".join(filter(str.isdigit, str(value))) for value in values]
    return " ".join([*digits, str(entity.get("name"))])


def _done(kind: str, entity: dict[str, Any]) -> Reply:
    return Reply({"_embedded": {kind: [{**entity, "request_id": "0"}]}}, headers=HAL)


def _invalid(path: str) -> Reply:
    error = {"code": "NotSupportedChoice", "path": path, "detail": "The value is not a choice."}
    body = {
        "validation-errors": [{"request_id": "0", "errors": [error]}],
        "title": "Bad Request",
        "status": 400,
    }
    return Reply(body, 400, PROBLEM)


def _problem(status: int, title: str) -> Reply:
    return Reply({"title": title, "status": status, "detail": ""}, status, PROBLEM)
