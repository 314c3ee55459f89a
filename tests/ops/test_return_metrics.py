"""Figures of what comes back from CRMs."""

from prometheus_client import CollectorRegistry

from calltrackd.ops.return_metrics import ReturnMetrics
from calltrackd.store.inbox import Depth

NOW = 1000.0


def page() -> tuple[ReturnMetrics, CollectorRegistry]:
    """Figures whose clock stands."""
    registry = CollectorRegistry()
    return ReturnMetrics(registry, lambda: NOW), registry


def test_inbox_of_a_target_that_is_owed_nothing_shows_zeros() -> None:
    """One that takes webhooks is on the page before the first."""
    figures, registry = page()
    figures.inbox({"b": Depth(3, 1, NOW - 60)}, ["a", "b"])

    def told(name: str, target: str) -> float | None:
        return registry.get_sample_value(f"calltrackd_crm_inbox_{name}", {"target": target})

    assert [told(name, "a") for name in ("depth", "aside", "oldest_seconds")] == [0, 0, 0]
    assert [told(name, "b") for name in ("depth", "aside", "oldest_seconds")] == [3, 1, 60]


def test_target_that_left_the_settings_leaves_the_page() -> None:
    """As soon as nothing of it is left."""
    figures, registry = page()
    figures.inbox({}, ["a"])
    figures.polls({"a": NOW - 5})
    figures.deals({("a", "won"): 2})
    assert registry.get_sample_value("calltrackd_crm_poll_age_seconds", {"target": "a"}) == 5
    figures.inbox({}, [])
    figures.polls({})
    figures.deals({})
    assert not [one for family in registry.collect() for one in family.samples if one.labels]
