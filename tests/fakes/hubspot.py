"""HubSpot as its contracts describe it, with its traps to be switched on.

Kept: contacts, companies, deals, calls, tasks. Reading by id or unique property knows at once what
was written, the search lags by `lag_s`. Limits are rolling windows: of ten seconds for all, of one
second for searches.
"""

import re
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from tests.fakes.crm_base import CrmFake, Hit, Reply, Window
from tests.fakes.hubspot_search import fits

KINDS = ("contacts", "companies", "deals", "calls", "tasks")
SEARCHABLE = ("hs_searchable_calculated_phone_number", "hs_searchable_calculated_mobile_number")
CONNECTED = "f240bbac-87c9-4f6e-bf70-924b57d47db7"
COMMON = ("hs_object_id", "hubspot_owner_id", "createdate", "hs_lastmodifieddate")
PROPERTIES: dict[str, tuple[str, ...]] = {
    "contacts": (
        "firstname", "lastname", "phone", "mobilephone", "notes_last_updated", "utm_source",
        "utm_medium", "utm_campaign", "gclid", *SEARCHABLE,
    ),
    "companies": ("name", "phone", "notes_last_updated", SEARCHABLE[0]),
    "deals": (
        "dealname", "pipeline", "dealstage", "amount", "deal_currency_code", "closedate",
        "hs_is_closed", "hs_is_closed_won", "calltrackd_tags", "utm_source", "utm_medium",
        "utm_campaign", "utm_term", "utm_content", "gclid",
    ),
    "calls": (
        "hs_timestamp", "hs_call_title", "hs_call_direction", "hs_call_status",
        "hs_call_duration", "hs_call_from_number", "hs_call_to_number", "hs_call_source",
        "hs_call_disposition", "hs_call_body", "hs_call_recording_url", "calltrackd_tags",
    ),
    "tasks": (
        "hs_timestamp", "hs_task_subject", "hs_task_body", "hs_task_status", "hs_task_priority",
        "hs_task_type",
    ),
}  # fmt: skip
UNIQUE = {"contacts": "calltrackd_phone", "deals": "calltrackd_call", "calls": "calltrackd_call"}
STAGES = (("qualified", 1), ("new", 0), ("closedwon", 2), ("closedlost", 3))
TYPES = (("deals", "contacts", 3), ("deals", "companies", 341))
A_DAY_S = 86_400.0


class Refusal(Exception):  # noqa: N818 - says what is
    """A request that is not taken."""

    def __init__(self, status: int, category: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.reply = Reply(
            {"status": "error", "category": category, "message": message,
             "correlationId": "c0ffee", **more},
            status,
        )  # fmt: skip


class HubspotFake(CrmFake):
    """The account 4242 with three owners.

    Traps: `lag_s` (the index does not know what is younger), `token_life_s` and `oauth`, `lacks`
    (kinds for which a scope is missing), `partial` (errors inside a 207 that the next upserts
    give instead of doing anything), `a_page` (the most entities of a page), `a_day` (requests
    allowed in a day).
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.token = "s3cr3t-token"
        self.oauth = False
        self.refresh_token = "refresh-token-0"
        self.token_until: float | None = None
        self.token_life_s = 1800.0
        self.refreshes = 0
        self.lag_s = 5.0
        self.a_window, self.searches_a_second, self.a_day = 190, 5, 1_000_000
        self.a_page = 100
        self.lacks: dict[str, str] = {}
        self.shows_account = True
        self.partial: deque[dict[str, Any]] = deque()
        self.unique = {kind: {name} for kind, name in UNIQUE.items()}
        self.properties = {
            kind: {*names, *COMMON, *self.unique.get(kind, ())}
            for kind, names in PROPERTIES.items()
        }
        self.owners = [
            {"id": "11", "email": "anna@example.com", "firstName": "Anna", "lastName": "A"},
            {"id": "12", "email": "boris@example.com", "firstName": "", "lastName": ""},
            {"id": "13", "email": "vera@example.com", "firstName": "Vera", "lastName": "V"},
        ]
        self._linked: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
        self._holders: dict[tuple[str, str, str], str] = {}
        """Kind, unique property, value -> who bore it last."""
        self._recent, self._searches, self._today = Window(10.0), Window(1.0), Window(A_DAY_S)
        self._policy = ""

    # -- limits

    def use_clock(self, clock: Callable[[], float]) -> None:
        super().use_clock(clock)
        for one in (self._recent, self._searches, self._today):
            one.clear()

    def _over(self, hit: Hit) -> bool:
        """Requests that are refused count as well."""
        self._policy = ""
        limits = [(self._recent, self.a_window, "TEN_SECONDLY_ROLLING")]
        if hit.path.endswith("/search"):
            limits.append((self._searches, self.searches_a_second, "SECONDLY"))
        for window, most, policy in [*limits, (self._today, self.a_day, "DAILY")]:
            if window.add(hit.sent_at) > most:
                self._policy = policy
        return bool(self._policy)

    def limited(self) -> Reply:
        body = {"status": "error", "category": "RATE_LIMITS", "policyName": self._policy}
        return Reply({**body, "message": "You have reached your limit."}, 429)

    # -- the test's hands

    def add(self, kind: str, **properties: Any) -> str:
        """An entity that somebody else made long ago; its id."""
        return str(self._made(kind, properties, at=self.clock() - 1000.0)["id"])

    def link(self, kind: str, one: str, other_kind: str, other: str) -> None:
        """Associate two entities."""
        self._linked[kind, one, other_kind].add(other)
        self._linked[other_kind, other, kind].add(one)

    def linked(self, kind: str, one: str, other_kind: str) -> list[str]:
        """Ids of the associated."""
        return sorted(self._linked.get((kind, one, other_kind), ()), key=int)

    def one(self, kind: str, entity: str) -> dict[str, Any] | None:
        """An entity by its id; ids grow."""
        if not entity.isdecimal():
            return None
        kept = self.kept[kind]
        at = bisect_left(kept, int(entity), key=lambda one: int(one["id"]))
        return kept[at] if at < len(kept) and kept[at]["id"] == entity else None

    def touch(self, deal: str, at: float, **properties: Any) -> None:
        """A user changes a deal."""
        entity = self.one("deals", deal)
        assert entity is not None
        entity["properties"] |= properties | {"hs_lastmodifieddate": iso(at)}

    # -- requests

    async def answer(self, hit: Hit) -> Reply:
        try:
            if hit.path == "/oauth/v1/token":
                return self._refreshed(hit)
            self._authorise(hit)
            return self._routed(hit)
        except Refusal as refusal:
            return refusal.reply

    def _authorise(self, hit: Hit) -> None:
        over = self.token_until is not None and self.clock() > self.token_until
        if hit.headers.get("authorization") != f"Bearer {self.token}" or over:
            raise Refusal(401, "EXPIRED_AUTHENTICATION", f"token {hit.headers['authorization']}")

    def _refreshed(self, hit: Hit) -> Reply:
        form = {name: value[0] for name, value in parse_qs(hit.body.decode()).items()}
        if form["refresh_token"] != self.refresh_token or form["client_secret"] != "s3cr3t-token":
            return Reply({"status": "BAD_REFRESH_TOKEN", "message": "missing or unknown"}, 400)
        self.refreshes += 1
        self.token = f"access-token-{self.refreshes}"
        self.token_until = self.clock() + self.token_life_s
        return Reply(
            {"access_token": self.token, "refresh_token": self.refresh_token,
             "expires_in": self.token_life_s},
        )  # fmt: skip

    def _routed(self, hit: Hit) -> Reply:
        # dated paths are the same, the version stands elsewhere
        path = re.sub(r"^/crm/(\w+)/20\d\d-\d\d", r"/crm/v3/\1", hit.path)
        path = path.replace("/crm/v4/", "/crm/v3/")
        routes: list[tuple[str, Callable[..., Reply]]] = [
            (r"/account-info/(?:v3|20\d\d-\d\d)/details", self._account),
            (r"/crm/v3/(owners)", self._listed),
            (r"/crm/v3/properties/(\w+)", self._listed_properties),
            (r"/crm/v3/(pipelines)/deals", self._listed),
            (r"/crm/v3/associations/(\w+)/(\w+)/batch/read", self._associations),
            (r"/crm/v3/associations/(\w+)/(\w+)/labels", self._labels),
            (r"/crm/v3/objects/(\w+)/(\w+)/associations/default/(\w+)/(\w+)", self._associate),
            (r"/crm/v3/objects/(\w+)/batch/read", self._read),
            (r"/crm/v3/objects/(\w+)/batch/upsert", self._upsert),
            (r"/crm/v3/objects/(\w+)/search", self._search),
            (r"/crm/v3/objects/(\w+)/(\w+)", self._change),
            (r"/crm/v3/objects/(\w+)", self._create),
        ]
        for pattern, route in routes:
            if found := re.fullmatch(pattern, path):
                self._allow(found.groups())
                return route(hit, *found.groups())
        raise Refusal(404, "OBJECT_NOT_FOUND", f"no {hit.path}")

    def _allow(self, parts: tuple[str, ...]) -> None:
        for kind in parts:
            if scope := self.lacks.get(kind):
                context = {"requiredGranularScopes": [scope]}
                errors = [{"message": "scopes are required", "context": context}]
                raise Refusal(403, "MISSING_SCOPES", "not granted", errors=errors)

    # -- what seldom changes

    def _account(self, _hit: Hit) -> Reply:
        if not self.shows_account:
            raise Refusal(403, "MISSING_SCOPES", "not granted")
        return Reply({"portalId": 4242, "companyCurrency": "RUB", "uiDomain": "app.hubspot.com"})

    def _listed(self, hit: Hit, what: str) -> Reply:
        stages = [{"id": name, "label": name, "displayOrder": n} for name, n in STAGES]
        pipelines = [{"id": "default", "label": "Sales", "stages": stages}]
        return self._page(hit.query, self.owners if what == "owners" else pipelines)

    def _listed_properties(self, _hit: Hit, kind: str) -> Reply:
        listed = [
            {
                "name": name,
                "hasUniqueValue": name in self.unique.get(kind, ()),
                "options": [{"value": CONNECTED}] if name == "hs_call_disposition" else [],
            }
            for name in sorted(self.properties[kind])
        ]
        return Reply({"results": listed})

    def _page(self, given: dict[str, Any], rows: list[Any]) -> Reply:
        start, length = int(given.get("after", 0)), min(int(given.get("limit", 100)), self.a_page)
        body: dict[str, Any] = {"total": len(rows), "results": rows[start : start + length]}
        if start + length < len(rows):
            body["paging"] = {"next": {"after": str(start + length)}}
        return Reply(body)

    # -- entities

    def _search(self, hit: Hit, kind: str) -> Reply:
        given = hit.json
        if len(given["filterGroups"]) > 5:
            raise Refusal(400, "VALIDATION_ERROR", "at most 5 groups of filters")
        seen = [one for one in self.kept[kind] if one["at"] <= self.clock() - self.lag_s]
        found = [one for one in seen if fits(one["properties"], given["filterGroups"])]
        for sort in given.get("sorts", []):
            found.sort(key=lambda one: one["properties"].get(sort["propertyName"]) or "")
        return self._page(given, [shown(one, given["properties"]) for one in found])

    def _read(self, hit: Hit, kind: str) -> Reply:
        given, found, errors = hit.json, [], []
        by = given.get("idProperty")
        if by is not None and by not in self.unique.get(kind, ()):
            raise Refusal(400, "VALIDATION_ERROR", f"{by} is not unique")
        for one in given["inputs"]:
            entity = self._by(kind, by, one["id"]) if by else self.one(kind, one["id"])
            if entity is None:
                errors.append({"status": "error", "category": "OBJECT_NOT_FOUND", "context": {}})
            else:
                found.append(shown(entity, given["properties"]))
        return batch(found, errors)

    def _create(self, hit: Hit, kind: str) -> Reply:
        properties = hit.json["properties"]
        self._validate(kind, properties)
        beside = [self._beside(kind, one) for one in hit.json.get("associations", [])]
        made = self._made(kind, properties, at=self.clock())
        for other_kind, other in beside:
            self.link(kind, made["id"], other_kind, other)
        return Reply(shown(made, list(properties)), 201)

    def _change(self, hit: Hit, kind: str, entity: str) -> Reply:
        found = self.one(kind, entity)
        if found is None:
            raise Refusal(404, "OBJECT_NOT_FOUND", "resource not found")
        properties = hit.json["properties"]
        self._validate(kind, properties, itself=found)
        self._write(kind, found, properties)
        return Reply(shown(found, list(properties)))

    def _upsert(self, hit: Hit, kind: str) -> Reply:
        if self.partial:
            return batch([], [self.partial.popleft()])
        made = []
        for one in hit.json["inputs"]:
            if one["idProperty"] not in self.unique.get(kind, ()):
                raise Refusal(400, "VALIDATION_ERROR", f"non-unique property {one['idProperty']}")
            entity = self._by(kind, one["idProperty"], one["id"])
            properties = {**one["properties"], one["idProperty"]: one["id"]}
            self._validate(kind, properties, itself=entity)
            if entity is None:
                entity = self._made(kind, properties, at=self.clock())
            self._write(kind, entity, properties)
            made.append(shown(entity, list(properties)))
        return batch(made, [])

    def _validate(
        self, kind: str, properties: dict[str, Any], itself: dict[str, Any] | None = None
    ) -> None:
        if unknown := set(properties) - self.properties[kind]:
            text = f"Property {sorted(unknown)} does not exist"
            raise Refusal(400, "VALIDATION_ERROR", text, errors=[{"code": "PROPERTY_DOESNT_EXIST"}])
        for name in self.unique.get(kind, set()) & properties.keys():
            if self._by(kind, name, properties[name]) not in (None, itself):
                text = "CONFLICTING_UNIQUE_VALUE: another one already has that value"
                raise Refusal(400, "VALIDATION_ERROR", text)
        if kind == "deals" and itself is None and not properties.get("dealstage"):
            raise Refusal(400, "VALIDATION_ERROR", "dealstage is required")
        if kind in {"calls", "tasks"} and itself is None and not properties.get("hs_timestamp"):
            raise Refusal(400, "VALIDATION_ERROR", "hs_timestamp is required")

    def _by(self, kind: str, name: str, value: str) -> dict[str, Any] | None:
        holder = self.one(kind, self._holders.get((kind, name, value), ""))
        return holder if holder and holder["properties"].get(name) == value else None

    def _write(self, kind: str, entity: dict[str, Any], properties: dict[str, Any]) -> None:
        entity["properties"] |= properties
        for name in self.unique.get(kind, set()) & properties.keys():
            self._holders[kind, name, properties[name]] = entity["id"]

    def _made(self, kind: str, properties: dict[str, Any], at: float) -> dict[str, Any]:
        made = {"createdate": iso(at), "hs_lastmodifieddate": iso(at), **properties}
        if kind == "deals":
            made = {"hs_is_closed": "false", "hs_is_closed_won": "false", **made}
        for name, source in zip(SEARCHABLE, ("phone", "mobilephone"), strict=True):
            if made.get(source):
                made[name] = re.sub(r"\D", "", made[source])[-10:]
        self._ids += 1
        entity = self.keep(kind, id=str(self._ids), properties={}, at=at)
        self._write(kind, entity, made)
        return entity

    # -- associations

    def _beside(self, kind: str, given: dict[str, Any]) -> tuple[str, str]:
        """Kind and id of what something new is to stand by."""
        type_id = given["types"][0]["associationTypeId"]
        other_kind = next(other for of, other, one in TYPES if (of, one) == (kind, type_id))
        if self.one(other_kind, given["to"]["id"]) is None:
            raise Refusal(400, "VALIDATION_ERROR", "one of them is gone")
        return other_kind, given["to"]["id"]

    def _labels(self, _hit: Hit, kind: str, other: str) -> Reply:
        listed = [
            {"category": "HUBSPOT_DEFINED", "typeId": one, "label": None}
            for of, to, one in TYPES
            if (of, to) == (kind, other)
        ]
        return Reply(
            {"results": [{"category": "USER_DEFINED", "typeId": 1, "label": "x"}, *listed]}
        )

    def _associations(self, hit: Hit, kind: str, other: str) -> Reply:
        found, errors = [], []
        for one in hit.json["inputs"]:
            ids = self.linked(kind, one["id"], other)
            start = int(one.get("after", 0))
            if not ids:
                sub = "crm.associations.NO_ASSOCIATIONS_FOUND"
                errors.append({"category": "OBJECT_NOT_FOUND", "subCategory": sub})
                continue
            part = ids[start : start + self.a_page]
            row: dict[str, Any] = {
                "from": {"id": one["id"]},
                "to": [{"toObjectId": int(to), "associationTypes": []} for to in part],
            }
            if start + self.a_page < len(ids):
                row["paging"] = {"next": {"after": str(start + self.a_page)}}
            found.append(row)
        return batch(found, errors)

    def _associate(self, _hit: Hit, kind: str, one: str, other_kind: str, other: str) -> Reply:
        if self.one(kind, one) is None or self.one(other_kind, other) is None:
            raise Refusal(404, "OBJECT_NOT_FOUND", "one of them is gone")
        self.link(kind, one, other_kind, other)
        return Reply({"status": "COMPLETE", "results": [{}, {}]})


def batch(results: list[Any], errors: list[Any]) -> Reply:
    """A batch's answer: 207 as soon as one part failed."""
    body: dict[str, Any] = {"status": "COMPLETE", "results": results}
    if errors:
        body |= {"errors": errors, "numErrors": len(errors)}
    return Reply(body, 207 if errors else 200)


def shown(entity: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """As the API gives it: the asked properties, null where they are empty."""
    values = {name: entity["properties"].get(name) for name in (*names, "createdate")}
    return {"id": entity["id"], "properties": values, "archived": False}


def iso(at: float) -> str:
    """Moments as the API has them."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
