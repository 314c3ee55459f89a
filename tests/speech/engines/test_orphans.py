"""A daemon that is killed leaves nothing behind."""

import os
import select
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

DAEMON = dedent("""
    import asyncio
    from calltrackd.speech.audio.tracks import tracks_of_file
    from calltrackd.speech.engines.plan import CommandPlan
    from calltrackd.speech.pool import Pool
    from tests.speech import given
    from tests.speech.engines.conftest import WILD

    async def main():
        pool = Pool(1, command=WILD)
        await pool.probe(CommandPlan("wild", ("endless",)))
        print(pool.status()[0].pid, flush=True)
        tracks = tracks_of_file(given.call("ru_coffee_A"))
        await pool.transcribe(CommandPlan("wild", ("endless",)), "ru", tracks, limit_s=600)

    asyncio.run(main())
""")


def test_child_in_an_endless_loop_dies_with_a_daemon_that_is_killed(ru: Path) -> None:
    """By kill -9: nobody is left to tell it, and it would never look at its input again."""
    daemon = subprocess.Popen(
        [sys.executable, "-c", DAEMON], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert daemon.stdout is not None
    child = os.pidfd_open(int(daemon.stdout.readline()))
    daemon.kill()
    daemon.communicate()
    gone, _, _ = select.select([child], [], [], 30)
    os.close(child)
    assert gone
