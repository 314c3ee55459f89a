"""Who may be named in a Host header: the guard against DNS rebinding.

A web page of a stranger can make its own name point to 127.0.0.1 and have the admin's browser read
us under that name. It can't do so under an IP address, `localhost` or a name we were given.
"""

from collections.abc import Awaitable, Callable, Collection
from ipaddress import ip_address

from aiohttp import web
from aiohttp.typedefs import Middleware

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def is_trusted(host: str, names: Collection[str]) -> bool:
    """Whether `host` (a Host header: name or address, perhaps a port) means us.

    >>> is_trusted("[::1]:9147", []), is_trusted("evil.example:9147", [])
    (True, False)
    """
    name = host.rsplit(":", 1)[0] if not host.endswith("]") and ":" in host else host
    name = name.removeprefix("[").removesuffix("]").rstrip(".").lower()
    return name == "localhost" or name in names or _is_address(name)


OUTSIDE = ("/v1/crm/", "/v1/recordings/")
"""Paths that prove themselves to whoever asks, so that they need no trusted name."""


def guard(names: Collection[str], outside: str | None = None) -> Middleware:
    """A middleware that answers 421 to any other name. `names`: lower-case, without a port.

    `outside`: a name by which OUTSIDE may be asked for, and nothing else.
    """

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        known = outside is not None and is_trusted(request.host, (outside.lower(),))
        if known and request.path.startswith(OUTSIDE):
            return await handler(request)
        if not is_trusted(request.host, names):
            text = f"{request.host} is no name of this daemon: call it by its address\n"
            return web.Response(status=421, text=text)
        return await handler(request)

    return check


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
