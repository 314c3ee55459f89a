"""Records scenarios: the bytes of a real Asterisk beside the phones' truth.

    python -m tests.lab.record --version 22 [--only NAME ...]

writes tests/streams/asterisk-22/NAME.jsonl and tests/streams/expected/asterisk-22/NAME.json;
with --advised (the AMI user and eventfilter of dialplan/asterisk) into asterisk-22-advised, with
--driver SIP (chan_sip, version 16 only) into asterisk-16-sip.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from tests.lab import scenarios as _scenarios  # noqa: F401 - registers them
from tests.lab.asterisk import Asterisk
from tests.lab.recorder import Tap, advised_tap
from tests.lab.stage import SCENARIOS, Scenario, Stage, play

STREAMS = Path(__file__).parents[1] / "streams"


def keep(stage: Stage, entry: Scenario, group: str, folder: Path = STREAMS) -> None:
    """Writes one played scenario into the set `group`."""
    stage.tap.save(folder / group / f"{entry.name}{stage.tap.SUFFIX}", entry.name)
    truth = {"scenario": entry.name, "pbx": stage.tap.MAKE, "t0": stage.tap.zero,
             "note": entry.note, "calls": stage.expected()}  # fmt: skip
    target = folder / "expected" / group / f"{entry.name}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n")


async def _record(pbx: Asterisk, names: list[str], *, advised: bool, verbose: bool) -> None:
    for name in names:
        entry = SCENARIOS[name]
        stage = Stage(pbx, advised_tap() if advised else Tap())
        try:
            await play(stage, entry)
        except Exception:
            print("\n".join([f"{name} failed:", *stage.diary.lines()]))  # noqa: T201
            raise
        driver = "" if pbx.driver == "PJSIP" else f"-{pbx.driver.lower()}"
        keep(stage, entry, f"asterisk-{pbx.version}{driver}{'-advised' if advised else ''}")
        print(f"{name}: {len(stage.tap.frames)} frames", flush=True)  # noqa: T201 - a tool's output
        if verbose:
            print("\n".join(stage.diary.lines()))  # noqa: T201


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", type=int, choices=(22, 16), default=22)
    parser.add_argument("--driver", choices=("PJSIP", "SIP"), default="PJSIP")
    parser.add_argument("--only", nargs="*", help="names, all without")
    parser.add_argument("--advised", action="store_true", help="as the user that we advise")
    parser.add_argument("--verbose", action="store_true", help="print the phones' diary")
    options = parser.parse_args()
    names = options.only or list(SCENARIOS)
    if unknown := [name for name in names if name not in SCENARIOS]:
        sys.exit(f"no scenario {', '.join(unknown)}; there are: {', '.join(SCENARIOS)}")
    with (
        tempfile.TemporaryDirectory(prefix="asterisk-lab-") as folder,
        Asterisk(options.version, Path(folder), driver=options.driver) as pbx,
    ):
        asyncio.run(_record(pbx, names, advised=options.advised, verbose=options.verbose))


if __name__ == "__main__":
    main()
