"""Parameters as PHP reads them in a query: a batch's commands are written so (pure)."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode


def command(method: str, params: dict[str, Any]) -> str:
    """A batch's command.

    >>> command("crm.item.list", {"filter": {"@id": [7, 8]}})
    'crm.item.list?filter%5B%40id%5D%5B0%5D=7&filter%5B%40id%5D%5B1%5D=8'
    """
    return f"{method}?{urlencode(list(_flat(params)))}"


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, one in items:
            yield from _flat(one, f"{name}[{key}]" if name else str(key))
    else:
        yield name, "" if value is None else str(value)


def nested(text: str) -> dict[str, Any]:
    """A form body with PHP's brackets as objects; keys that count stay keys.

    ValueError: a name is a value in one place and an object in another.

    >>> nested("event=X&data[FIELDS][ID]=7&auth%5Bdomain%5D=d")
    {'event': 'X', 'data': {'FIELDS': {'ID': '7'}}, 'auth': {'domain': 'd'}}
    """
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=1000):
        *path, last = name.replace("]", "").split("[")
        place = found
        for part in path:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise ValueError(f"{part} is a value and an object")  # noqa: TRY004 - the text is wrong
        place[last] = value
    return found
