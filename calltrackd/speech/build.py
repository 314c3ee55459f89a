"""From a plan to its engine. An engine's library is imported when the first plan wants it."""

from calltrackd.speech.engines.base import Engine
from calltrackd.speech.engines.plan import (
    CommandPlan,
    HttpPlan,
    Plan,
    SphinxPlan,
    VoskPlan,
    VoskServerPlan,
)

LOAD_LIMIT_S = 300.0
"""A big model from a slow disk."""
STEP_LIMIT_S = 30.0
"""Half a second of audio on a machine that does all else at once."""


def build(plan: Plan) -> Engine:
    """The engine, loaded. RefusedError, UnavailableError."""
    match plan:
        case VoskPlan():
            from calltrackd.speech.engines.vosk import VoskEngine  # noqa: PLC0415 - 20 MB

            return VoskEngine(plan)
        case VoskServerPlan():
            from calltrackd.speech.engines.vosk_server import VoskServerEngine  # noqa: PLC0415 - aiohttp

            return VoskServerEngine(plan)
        case SphinxPlan():
            from calltrackd.speech.engines.sphinx import SphinxEngine  # noqa: PLC0415 - an extra

            return SphinxEngine()
        case CommandPlan():
            from calltrackd.speech.engines.command import CommandEngine  # noqa: PLC0415 - rarely used

            return CommandEngine(plan)
        case HttpPlan():
            from calltrackd.speech.engines.http import HttpEngine  # noqa: PLC0415 - aiohttp

            return HttpEngine(plan)


def step_limit_s(plan: Plan) -> float:
    """Seconds that one step may take before the child counts as hung; 0: only the job's limit."""
    if isinstance(plan, VoskPlan | SphinxPlan):
        return STEP_LIMIT_S
    return plan.timeout_s + STEP_LIMIT_S if isinstance(plan, VoskServerPlan) else 0.0
