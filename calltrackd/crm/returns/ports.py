"""What a connector may offer for coming back; each is optional, and asked for by `isinstance`.

A connector raises Trouble (`crm.trouble`); any other error is taken for an outage.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Protocol, runtime_checkable

import msgspec

from calltrackd.model.deal import Deal, DealKind


class Posted(msgspec.Struct, frozen=True):
    """An inbound webhook as it came."""

    path: str
    """What follows `/v1/crm/TARGET/`; empty where nothing does."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """By names in lower case."""
    body: bytes
    at: float
    """When it came, unix seconds."""
    url: str = ""
    """The address that the CRM called, which some sign: `[web] public_url` with path and query."""

    @property
    def content_type(self) -> str:
        """The type of the body as the header has it."""
        return self.headers.get("content-type", "")


class Told(msgspec.Struct):
    """What a webhook says: deals to be read again, and, of a CRM that can't be read, deals."""

    keys: list[tuple[DealKind, str]] = []
    """Kind and id of each deal."""
    deals: list[Deal] = []


@runtime_checkable
class Inbox(Protocol):
    """Takes the CRM's webhooks."""

    def verify(self, posted: Posted) -> bool:
        """Whether the CRM sent it: a signature, token or secret path, compared in constant time.

        Pure and quick: it runs before the CRM gets its answer.
        """

    def told(self, content_type: str, body: bytes) -> Told:
        """What it says. ValueError: it can't be read, and never will be.

        No more than this of a webhook is kept, for path and headers may bear the secret; fields of
        the body that do are masked by then (`returns.masking`).
        """


@runtime_checkable
class Deals(Protocol):
    """Reads deals over the CRM's API."""

    async def read_deal(self, deal_id: str, kind: DealKind = "deal") -> Deal | None:
        """The deal as it is now; None: there is none of that id."""

    def changed_deals(self, since: float) -> AsyncIterator[list[Deal]]:
        """Pages of the deals that changed at `since` or later (unix seconds, the CRM's clock).

        The oldest change first.
        """


class Found(Protocol):
    """A user of the CRM, as a connector tells of him."""

    @property
    def id(self) -> str:
        """The user's id in the CRM."""

    @property
    def name(self) -> str | None:
        """How he is called."""

    @property
    def extension(self) -> str | None:
        """Where he is reached."""


@runtime_checkable
class Lookup(Protocol):
    """Knows whose client it is."""

    async def responsible(self, phone: str) -> Found | None:
        """The manager of the client with this number (E.164)."""
