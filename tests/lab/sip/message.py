"""SIP messages (RFC 3261): text in, fields out."""

import re
import secrets
from dataclasses import dataclass

_COMPACT = {"via": "v", "from": "f", "to": "t", "call-id": "i", "contact": "m"}


@dataclass(frozen=True)
class Message:
    """A request or a response. Header names are lower case, in their order."""

    first: str
    headers: tuple[tuple[str, str], ...]
    body: str

    @classmethod
    def parse(cls, data: bytes) -> "Message":
        """Reads one datagram."""
        head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        pairs = (line.partition(":") for line in lines)
        return cls(first, tuple((k.strip().lower(), v.strip()) for k, _, v in pairs), body)

    @property
    def is_request(self) -> bool:
        """True for INVITE, BYE ..., False for a status line."""
        return not self.first.startswith("SIP/2.0")

    @property
    def method(self) -> str:
        """The request's method; of a response, the method it answers."""
        if self.is_request:
            return self.first.partition(" ")[0]
        return self.get("cseq").rpartition(" ")[2]

    @property
    def code(self) -> int:
        """Status of a response, 0 of a request."""
        return 0 if self.is_request else int(self.first.split(maxsplit=2)[1])

    @property
    def transaction(self) -> tuple[str, str]:
        """(branch, method): what a response and a retransmission are matched by."""
        found = re.search(r"branch=([^;,\s]+)", self.get("via"))
        return (found.group(1) if found else self.get("via"), self.method)

    def get(self, name: str) -> str:
        """First value of a header, "" when absent."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        wanted = (name, _COMPACT.get(name))
        return [value for key, value in self.headers if key in wanted]


def uri(value: str) -> str:
    """The address inside a From, To or Contact."""
    found = re.search(r"<([^>]+)>", value)
    return found.group(1) if found else value.partition(";")[0]


def user(value: str) -> str:
    """The user part of an address: `sip:79161234567@host` gives 79161234567."""
    found = re.search(r"sip:([^@>;]*)@", value)
    return found.group(1) if found else ""


def tag(value: str) -> str:
    """The tag of a From or To, "" before there is one."""
    found = re.search(r"tag=([^;>\s]+)", value)
    return found.group(1) if found else ""


def token(size: int = 10) -> str:
    """A fresh id in hex digits."""
    return secrets.token_hex(size)[:size]


def branch() -> str:
    """A fresh Via branch."""
    return "z9hG4bK" + token(12)
