"""Figures of what comes back from CRMs: webhooks, polls, deals, and who is responsible."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_ROUTE_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3)


class InboxLoad(Protocol):
    """How the inbox of a target stands, as the store counts it (store/inbox.py, Depth)."""

    @property
    def waiting(self) -> int:
        """Webhooks to be worked on."""

    @property
    def aside(self) -> int:
        """Webhooks that can't be used."""

    @property
    def oldest_at(self) -> float | None:
        """When the oldest that waits came, unix seconds."""


class Lookups(Protocol):
    """What became of questions to CRMs since the start (crm/returns/people.py, Tally)."""

    @property
    def asked(self) -> int:
        """Questions put."""

    @property
    def failed(self) -> int:
        """Without an answer."""

    @property
    def dropped(self) -> int:
        """Not put: too many wait, or the CRM is left in peace."""


class ReturnMetrics:
    """`wall`: unix seconds."""

    def __init__(self, registry: CollectorRegistry, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._registry = registry
        self._waiting = self._gauge("inbox_depth", "Webhooks of a CRM that wait.", "target")
        self._aside = self._gauge("inbox_aside", "Webhooks that can't be used.", "target")
        self._oldest = self._gauge(
            "inbox_oldest_seconds", "Age of the oldest that waits.", "target"
        )
        self._poll_age = self._gauge(
            "poll_age_seconds", "Since the last whole poll for deals began.", "target"
        )
        self._deals = self._gauge("deals", "Deals that came back.", "target", "status")
        self._lookups = self._gauge("lookups", "Questions who is responsible, by result.", "result")
        self.webhooks = Counter(
            "calltrackd_crm_webhooks",
            "Webhooks of CRMs, by what became of them.",
            ["target", "result"],
            registry=registry,
        )
        self.route = Histogram(
            "calltrackd_route_seconds",
            "From a dialplan's question to its answer.",
            ["result"],
            buckets=_ROUTE_BUCKETS,
            registry=registry,
        )

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"calltrackd_crm_{name}", text, labels, registry=self._registry)

    def inbox(self, loads: Mapping[str, InboxLoad], targets: Iterable[str]) -> None:
        """Take how inboxes stand; `targets`: those of the settings that take webhooks."""
        for gauge in (self._waiting, self._aside, self._oldest):
            gauge.clear()
        for target in {*targets, *loads}:
            load = loads.get(target)
            oldest = load.oldest_at if load else None
            age = 0.0 if oldest is None else max(0.0, self._wall() - oldest)
            self._waiting.labels(target).set(load.waiting if load else 0)
            self._aside.labels(target).set(load.aside if load else 0)
            self._oldest.labels(target).set(age)

    def polls(self, polled_at: Mapping[str, float]) -> None:
        """Take when each target was polled (unix seconds), or since when it should have been."""
        self._poll_age.clear()
        for target, at in polled_at.items():
            self._poll_age.labels(target).set(max(0.0, self._wall() - at))

    def deals(self, counted: Mapping[tuple[str, str], int]) -> None:
        """Take how many deals there are by (target, status)."""
        self._deals.clear()
        for (target, status), number in counted.items():
            self._deals.labels(target, status).set(number)

    def lookups(self, tally: Lookups) -> None:
        """Take what became of questions."""
        for result in ("asked", "failed", "dropped"):
            self._lookups.labels(result).set(getattr(tally, result))
