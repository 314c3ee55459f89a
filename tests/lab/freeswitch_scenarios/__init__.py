"""What can happen to a call at a FreeSWITCH; importing this package registers them all."""

from tests.lab.freeswitch_scenarios import commands, transfers, waiting  # noqa: F401 - to register
from tests.lab.freeswitch_scenarios.registry import PLOTS

__all__ = ["PLOTS"]
