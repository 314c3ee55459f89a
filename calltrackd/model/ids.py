"""Ids that the same stream gives again when it is replayed."""

from hashlib import blake2b
from uuid import UUID


def call_id(started_at: float, pbx: str, channel: str) -> str:
    """UUIDv7 (RFC 9562) from the start time (unix seconds) and a hash of pbx and first channel.

    >>> call_id(1795423338.002, "hq", "1795423338.31")[:18]
    '01a2efe9-9992-7'
    """
    ms = round(started_at * 1000)
    rest = int.from_bytes(blake2b(f"{pbx}\0{channel}".encode(), digest_size=10).digest(), "big")
    value = (ms & (1 << 48) - 1) << 80 | rest
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(UUID(int=value))
