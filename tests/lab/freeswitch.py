"""A real FreeSWITCH that somebody else set up, as `CALLTRACKD_FREESWITCH=host:port:password` tells.

It is the vanilla configuration with freeswitch-conf/ beside it on top; how, tells the README there.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from calltrackd.pbx import esl_session
from calltrackd.pbx.errors import LinkDownError
from calltrackd.settings.freeswitch import FreeswitchPbx
from tests.lab.esl_tap import EslTap
from tests.lab.sip.rtp import Address
from tests.lab.stage import CLIENTS, Stage

GIVEN = "CALLTRACKD_FREESWITCH"
PATIENCE_S = 60.0
PROFILES = 2
"""Of vanilla, that run: internal and external."""


@dataclass(frozen=True)
class Ports:
    """Vanilla's ports of the profiles internal and external; `phone` is freeswitch-conf's."""

    sip: int = 5060
    lines: int = 5080
    phone: int = 7060


class Freeswitch:
    """One running FreeSWITCH on this machine; ended and started again as it was begun."""

    def __init__(self, settings: FreeswitchPbx) -> None:
        self.settings = settings
        self.ports = Ports()
        self._command: list[str] = []
        self._environment: dict[str, str] = {}
        self._home = Path("/")
        self._pid = 0

    @classmethod
    def given(cls) -> "Freeswitch | None":
        """The one that the environment names, if it names one."""
        if GIVEN not in os.environ:
            return None
        host, port, password = os.environ[GIVEN].split(":", 2)
        return cls(
            FreeswitchPbx.model_validate(
                {"kind": "freeswitch", "name": "lab", "host": host, "port": int(port),
                 "secret": password}
            )
        )  # fmt: skip

    @property
    def port(self) -> int:
        """Port of the event socket (TCP)."""
        return self.settings.port

    def api(self, command: str) -> str:
        """The answer to one API command, on a connection of its own; for threads without a loop."""
        return asyncio.run(self.ask(command))

    async def ask(self, command: str) -> str:
        """The answer to one API command, on a connection of its own."""
        connection = await esl_session.connect(self.settings, lambda _: None, ())
        try:
            return await connection.ask(command, PATIENCE_S)
        finally:
            connection.close()

    def stop(self) -> None:
        """Ends it in order: it hangs up every call."""
        self.remember()
        with contextlib.suppress(LinkDownError):
            self.api("fsctl shutdown")
        self._until_gone()

    def kill(self) -> None:
        """Ends it as a crash does; at once, when `remember` was called before."""
        if not Path(f"/proc/{self._pid}/exe").exists():
            self.remember()
        os.kill(self._pid, signal.SIGKILL)
        self._until_gone()

    def start(self) -> None:
        """Starts it by the command line that it had, and waits until its profiles are there."""
        self._launched = subprocess.Popen(
            self._command, cwd=self._home, env=self._environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        deadline = time.monotonic() + PATIENCE_S
        while not self._is_up():
            assert time.monotonic() < deadline, "FreeSWITCH did not come back"
            time.sleep(0.1)

    def _is_up(self) -> bool:
        self._launched.poll()  # with -nc it leaves as soon as FreeSWITCH runs
        with contextlib.suppress(LinkDownError):
            told = self.api("sofia status")
            return told.count("RUNNING") >= PROFILES
        return False

    def remember(self) -> None:
        """Finds its process, and keeps how that was started for `start`."""
        run_dir = self.api("global_getvar run_dir").strip()
        self._pid = int((Path(run_dir) / "freeswitch.pid").read_text().strip(" \0\n"))
        process = Path(f"/proc/{self._pid}")
        self._command = [a for a in (process / "cmdline").read_bytes().decode().split("\0") if a]
        self._command[0] = str((process / "exe").readlink())
        pairs = (process / "environ").read_bytes().decode().split("\0")
        self._environment = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        self._home = (process / "cwd").readlink()

    def _until_gone(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while Path(f"/proc/{self._pid}/exe").exists():
            assert time.monotonic() < deadline, f"FreeSWITCH {self._pid} did not go"
            time.sleep(0.05)


class FreeswitchStage(Stage):
    """The stage of a scenario at a FreeSWITCH: lines come in by another profile than phones."""

    pbx: Freeswitch
    tap: EslTap

    def __init__(self, pbx: Freeswitch) -> None:
        super().__init__(pbx, EslTap(pbx.settings))

    def door(self, phone: str) -> Address:
        """Where this phone sends its SIP."""
        return "127.0.0.1", self.pbx.ports.lines if phone in CLIENTS else self.pbx.ports.sip

    async def attach(self) -> None:
        """The tap comes, or comes back."""
        await self.tap.connect(self.pbx.port)
