"""What stages mean."""

import pytest

from calltrackd.crm.returns.judge import Stages
from tests.crm.returns.house import deal


@pytest.mark.parametrize(("won", "status"), [(True, "won"), (False, "lost"), (None, "open")])
def test_crm_decides_without_settings(won: bool | None, status: str) -> None:
    """Its own word."""
    assert Stages().status(deal(won=won)) == status


@pytest.mark.parametrize(
    ("stage", "pipeline", "won", "status"),
    [
        ("PAID", None, None, "won"),
        ("PAID", None, False, "won"),
        ("JUNK", None, None, "lost"),
        ("7", "2", None, "won"),
        ("7", "1", None, "open"),
        ("WON", None, True, "open"),
        ("LOST", None, False, "open"),
    ],
)
def test_settings_decide_where_they_name_stages(
    stage: str, pipeline: str | None, won: bool | None, status: str
) -> None:
    """Stages that are named are all that mean it, `pipeline:stage` where stages repeat."""
    stages = Stages(["PAID", "2:7"], ["JUNK"])
    assert stages.status(deal(stage=stage, pipeline=pipeline, won=won)) == status


def test_only_won_named_leaves_lost_to_the_crm() -> None:
    """Each of the two by itself."""
    assert Stages(["PAID"]).status(deal(stage="X", won=False)) == "lost"
