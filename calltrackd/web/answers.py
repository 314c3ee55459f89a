"""Answers of the local port: JSON that nobody caches."""

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web


def shown(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """The data as JSON."""
    return web.Response(
        body=msgspec.json.encode(data),
        status=status,
        headers={
            "Content-Type": "application/json",
            "Cache-Control": "no-store",
            **(headers or {}),
        },
    )


def error(status: int, why: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """A refusal with its reason."""
    return shown({"error": why}, status, headers)
