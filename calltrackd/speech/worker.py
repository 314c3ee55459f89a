"""A child process of the pool: `python -m calltrackd.speech.worker NOTE_FD PARENT_PID NICE`.

Requests come on standard input, replies go out on standard output; standard error is a file that
the daemon reads when the child dies (`blackbox.py`). One thread does everything, so no recogniser
is ever touched by two.
"""

import ctypes
import os
import resource
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from calltrackd.speech.blackbox import Blackbox
from calltrackd.speech.build import build
from calltrackd.speech.desk import Desk
from calltrackd.speech.engines.base import Engine
from calltrackd.speech.engines.plan import Plan
from calltrackd.speech.wire import Frames, Ready, Reply, framed, request

PR_SET_PDEATHSIG = 1
"""prctl(2): die with the daemon, though it be killed with -9 while native code runs here."""
OOM_SCORE = "500"
"""When memory runs out the kernel takes a child before the daemon."""
READ_BYTES = 1 << 20


def main(engines: Callable[[Plan], Engine] = build) -> None:
    """Work until standard input ends. `engines` builds an engine from its plan."""
    note, parent, nice = map(int, sys.argv[1:4])
    _humble(parent, nice)
    out = os.dup(1)
    os.dup2(2, 1)  # what libraries print must not run into the replies

    def send(reply: Reply) -> None:
        rest = memoryview(framed(reply))
        while rest:
            rest = rest[os.write(out, rest) :]

    desk = Desk(Blackbox(note, 2), send, engines)
    send(Ready())
    _serve(desk)
    desk.close()


def _serve(desk: Desk) -> None:
    frames = Frames()
    while True:
        readable, _, _ = select.select([0], [], [], 0 if desk.busy else None)
        if not readable:
            desk.step()
            continue
        data = os.read(0, READ_BYTES)
        if not data:
            return
        for body in frames.feed(data):
            desk.take(request(body))


def _humble(parent: int, nice: int) -> None:
    """Give way to the daemon in everything, and leave no huge core file behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        sys.exit(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the daemon's to handle
    os.nice(nice)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    Path("/proc/self/oom_score_adj").write_text(OOM_SCORE, "ascii")


if __name__ == "__main__":
    main()
