"""A real Asterisk on loopback: started, asked, stopped, killed.

    with Asterisk(22, Path("run")) as pbx:
        pbx.cli("core show channels")

The process is known by its pid file, never by name: under the suite's loader every Asterisk is
called `ld-linux-x86-64`.
"""

import ctypes
import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab import config
from tests.lab.packages import Unavailable, asterisk_tree

CACHE = Path(__file__).parents[2] / ".cache/asterisk"
LONGEST_HOME = 80  # letters: the control socket lies below it, and a socket's path holds 107
BOOT_PATIENCE = 60.0
STOP_PATIENCE = 10.0
FILES = 65_536  # the default of 1024 breaks at 60 calls/s
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1  # prctl(2)


class Asterisk:
    """One PBX with a home folder and ports of its own.

    `version`: 22 or 16, which has both drivers. `folder`: its home; a PBX left behind there by an
    earlier run is ended.
    Raises `Unavailable` (from `start`) where this machine can't have it.
    """

    def __init__(
        self,
        version: int,
        folder: Path,
        cache: Path = CACHE,
        *,
        driver: config.Driver = "PJSIP",
    ) -> None:
        self.version, self.driver = version, driver
        self.folder = folder.resolve()
        if len(str(self.folder)) > LONGEST_HOME:
            raise ValueError(f"{self.folder} is too long for a socket's path below it")
        self._cache = cache.resolve()
        self._process: subprocess.Popen[bytes] | None = None
        self._command: list[str] = []
        self.ports = config.Ports.free()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def ami_port(self) -> int:
        """Port of AMI (TCP) on 127.0.0.1."""
        return self.ports.ami

    @property
    def running(self) -> bool:
        """True while the process lives."""
        return self._process is not None and self._process.poll() is None

    def prepare(self) -> None:
        """Fetches the packages and writes the configuration."""
        tree = asterisk_tree(self.version, self._cache)
        _end_leftover(self._pid_file)
        config.write(self.folder, tree, self.version, self.ports, self.driver)
        configuration = ["-C", str(self.folder / "etc/asterisk.conf")]
        self._command = [*tree.command("asterisk"), *configuration]

    def start(self) -> None:
        """Starts it and waits until it is fully booted. Does nothing while it runs."""
        if self.running:
            return
        if not self._command:
            self.prepare()
        with (self.folder / "log/stdout").open("ab") as out:
            self._process = subprocess.Popen(
                [*self._command, "-f", "-g"], cwd=self.folder, stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, start_new_session=True, preexec_fn=_preparation(),  # noqa: PLW1509 - only sets limits, no threads of ours hold locks
            )  # fmt: skip
        self._pid_file.write_text(str(self._process.pid))
        try:
            self._wait_booted()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Ends it in order: it hangs up every call."""
        if self.running:
            self.cli("core stop now")
        self._reap(STOP_PATIENCE)

    def kill(self) -> None:
        """Ends it as a crash does."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        self._reap(STOP_PATIENCE)

    def restart(self) -> None:
        """Stops in order and starts again: `core restart now` would exec without the loader."""
        self.stop()
        self.start()

    def cli(self, line: str) -> str:
        """Runs a command of Asterisk's console; returns what it prints."""
        done = subprocess.run(
            [*self._command, "-rx", line], capture_output=True, text=True, timeout=30, check=False
        )
        return done.stdout

    @property
    def _pid_file(self) -> Path:
        return self.folder / "pid"

    def _wait_booted(self) -> None:
        deadline = time.monotonic() + BOOT_PATIENCE
        while time.monotonic() < deadline:
            if "fully booted" in self.cli("core waitfullybooted"):
                return
            if not self.running:
                raise Unavailable(f"Asterisk {self.version} died at start: {self._last_words()}")
            time.sleep(0.1)
        raise Unavailable(f"Asterisk {self.version} did not boot within {BOOT_PATIENCE:.0f} s")

    def _last_words(self) -> str:
        return (self.folder / "log/stdout").read_text(errors="replace")[-500:]

    def _reap(self, patience: float) -> None:
        if self._process is None:
            return
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(patience)
        self._process = None
        self._pid_file.unlink(missing_ok=True)


def _preparation() -> Callable[[], None]:
    """What the child does before it becomes Asterisk.

    Started from the main thread it goes when that ends, even by SIGKILL. The kernel watches the
    thread, not the process (prctl(2)): a worker thread may end long before the PBX shall.
    """
    lasting = threading.current_thread() is threading.main_thread()
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    _, most_core = resource.getrlimit(resource.RLIMIT_CORE)
    files = FILES if most_files == resource.RLIM_INFINITY else min(FILES, most_files)

    def prepare() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, most_files))
        resource.setrlimit(resource.RLIMIT_CORE, (0, most_core))
        if lasting:
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    return prepare


def _end_leftover(pid_file: Path) -> None:
    """Kills what a run that was killed itself has left; checks that the pid is still that PBX."""
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text() or 0)
    command = Path(f"/proc/{pid}/cmdline")
    if pid and command.exists() and str(pid_file.parent).encode() in command.read_bytes():
        os.kill(pid, signal.SIGKILL)
    pid_file.unlink()
