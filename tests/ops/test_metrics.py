"""The figures of /metrics."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from structlog.testing import capture_logs

from calltrackd.crm.returns.people import Tally
from calltrackd.ops.metrics import Metrics

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"


class Load(NamedTuple):
    """What a target is owed."""

    waiting: int
    oldest_at: float | None
    dead: int


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands until it is moved."""
    return Clock()


@pytest.fixture
def metrics(clock: Clock) -> Metrics:
    """The figures of a daemon whose clocks stand."""
    return Metrics("1.2.3", clock, clock)


async def figures(metrics: Metrics) -> dict[str, float]:
    """The page as name with labels -> figure."""
    page = (await metrics.page()).decode()
    rows = [line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#")]
    return {name: float(figure) for name, figure in rows}


def test_every_metric_is_documented_with_its_kind_and_labels(metrics: Metrics) -> None:
    """docs/metrics.md has one line a metric of ours, and no line without a metric."""
    rows = re.findall(r"^\| `(calltrackd_\w+)` \| (\w+) \|", DOCS.read_text(), re.MULTILINE)
    declared = [
        (family.name, family.type)
        for family in metrics.registry.collect()
        if family.name.startswith("calltrackd_")
    ]
    assert sorted(rows) == sorted(declared)


async def test_documented_labels_are_those_on_the_page(metrics: Metrics) -> None:
    """Each label of the table is on the page, and no other."""
    metrics.calls.labels("d", "o").inc()
    metrics.deliveries.labels("t", "o").inc()
    metrics.unusable.labels("k").inc()
    metrics.speech_jobs.labels("r").inc()
    metrics.live_taps.labels("r").inc()
    metrics.link_down("p")
    metrics.outbox({}, ["t"])
    metrics.sample("events", lambda: {("p", "t"): 1})
    metrics.sample("frames", lambda: {("p", "r"): 1})
    metrics.sample("calls_in_progress", lambda: {("p",): 1})
    metrics.sample("journal_bytes", lambda: {("p",): 1})
    metrics.sample("live_gap_seconds", lambda: {("r",): 1})
    for name in ("live_voices", "live_audio_seconds", "live_strangers", "speech_child_deaths"):
        metrics.sample(name, lambda: {(): 1})
    metrics.returns.inbox({}, ["t"])
    metrics.returns.polls({"t": 1.0})
    metrics.returns.deals({("t", "s"): 1})
    metrics.returns.lookups(Tally())
    metrics.returns.webhooks.labels("t", "r").inc()
    metrics.returns.route.labels("r").observe(0.1)
    shown: dict[str, list[str]] = {}
    for name in await figures(metrics):
        plain = re.sub(r"_(total|bucket|sum|count|info)(?=\{|$)", "", name)
        labels = sorted(label for label in re.findall(r'(\w+)="', name) if label != "le")
        shown.setdefault(plain.partition("{")[0], labels)
    table = re.findall(r"^\| `(calltrackd_\w+)` \| \w+ \| (.*?) ?\|", DOCS.read_text(), re.M)
    documented = {name: sorted(re.findall(r"`(\w+)`", labels)) for name, labels in table}
    assert {name: shown.get(name) for name in documented} == documented


async def test_outage_grows_while_it_lasts_and_stops_with_it(
    metrics: Metrics, clock: Clock
) -> None:
    """Each second without a link is counted once, the running outage at every look."""
    metrics.link_down("hq")
    clock.now += 10
    metrics.link_down("hq")
    seen = await figures(metrics)
    assert seen['calltrackd_outage_seconds_total{pbx="hq"}'] == 10
    assert seen['calltrackd_link_up{pbx="hq"}'] == 0
    clock.now += 5
    metrics.link_up("hq")
    clock.now += 60
    seen = await figures(metrics)
    assert seen['calltrackd_outage_seconds_total{pbx="hq"}'] == 15
    assert seen['calltrackd_link_up{pbx="hq"}'] == 1


async def test_one_links_return_leaves_anothers_outage_running(
    metrics: Metrics, clock: Clock
) -> None:
    """Attachments are counted apart."""
    metrics.link_down("hq")
    metrics.link_down("shop")
    clock.now += 10
    metrics.link_up("hq")
    clock.now += 10
    seen = await figures(metrics)
    assert seen['calltrackd_outage_seconds_total{pbx="hq"}'] == 10
    assert seen['calltrackd_outage_seconds_total{pbx="shop"}'] == 20


async def test_removed_attachment_leaves_the_page(metrics: Metrics) -> None:
    """An attachment that a reload took away is no link that is down."""
    metrics.link_down("hq")
    metrics.link_gone("hq")
    assert not [name for name in await figures(metrics) if 'pbx="hq"' in name]


async def test_outbox_shows_age_and_forgets_targets_that_are_gone(
    metrics: Metrics, clock: Clock
) -> None:
    """Age is counted from the oldest row to the moment of the look; old targets vanish."""
    metrics.outbox({"crm": Load(3, 40.0, 1), "old": Load(1, 90.0, 0)}, ["crm", "old"])
    metrics.outbox({"crm": Load(2, 40.0, 1)}, ["crm", "idle"])
    seen = await figures(metrics)
    assert seen['calltrackd_outbox_depth{target="crm"}'] == 2
    assert seen['calltrackd_outbox_oldest_seconds{target="crm"}'] == 60
    assert seen['calltrackd_outbox_dead{target="crm"}'] == 1
    assert seen['calltrackd_outbox_depth{target="idle"}'] == 0
    assert not [name for name in seen if 'target="old"' in name]


async def test_sampled_figures_are_read_at_each_look_until_they_end(metrics: Metrics) -> None:
    """Ints of the hot parts are read when somebody looks; several attachments add up to a page."""
    counts = {("hq", "Newchannel"): 1.0}
    end = metrics.sample("events", lambda: counts)
    metrics.sample("events", lambda: {("shop", "Newchannel"): 7})
    counts["hq", "Newchannel"] = 5
    seen = await figures(metrics)
    assert seen['calltrackd_events_total{pbx="hq",type="Newchannel"}'] == 5
    assert seen['calltrackd_events_total{pbx="shop",type="Newchannel"}'] == 7
    end()
    assert 'calltrackd_events_total{pbx="hq",type="Newchannel"}' not in await figures(metrics)


async def test_failing_figure_does_not_cost_the_page(metrics: Metrics) -> None:
    """When the store can't be asked the page comes all the same, says so and the log too."""

    async def fetch() -> None:
        raise OSError("database is locked")

    metrics.refresh(fetch)
    with capture_logs() as logged:
        seen = await figures(metrics)
    assert seen["calltrackd_refresh_failures_total"] == 1
    assert [line["event"] for line in logged] == ["figures could not be fetched"]


async def test_refreshed_figures_are_on_the_very_page(metrics: Metrics) -> None:
    """What is fetched for a page is on that page, not on the next."""

    async def fetch() -> None:
        metrics.outbox({"crm": Load(9, 90.0, 0)}, [])

    metrics.refresh(fetch)
    assert (await figures(metrics))['calltrackd_outbox_depth{target="crm"}'] == 9
