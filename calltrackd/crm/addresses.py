"""Where a webhook may go: nowhere inside, unless the target's settings allow it.

Names are resolved here and the connection is made to exactly the addresses that passed, so a name
that changes its mind between check and connect (DNS rebinding) gains nothing. Literal addresses
are not resolved by aiohttp and are checked from the URL.
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from socket import AF_UNSPEC, AddressFamily

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver

_TRANSLATED = IPv6Network("64:ff9b::/96")
"""NAT64 (RFC 6052): the last four bytes are an IPv4 address."""
_COMPATIBLE = IPv6Network("::/96")
"""IPv4-compatible (RFC 4291, deprecated), some stacks still route it."""


class PrivateAddressError(OSError):
    """The name or address leads inside; the text names it."""


def _inner(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one wraps, if any."""
    if address in _TRANSLATED or address in _COMPATIBLE:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


def is_inside(text: str) -> bool:
    """True for loopback, private, link-local, shared, reserved and multicast addresses.

    >>> [is_inside(a) for a in ("8.8.8.8", "10.0.0.1", "::ffff:127.0.0.1", "169.254.169.254")]
    [False, True, True, True]
    """
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and (inner := _inner(address)) is not None:
        address = inner
    return address.is_multicast or not address.is_global


def literal(host: str) -> str | None:
    """The host as an address when it is written as one, else None."""
    try:
        return str(ip_address(host))
    except ValueError:
        return None


class GuardedResolver(AbstractResolver):
    """Resolves names to addresses outside; raises PrivateAddressError when none is left."""

    def __init__(self, inner: AbstractResolver | None = None) -> None:
        self._resolver = inner or DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AF_UNSPEC
    ) -> list[ResolveResult]:
        """Addresses of `host` that are outside. Raises OSError."""
        found = await self._resolver.resolve(host, port, family)
        outside = [one for one in found if not is_inside(one["host"])]
        if found and not outside:
            raise PrivateAddressError(f"{host} leads to the private address {found[0]['host']}")
        return outside

    async def close(self) -> None:
        """Lets go of the resolver underneath."""
        await self._resolver.close()
