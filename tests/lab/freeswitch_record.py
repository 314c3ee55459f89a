"""Records scenarios: the bytes of the given FreeSWITCH beside the phones' truth.

    CALLTRACKD_FREESWITCH=host:port:password python -m tests.lab.freeswitch_record [NAME ...]

writes tests/streams/freeswitch/NAME.jsonl.gz and tests/streams/expected/freeswitch/NAME.json. A
plot whose phones woke too late is played again, and kept only when they were exact.
"""

import asyncio
import sys

from tests.lab.freeswitch import GIVEN, Freeswitch, FreeswitchStage
from tests.lab.freeswitch_scenarios import PLOTS
from tests.lab.record import keep
from tests.lab.stage import play
from tests.live.evening import ATTEMPTS, MOST_LAG_S


async def _record(pbx: Freeswitch, names: list[str]) -> None:
    for name in names:
        for _ in range(ATTEMPTS):
            stage = FreeswitchStage(pbx)
            await play(stage, PLOTS[name])
            if stage.lag < MOST_LAG_S:
                keep(stage, PLOTS[name], "freeswitch")
                break
        told = "kept" if stage.lag < MOST_LAG_S else f"not kept, {stage.lag:.2f} s late"
        print(f"{name}: {told}", flush=True)  # noqa: T201 - a tool's output


def main() -> None:
    """Entry point."""
    names = sys.argv[1:] or list(PLOTS)
    if unknown := [name for name in names if name not in PLOTS]:
        sys.exit(f"no scenario {', '.join(unknown)}; there are: {', '.join(PLOTS)}")
    pbx = Freeswitch.given()
    if pbx is None:
        sys.exit(f"no FreeSWITCH is given: {GIVEN}=host:port:password")
    asyncio.run(_record(pbx, names))


if __name__ == "__main__":
    main()
