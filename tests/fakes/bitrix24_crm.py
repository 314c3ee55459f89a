"""Items of the fake portal: leads, deals, contacts, companies, with filters, order and pages."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.crm_base import CrmFake

KINDS = {1: "lead", 2: "deal", 3: "contact", 4: "company"}
PAGE = 50


class Refusal(Exception):  # noqa: N818 - the fake's own
    """An error envelope."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text


def iso(at: float) -> str:
    """As the portal writes moments."""
    return datetime.fromtimestamp(int(at), UTC).isoformat()


def page(rows: list[Any], params: dict[str, Any]) -> tuple[list[Any], int | None]:
    """Fifty from `start` on, and the next start."""
    start = int(params.get("start", 0))
    following = start + PAGE
    return rows[start:following], following if following < len(rows) else None


def _kept(fake: "CrmFake", params: dict[str, Any]) -> list[dict[str, Any]]:
    return fake.kept[KINDS[int(params["entityTypeId"])]]


def add(fake: "CrmFake", params: dict[str, Any]) -> dict[str, Any]:
    """`crm.item.add`: no idempotency at all."""
    now = iso(fake.clock())
    times = {"createdTime": now, "updatedTime": now, "lastActivityTime": now}
    fields = {"stageId": "NEW", "stageSemanticId": "P", **times, **params["fields"]}
    linked = fields.get("contactIds") or []
    return fake.keep(
        KINDS[int(params["entityTypeId"])], contactId=linked[0] if linked else None, **fields
    )


def get(fake: "CrmFake", params: dict[str, Any]) -> dict[str, Any]:
    """`crm.item.get`."""
    for one in _kept(fake, params):
        if one["id"] == int(params["id"]):
            return one
    raise Refusal(400, "NOT_FOUND", "Item not found")


def update(fake: "CrmFake", params: dict[str, Any]) -> dict[str, Any]:
    """`crm.item.update`."""
    item = get(fake, params)
    item.update({**params["fields"], "updatedTime": iso(fake.clock())})
    return item


def found(fake: "CrmFake", params: dict[str, Any]) -> list[dict[str, Any]]:
    """`crm.item.list`, all pages in one."""
    rows = [one for one in _kept(fake, params) if _fits(one, params.get("filter") or {})]
    for field, way in reversed((params.get("order") or {}).items()):
        rows.sort(key=lambda one: _key(one[field]), reverse=way == "DESC")
    return rows


def search(fake: "CrmFake", values: list[str]) -> dict[str, list[int]]:
    """`crm.duplicate.findbycomm`: ids by kind, kinds without any left out."""
    ids = {
        kind: [one["id"] for one in fake.kept[kind] if _has(one, values)]
        for kind in ("lead", "contact", "company")
    }
    return {kind.upper(): some for kind, some in ids.items() if some}


def history(
    rows: list[dict[str, Any]], where: dict[str, Any], number: str | None = None
) -> list[dict[str, Any]]:
    """Rows of an old list method; all scalars are texts. `number`: the name of the id."""
    mine = [one for one in rows if all(str(one.get(f)) == str(v) for f, v in where.items())]
    named = [{**one, number: one["id"]} if number else one for one in mine]
    return [{f: v if v is None else str(v) for f, v in one.items()} for one in named]


def _has(item: dict[str, Any], values: list[str]) -> bool:
    return any(one["value"] in values for one in item.get("fm", []))


def _fits(item: dict[str, Any], where: dict[str, Any]) -> bool:
    return all(_holds(item, name, value) for name, value in where.items())


def _holds(item: dict[str, Any], name: str, value: Any) -> bool:
    field = name.lstrip("@=<>")
    sign, mine = name[: len(name) - len(field)], item.get(field)
    if sign == "@":
        return str(mine) in {str(one) for one in value}
    if sign in {">=", ">"}:
        return _key(mine) > _key(value) or (sign == ">=" and _key(mine) == _key(value))
    return mine is not None and _key(mine) == _key(value)


def _key(value: Any) -> Any:
    """Moments by their time, numbers as numbers, the rest as text."""
    try:
        return 0, float(value), ""
    except (TypeError, ValueError):
        pass
    try:
        return 0, datetime.fromisoformat(value).timestamp(), ""
    except (TypeError, ValueError):
        return 1, 0.0, str(value)
