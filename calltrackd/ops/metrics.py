"""Every figure that /metrics shows, in one place; docs/metrics.md has a line for each.

Three ways in, by how often a thing happens. Rare things are counted where they happen
(`metrics.calls.labels("inbound", "answered").inc()`). Things that happen 20,000 times a second are
plain ints elsewhere and read at a scrape (`sample`). What must be asked for, like the outbox's
depth, is fetched before a scrape (`refresh`).
"""

import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Literal, Protocol

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from calltrackd.ops.return_metrics import ReturnMetrics

Labels = tuple[str, ...]
Read = Callable[[], Mapping[Labels, float]]
Sampled = Literal[
    "events",
    "frames",
    "calls_in_progress",
    "journal_bytes",
    "live_voices",
    "live_audio_seconds",
    "live_gap_seconds",
    "live_strangers",
    "speech_child_deaths",
]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LAG_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300)
_HEARD_BUCKETS = (0.1, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10, 30)

_SAMPLED: dict[Sampled, tuple[type[CounterMetricFamily] | type[GaugeMetricFamily], str, Labels]] = {
    "events": (CounterMetricFamily, "Events read from a PBX, by name.", ("pbx", "type")),
    "frames": (CounterMetricFamily, "Frames that gave no event, by reason.", ("pbx", "reason")),
    "calls_in_progress": (GaugeMetricFamily, "Calls that live at this moment.", ("pbx",)),
    "journal_bytes": (GaugeMetricFamily, "Bytes of the journal on disk.", ("pbx",)),
    "live_voices": (GaugeMetricFamily, "Sides of calls that are heard at this moment.", ()),
    "live_audio_seconds": (CounterMetricFamily, "Seconds that engines heard live.", ()),
    "live_gap_seconds": (CounterMetricFamily, "Seconds not heard live, by why.", ("reason",)),
    "live_strangers": (CounterMetricFamily, "Connections for audio that were sent away.", ()),
    "speech_child_deaths": (CounterMetricFamily, "Child processes of speech that died.", ()),
}

_log = structlog.get_logger(__name__)


class OutboxLoad(Protocol):
    """What is owed to one target, as the store counts it (store/outbox.py, Backlog)."""

    @property
    def waiting(self) -> int:
        """Deliveries owed."""

    @property
    def oldest_at(self) -> float | None:
        """When the oldest of them was created, unix seconds."""

    @property
    def dead(self) -> int:
        """Dead letters."""


class SpeechLoad(Protocol):
    """How speech jobs stand, as the store counts them (store/speech_jobs.py, Waiting)."""

    @property
    def waiting(self) -> int:
        """Jobs that wait."""

    @property
    def running(self) -> int:
        """Jobs under way."""

    @property
    def aside(self) -> int:
        """Jobs that were set aside."""

    @property
    def oldest_at(self) -> float | None:
        """When the oldest that waits was created, unix seconds."""


class Metrics:
    """The figures of one daemon. `clock`: monotonic seconds; `wall`: unix seconds."""

    def __init__(
        self,
        version: str,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        # They double the page, and tell only when a label was first seen.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._clock = clock
        self._wall = wall
        self._down_since: dict[str, float] = {}
        self._refreshers: list[Callable[[], Awaitable[None]]] = []
        self._samples = _Samples()
        self._declare_calls()
        self._declare_link()
        self._declare_outbox()
        self._declare_speech()
        self._declare_live()
        self.returns = ReturnMetrics(self.registry, wall)
        """What comes back from CRMs."""
        Info("calltrackd_build", "The running version.", registry=self.registry).info(
            {"version": version}
        )
        self.registry.register(self._samples)
        ProcessCollector(registry=self.registry)

    def _declare_calls(self) -> None:
        self.calls = Counter(
            "calltrackd_calls",
            "Calls that ended.",
            ["direction", "outcome"],
            registry=self.registry,
        )
        self.commit_lag = Histogram(
            "calltrackd_commit_lag_seconds",
            "From an event's moment to the commit of the change it made.",
            buckets=_LAG_BUCKETS,
            registry=self.registry,
        )
        self.unusable = Counter(
            "calltrackd_unusable",
            "Things that could not be used and were kept aside.",
            ["kind"],
            registry=self.registry,
        )

    def _declare_link(self) -> None:
        self._link = Gauge(
            "calltrackd_link_up",
            "1 while the attachment is logged in and sees its calls.",
            ["pbx"],
            registry=self.registry,
        )
        self._outage = Counter(
            "calltrackd_outage_seconds",
            "Seconds without a link, the running outage included.",
            ["pbx"],
            registry=self.registry,
        )

    def _declare_outbox(self) -> None:
        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"calltrackd_outbox_{name}", text, ["target"], registry=self.registry)

        self._depth = gauge("depth", "Deliveries owed.")
        self._oldest = gauge("oldest_seconds", "Age of the oldest delivery owed.")
        self._dead = gauge("dead", "Dead letters kept for the admin.")
        self.deliveries = Counter(
            "calltrackd_deliveries",
            "Deliveries tried.",
            ["target", "outcome"],
            registry=self.registry,
        )
        self.refresh_failures = Counter(
            "calltrackd_refresh_failures",
            "Figures that could not be fetched for this page; the old ones stay.",
            registry=self.registry,
        )

    def _declare_speech(self) -> None:
        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"calltrackd_speech_{name}", text, registry=self.registry)

        self._speech_waiting = gauge("waiting", "Calls whose recordings wait to be heard.")
        self._speech_running = gauge("running", "Calls whose recordings are being heard.")
        self._speech_aside = gauge("aside", "Calls that could not be heard; the reason is kept.")
        self._speech_oldest = gauge("oldest_seconds", "Age of the oldest job that waits.")
        self.speech_jobs = Counter(
            "calltrackd_speech_jobs",
            "Speech jobs tried.",
            ["result"],
            registry=self.registry,
        )
        self.speech_audio = Counter(
            "calltrackd_speech_audio_seconds",
            "Seconds of recordings that were heard, both sides together.",
            registry=self.registry,
        )

    def _declare_live(self) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"calltrackd_live_{name}", text, labels, registry=self.registry)

        self.live_taps = counter("taps", "Voices of calls that were to be tapped.", "result")
        self.live_words = counter("words", "Words heard while calls lived.")
        self.live_tags = counter("tags", "Tags set by words while calls lived.")
        self.live_alerts = counter("alerts", "Alerts by words while calls lived.")
        self.live_lag = Histogram(
            "calltrackd_live_lag_seconds",
            "From the end of a word to the commit of the tag that it earned.",
            buckets=_HEARD_BUCKETS,
            registry=self.registry,
        )

    def speech_standing(self, load: SpeechLoad) -> None:
        """Take how the speech jobs stand."""
        self._speech_waiting.set(load.waiting)
        self._speech_running.set(load.running)
        self._speech_aside.set(load.aside)
        age = 0.0 if load.oldest_at is None else max(0.0, self._wall() - load.oldest_at)
        self._speech_oldest.set(age)

    def link_down(self, pbx: str) -> None:
        """The attachment sees nothing from now on (also before its first login)."""
        self._link.labels(pbx).set(0)
        self._outage.labels(pbx)
        self._down_since.setdefault(pbx, self._clock())

    def link_up(self, pbx: str) -> None:
        """Logged in: the outage, if there was one, is over."""
        self._count_outages()
        self._down_since.pop(pbx, None)
        self._outage.labels(pbx)
        self._link.labels(pbx).set(1)

    def link_gone(self, pbx: str) -> None:
        """The attachment was taken out of the settings: no figure of it is shown any more."""
        self._down_since.pop(pbx, None)
        self._link.remove(pbx)
        self._outage.remove(pbx)

    def outbox(self, loads: Mapping[str, OutboxLoad], targets: Iterable[str]) -> None:
        """Take the outbox's state by target; a target in neither argument leaves the page.

        `targets`: those of the settings; one that is owed nothing shows zeros.
        """
        for gauge in (self._depth, self._oldest, self._dead):
            gauge.clear()
        for target in {*targets, *loads}:
            load = loads.get(target)
            oldest = load.oldest_at if load else None
            age = 0.0 if oldest is None else max(0.0, self._wall() - oldest)
            self._depth.labels(target).set(load.waiting if load else 0)
            self._oldest.labels(target).set(age)
            self._dead.labels(target).set(load.dead if load else 0)

    def sample(self, name: Sampled, read: Read) -> Callable[[], None]:
        """Have `read` called at each scrape; label values in the order of docs/metrics.md.

        Returns a function that ends it.
        """
        return self._samples.add(name, read)

    def refresh(self, fetch: Callable[[], Awaitable[None]]) -> None:
        """Have `fetch` awaited before each page; it sets figures by the other methods."""
        self._refreshers.append(fetch)

    async def page(self) -> bytes:
        """The whole page in Prometheus' text format (CONTENT_TYPE). Never raises."""
        self._count_outages()
        for fetch in self._refreshers:
            try:
                await fetch()
            except Exception as error:  # noqa: BLE001 - a page without one figure beats no page
                self.refresh_failures.inc()
                _log.warning("figures could not be fetched", error=error)
        return generate_latest(self.registry)

    def _count_outages(self) -> None:
        now = self._clock()
        for pbx, since in self._down_since.items():
            self._outage.labels(pbx).inc(now - since)
            self._down_since[pbx] = now


class _Samples(Collector):
    """Figures that are ints in the hot parts and are read only when somebody looks."""

    def __init__(self) -> None:
        self._reads: dict[Sampled, list[Read]] = {name: [] for name in _SAMPLED}

    def add(self, name: Sampled, read: Read) -> Callable[[], None]:
        self._reads[name].append(read)
        return lambda: self._reads[name].remove(read)

    def collect(self) -> Iterator[Metric]:
        for name, (family_of, text, labels) in _SAMPLED.items():
            family = family_of(f"calltrackd_{name}", text, labels=labels)
            for read in self._reads[name]:
                for values, figure in read().items():
                    family.add_metric(values, figure)
            yield family
