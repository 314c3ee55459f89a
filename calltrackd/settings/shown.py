"""The settings as they may be shown to anybody: each value with its path, secrets hidden."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

from calltrackd.settings import errors

HIDDEN = "(hidden)"


def shown(settings: BaseModel) -> Iterator[tuple[errors.Path, Any]]:
    """(path, value) of every setting in the models' order; values are plain JSON.

    Secrets are `(hidden)`, empty ones empty. Of addresses only scheme and host are left: paths and
    queries of webhooks bear tokens, database addresses passwords.
    """
    yield from _walk((), settings)


def _walk(path: errors.Path, value: Any) -> Iterator[tuple[errors.Path, Any]]:
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _walk((*path, name), getattr(value, name))
    elif isinstance(value, list) and any(isinstance(one, BaseModel) for one in value):
        for index, one in enumerate(value):
            yield from _walk((*path, index), one)
    else:
        yield path, _address(value) if path[-1] == "url" else _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return HIDDEN if value.get_secret_value() else ""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return str(value) if isinstance(value, Path) else value


def _address(value: str | SecretStr | None) -> str | None:
    if value is None:
        return None
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    parts = urlsplit(text)
    if parts.scheme == "sqlite":
        return text
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}/..."
