"""The demo: `make demo`, or `python -m tests.demo`. Exit code 0 when all came as expected.

A real Asterisk 22, or the FreeSWITCH that CALLTRACKD_FREESWITCH names (where there can be none, a
recorded stream of one), the real daemon as a child process, SIP phones that make nine calls and
speak, Vosk that hears them, and a receiver that checks the webhooks.
"""

import argparse
import sys
from pathlib import Path

from tests.demo import processes
from tests.demo.attachment import NAMES

CACHE = Path(__file__).parents[2] / ".cache"
INTERRUPTED = 130


def main() -> int:
    """Entry point; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description=__doc__)
    parser.add_argument("--make", choices=tuple(NAMES), default="asterisk", help="make of the PBX")
    parser.add_argument(
        "--pbx", choices=("auto", "real", "recorded"), default="auto", help="what to attach to"
    )
    parser.add_argument(
        "--folder", type=Path, default=CACHE / "demo", help="where settings, calls and logs go"
    )
    parser.add_argument("--record", type=Path, help="keep the stream of real calls in this folder")
    parser.add_argument(
        "--cache", type=Path, default=CACHE / "asterisk", help="where Asterisk's packages are kept"
    )
    parser.add_argument(
        "--models", type=Path, default=CACHE / "speech", help="where models of speech are unpacked"
    )
    parser.add_argument("--faster", type=float, default=2.0, help="speed of recorded calls")
    options = parser.parse_args()
    processes.adopt_orphans()
    processes.obey_signals()
    try:
        processes.say("calltrackd demo: about a minute of calls; Ctrl-C ends it at any moment")
        from tests.demo.evening import Choice, evening  # after the first words: it takes seconds

        return evening(Choice(**vars(options)))
    except KeyboardInterrupt:
        processes.say("\nStopped early; nothing of it is left running.")
        return INTERRUPTED
    finally:
        processes.end_all()


if __name__ == "__main__":
    sys.exit(main())
