"""A CRM that is owed events: what it wants to hear, and how it is spoken to."""

import re
from fnmatch import translate
from functools import lru_cache
from typing import Any, Literal, TypeVar

import msgspec

from calltrackd.model.call import CallRecord, Direction, Step
from calltrackd.settings import CrmTarget as CrmSettings
from calltrackd.settings import Mapping, Settings, WebhookTarget, signing_key

STEPS: frozenset[Step] = frozenset({"started", "answered", "ended", "updated", "alert"})
"""What changes a record for good; `ringing`, which does not, is told to whom it was promised."""
RINGING: frozenset[Step] = frozenset({"ringing"})
OUTSIDE: frozenset[Direction] = frozenset({"inbound", "outbound"})
KindT = TypeVar("KindT", bound=CrmSettings)


class Wants(msgspec.Struct, frozen=True, kw_only=True):
    """Which events a target hears of. By default: all calls with a client, without `ringing`."""

    events: frozenset[Step] = STEPS
    directions: frozenset[Direction] = OUTSIDE
    numbers: tuple[str, ...] = ()
    """DIDs or patterns (`+7495*`); empty: all."""
    tracked_only: bool = False
    """Only calls on the tracking numbers of the settings."""
    mask_numbers: bool = False
    """The client's numbers go out as `+7916***4567`."""

    def __call__(self, record: CallRecord, step: Step) -> Step | None:
        """The step as the target is to hear of it, None: not at all.

        An alert changes the record as well: who does not want alerts hears of an update.
        """
        heard: Step = "updated" if step == "alert" and step not in self.events else step
        return heard if heard in self.events and self._fits(record) else None

    def hears_on(self, did: str | None) -> bool:
        """Whether calls on that number can be of interest; None: on whichever."""
        return did is None or not self.numbers or _fits(self.numbers, did)

    def _fits(self, record: CallRecord) -> bool:
        return (
            record.direction in self.directions
            and (record.tracked or not self.tracked_only)
            and (not self.numbers or _fits(self.numbers, record.did))
        )


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Another body than ours: templates by field, see `webhook.mapping`."""

    format: Literal["json", "form", "query"] = "json"
    fields: dict[str, Any]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One target of the settings: what the dispatcher needs to know of it."""

    name: str
    wants: Wants = Wants()
    concurrency: int = 8
    """Rows on their way at once; those of one call are never at once."""
    reserved: int = 0
    """So many of them are kept for calls that ring."""
    give_up_s: float = 72 * 3600.0
    """A row that fails for so long becomes a dead letter."""
    stale_s: float = 10.0
    """What ringing phones wait for, and could not be sent for so long, is dropped once the call was
    answered."""


class HookTarget(Target, frozen=True, kw_only=True):
    """A receiver of webhooks, checked and with its secrets decoded."""

    url: str
    keys: tuple[bytes, ...] = ()
    """Signing keys; two while a secret is rotated; none: unsigned."""
    method: str = "POST"
    headers: dict[str, str] = {}
    shape: Shape | None = None
    allow_private: bool = False
    ca_file: str | None = None
    """PEM file of an authority of the house, beside the system's."""
    connect_s: float = 3.0
    answer_s: float = 10.0
    """For the whole request, connecting included."""


class CrmTarget(Target, frozen=True, kw_only=True):
    """A CRM; its connector reads the rest from its own settings."""

    settings: CrmSettings
    own_numbers: frozenset[str] = frozenset()
    """E.164 of the company's own lines: they are nobody's client."""
    region: str = "RU"

    def settings_as(self, kind: type[KindT]) -> KindT:
        """The settings of the connector that they led to. Raises TypeError for others."""
        if not isinstance(self.settings, kind):
            raise TypeError(f"not {kind.__name__}: {self.settings.kind}")
        return self.settings


def targets_of(settings: Settings) -> list[Target]:
    """Who is told, as the settings name them."""
    own = frozenset(settings.own_numbers) | {number.did for number in settings.number}
    return [
        hook_of(one) if isinstance(one, WebhookTarget) else _crm(one, own, settings.region)
        for one in settings.target
    ]


def hook_of(settings: WebhookTarget) -> HookTarget:
    """A receiver as the settings name it, its secrets decoded."""
    mapping = settings.mapping
    return HookTarget(
        name=settings.name,
        url=settings.url,
        keys=tuple(signing_key(one.get_secret_value()) for one in settings.secrets),
        wants=_wants_of(settings),
        method=mapping.method if mapping else "POST",
        headers=_headers_of(mapping) if mapping else {},
        shape=Shape(format=mapping.content, fields=dict(mapping.fields)) if mapping else None,
        allow_private=settings.allow_private,
        ca_file=str(settings.tls_ca) if settings.tls_ca else None,
        concurrency=settings.concurrency,
        connect_s=settings.connect_timeout_s,
        answer_s=settings.timeout_s,
        give_up_s=settings.give_up_after_h * 3600,
        stale_s=settings.started_deadline_s,
    )


def _crm(settings: CrmSettings, own: frozenset[str], region: str) -> CrmTarget:
    return CrmTarget(
        name=settings.name,
        wants=Wants(
            events=STEPS - {"alert"} | (RINGING if settings.shows_cards else frozenset()),
            directions=frozenset(settings.directions),
            numbers=tuple(settings.numbers),
            tracked_only=settings.tracked_only,
        ),
        concurrency=settings.concurrency,
        reserved=min(2, settings.concurrency - 1),
        give_up_s=settings.give_up_after_h * 3600,
        settings=settings,
        own_numbers=own,
        region=region,
    )


def _wants_of(settings: WebhookTarget) -> Wants:
    return Wants(
        events=frozenset(settings.events),
        directions=frozenset(settings.directions),
        numbers=tuple(settings.numbers),
        tracked_only=settings.tracked_only,
        mask_numbers=settings.mask_numbers,
    )


def _headers_of(mapping: Mapping) -> dict[str, str]:
    return {name: value.get_secret_value() for name, value in mapping.headers.items()}


@lru_cache(maxsize=64)
def _pattern(numbers: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(translate(number) for number in numbers))


def _fits(numbers: tuple[str, ...], did: str | None) -> bool:
    return did is not None and _pattern(numbers).match(did) is not None
