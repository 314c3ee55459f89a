"""A Bitrix24 portal as its documentation describes it, with every trap of it to be switched.

`kept`: lead, deal, contact, company, task, activity, calls (registered), statistic (finished),
lines, records, transcripts, bindings. Access tokens live an hour of the fake's clock; each refresh
token is good once.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from calltrackd.crm.bitrix24.query import nested
from tests.fakes.bitrix24_crm import Refusal, add, found, get, history, iso, page, search, update
from tests.fakes.crm_base import CrmFake, Hit, Reply

HALF_HOUR = 1800.0


class Bitrix24Fake(CrmFake):
    """The portal, and the vendor's server of tokens behind `/oauth/`."""

    rate: ClassVar[float | None] = 2.0
    burst: ClassVar[int] = 50

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.secret = "s3cr3t-token"
        self.refresh_token = "refresh-0"
        self.previous_token = ""
        self.access: dict[str, float] = {}
        self.users: list[dict[str, Any]] = []
        self.scopes = ["crm", "telephony", "user", "task"]
        self.fields: dict[str, Any] = {"title": {}, "ufCrmTags": {"isMultiple": True}}
        self.named: list[str] = []
        """Methods in the order in which they were asked; a batch's are not."""
        # traps
        self.refresh_is_strict = False
        """A token whose refresh's answer was lost is gone; else it is good until the next one is
        used."""
        self.empty_error = True
        self.empty_as_list = True
        self.binds_at_finish = True
        self.statistics_away = 0
        """So many `attachRecord` and `attachTranscription` come too early."""
        self.batch_drops: list[str] = []
        """Keys that the next batch leaves out."""
        self.batch_errors: dict[str, dict[str, str]] = {}
        self.moved_to: str | None = None
        self.operating: dict[str, float] = {}
        """Method -> when its time is forgotten; until then 429."""

    # -- transport

    def limited(self) -> Reply:
        """Over the rate: 503 without Retry-After."""
        return Reply({"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many"}, 503)

    async def answer(self, hit: Hit) -> Reply:
        """Who asks, and what."""
        if hit.path == "/oauth/token/":
            return self._refresh(hit)
        if self.moved_to is not None:
            return Reply(None, 302, {"Location": f"{self.moved_to}{hit.path}"})
        if hit.path.startswith("/upload/"):
            return self._uploaded(hit)
        *_, name = hit.path.split("/")
        method, params = name.removesuffix(".json"), hit.json or {}
        try:
            self._admit(hit, params)
            self._admit_method(method)
            self.named.append(method)
            return self._envelope(self.do(method, params))
        except Refusal as error:
            body = {"error": error.code, "error_description": error.text}
            return Reply(body, error.status)

    def _admit(self, hit: Hit, params: dict[str, Any]) -> None:
        if hit.path.startswith(f"/rest/1/{self.secret}/"):
            return
        if hit.path.count("/") > 2:
            raise Refusal(401, "INVALID_CREDENTIALS", "Invalid request credentials")
        until = self.access.get(params.get("auth", ""))
        if until is None:
            raise Refusal(401, "NO_AUTH_FOUND", "Wrong authorization data")
        if until <= self.clock():
            raise Refusal(401, "expired_token", "The access token provided has expired.")

    def _admit_method(self, method: str) -> None:
        if self.operating.get(method, 0.0) > self.clock():
            raise Refusal(429, "OPERATION_TIME_LIMIT", "Method is blocked")

    def _envelope(self, told: Any) -> Reply:
        result, following = told if isinstance(told, tuple) else (told, None)
        now = self.clock()
        time = {"finish": now, "operating": 0.1, "operating_reset_at": now + 300}
        body = {"result": result, "time": time}
        if following is not None:
            body["next"] = following
        return Reply(body)

    def _refresh(self, hit: Hit) -> Reply:
        if hit.query["client_secret"] != self.secret:
            return Reply({"error": "invalid_client", "error_description": "?"}, 401)
        given = hit.query["refresh_token"]
        lenient = given == self.previous_token and not self.refresh_is_strict
        if given != self.refresh_token and not lenient:
            return Reply({"error": "invalid_grant", "error_description": "?"}, 400)
        number = len(self.access) + 1
        token, self.previous_token = f"access-{number}", given
        self.refresh_token = f"refresh-{number}"
        self.access[token] = self.clock() + 3600
        pair = {"access_token": token, "refresh_token": self.refresh_token, "user_id": 1}
        return Reply({**pair, "expires_in": 3600, "domain": "x"})

    def expire(self) -> None:
        """Every access token is over."""
        self.access = dict.fromkeys(self.access, 0.0)

    def forget(self) -> None:
        """Calls that are not finished are not known any more."""
        for call in self.kept["calls"]:
            call["over"] = True

    def empty(self, value: dict[str, Any]) -> Any:
        """An object as PHP writes it."""
        return [] if not value and self.empty_as_list else value

    # -- methods

    def do(self, method: str, params: dict[str, Any]) -> Any:
        """One method's result, or (result, next)."""
        known: dict[str, Callable[[dict[str, Any]], Any]] = {
            "batch": self._batch,
            "scope": lambda _: self.scopes,
            "user.get": lambda p: page(self.users, p),
            "crm.duplicate.findbycomm": lambda p: self.empty(search(self, p["values"])),
            "crm.item.add": lambda p: {"item": add(self, p)},
            "crm.item.update": lambda p: {"item": update(self, p)},
            "crm.item.get": lambda p: {"item": get(self, p)},
            "crm.item.list": lambda p: {"items": found(self, p)[:50]},
            "crm.item.fields": lambda _: {"fields": self.fields},
            "crm.status.list": lambda _: [{"STATUS_ID": "CALL"}, {"STATUS_ID": "WEB"}],
            "crm.activity.add": lambda p: self.keep("activity", **p["fields"])["id"],
            "crm.activity.update": self._reword,
            "crm.activity.list": lambda p: history(self.kept["activity"], p["filter"], "ID"),
            "crm.activity.binding.add": self._bind,
            "tasks.task.add": self._add_task,
            "tasks.task.list": self._tasks,
            "telephony.externalLine.add": self._line,
            "telephony.externalCall.register": self._register,
            "telephony.externalCall.show": self._show,
            "telephony.externalCall.hide": self._hide,
            "telephony.externalCall.finish": self._finish,
            "telephony.externalCall.attachRecord": self._attach,
            "telephony.call.attachTranscription": self._transcribe,
            "voximplant.statistic.get": lambda p: history(self.kept["statistic"], p["FILTER"]),
        }
        if method not in known:
            raise Refusal(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
        return known[method](params)

    def _batch(self, params: dict[str, Any]) -> Any:
        results: dict[str, Any] = {}
        errors: dict[str, Any] = dict(self.batch_errors)
        dropped, self.batch_drops, self.batch_errors = self.batch_drops, [], {}
        for key, text in params["cmd"].items():
            method, _, query = text.partition("?")
            if key not in dropped and key not in errors:
                results[key] = self.do(method, _listed(nested(query)))
        return {"result": self.empty(results), "result_error": self.empty(errors)}

    def _reword(self, params: dict[str, Any]) -> bool:
        (entry,) = [one for one in self.kept["activity"] if one["id"] == params["id"]]
        entry.update(params["fields"])
        return True

    def _bind(self, params: dict[str, Any]) -> bool:
        if params in self.kept["bindings"]:
            raise Refusal(400, "", "Activity is already bound to this entity")
        self.kept["bindings"].append(params)
        return True

    def _add_task(self, params: dict[str, Any]) -> Any:
        task = self.keep("task", **params["fields"], created=self.clock())
        return {"task": {"id": str(task["id"])}}

    def _tasks(self, params: dict[str, Any]) -> Any:
        tasks = [
            {"id": str(one["id"]), "description": one["DESCRIPTION"]}
            for one in reversed(self.kept["task"])
            if iso(one["created"]) >= params["filter"][">=CREATED_DATE"]
        ]
        rows, following = page(tasks, params)
        return {"tasks": rows}, following

    # -- telephony

    def _line(self, params: dict[str, Any]) -> Any:
        if any(one["NUMBER"] == params["NUMBER"] for one in self.kept["lines"]):
            raise Refusal(400, "ERROR_CORE", "Line already exists")
        return {"ID": self.keep("lines", **params)["id"]}

    def _register(self, params: dict[str, Any]) -> Any:
        if not params.get("USER_ID") and not params.get("USER_PHONE_INNER"):
            raise Refusal(400, "ERROR_CORE", "USER_ID or USER_PHONE_INNER should be set")
        names = ("PHONE_NUMBER", "TYPE", "USER_ID", "LINE_NUMBER", "EXTERNAL_CALL_ID")
        key = [params.get(name) for name in names]
        now = self.clock()
        for one in self.kept["calls"]:
            if one["key"] == key and not one["over"] and now - one["at"] < HALF_HOUR:
                return {"CALL_ID": one["id"], "CRM_CREATED_ENTITIES": []}
        self._ids += 1
        name = f"externalCall.{self._ids}.{int(now)}"
        self.keep("calls", id=name, key=key, at=now, over=False, shown=set(), **params)
        return {"CALL_ID": name, "CRM_CREATED_LEAD": None, "CRM_CREATED_ENTITIES": []}

    def _call(self, params: dict[str, Any]) -> dict[str, Any] | None:
        fits = (
            one for one in self.kept["calls"] if one["id"] == params["CALL_ID"] and not one["over"]
        )
        return next(fits, None)

    def _show(self, params: dict[str, Any]) -> bool:
        if (call := self._call(params)) is None:
            return False
        call["shown"] |= set(params["USER_ID"])
        return True

    def _hide(self, params: dict[str, Any]) -> bool:
        if (call := self._call(params)) is None:
            return False
        call["shown"] -= set(params["USER_ID"])
        return True

    def _finish(self, params: dict[str, Any]) -> Any:
        if (call := self._call(params)) is None:
            code = "" if self.empty_error else "ERROR_NOT_FOUND"
            text = "Call is not found (call should be registered prior to finishing"
            raise Refusal(400, code, text)
        call["over"] = True
        kind, entity = call.get("CRM_ENTITY_TYPE", ""), call.get("CRM_ENTITY_ID")
        if not entity and self.binds_at_finish:
            mine = search(self, [call["PHONE_NUMBER"]])
            kind, entity = next(((one, ids[0]) for one, ids in mine.items()), ("", None))
        activity = self.keep("activity", call=call["id"])["id"] if entity else None
        row = {
            "CALL_ID": call["id"],
            "EXTERNAL_CALL_ID": call["EXTERNAL_CALL_ID"],
            "CALL_FAILED_CODE": params["STATUS_CODE"],
            "CALL_DURATION": str(params["DURATION"]),
            "PORTAL_USER_ID": str(params["USER_ID"]),
            "CRM_ENTITY_TYPE": kind,
            "CRM_ENTITY_ID": entity,
            "CRM_ACTIVITY_ID": activity,
            "TRANSCRIPT_ID": None,
        }
        return {**self.keep("statistic", **row), "CALL_START_DATE": {}}

    def _finished(self, params: dict[str, Any], text: str) -> dict[str, Any]:
        rows = [one for one in self.kept["statistic"] if one["CALL_ID"] == params["CALL_ID"]]
        if self.statistics_away or not rows:
            self.statistics_away = max(0, self.statistics_away - 1)
            raise Refusal(400, "ERROR_CORE", text)
        return rows[0]

    def _attach(self, params: dict[str, Any]) -> Any:
        text = "Call is not found in the statistic table. It looks like it is not finished yet."
        self._finished(params, text)
        if "RECORD_URL" in params:
            self.keep("records", **params)
            return {"FILE_ID": len(self.kept["records"])}
        token = f"token-of-{params['CALL_ID']}"
        return {"uploadUrl": f"{self.url}/upload/?token={token}", "fieldName": "file"}

    def _uploaded(self, hit: Hit) -> Reply:
        call = hit.query["token"].removeprefix("token-of-")
        old = [one for one in self.kept["records"] if one["CALL_ID"] != call]
        self.kept["records"] = old
        self.keep("records", CALL_ID=call, body=hit.body)
        return Reply({"result": {"FILE_ID": 1}})

    def _transcribe(self, params: dict[str, Any]) -> Any:
        row = self._finished(params, f"Call {params['CALL_ID']} is not found. Is it finished?")
        row["TRANSCRIPT_ID"] = self.keep("transcripts", **params)["id"]
        return {"TRANSCRIPT_ID": row["TRANSCRIPT_ID"]}


def _listed(value: Any) -> Any:
    """Objects whose keys count are lists to PHP."""
    if not isinstance(value, dict):
        return value
    items = {key: _listed(one) for key, one in value.items()}
    return list(items.values()) if items and all(key.isdigit() for key in items) else items
