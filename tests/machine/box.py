"""A whole Debian testing: systemd is process 1, Asterisk 22 the service that Debian makes of it.

Namespaces do what a container program would. Its network is loopback alone.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab.packages import debian

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
BOOT_S = 240.0
"""Python's packages are installed before."""
COMMAND_S = 60.0
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"


@contextmanager
def a_box(folder: Path, first: str) -> Iterator["Box"]:
    """A machine that runs; `first` is shell, run in it before it starts.

    Raises Unavailable where it can't be had.
    """
    base, log = debian(CHECKOUT / ".cache/asterisk"), folder / "boot.log"
    script = folder / "written/opt/first.sh"
    script.parent.mkdir(parents=True)
    script.write_text(first)
    with log.open("w") as out:
        outside = subprocess.Popen(
            ["unshare", "--fork", "--kill-child", "--pid", "--mount", "--uts", "--ipc",
             "--cgroup", "sh", HERE / "boot.sh", base, folder, CHECKOUT],
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        box = Box(outside, log)
        box.wait()
        yield box
    finally:
        outside.kill()
        outside.wait()


class Box:
    """The machine below the process `outside`, whose start is told in `log`."""

    def __init__(self, outside: subprocess.Popen[bytes], log: Path) -> None:
        self._outside, self._log = outside, log

    def wait(self) -> None:
        """Until all of it runs. AssertionError with its last words when it never does."""
        deadline = time.monotonic() + BOOT_S
        while "running" not in self._state():
            assert self._outside.poll() is None, self._log.read_text()[-3000:]
            assert time.monotonic() < deadline, self._log.read_text()[-3000:]
            time.sleep(0.5)

    def run(self, script: str) -> str:
        """What shell says in it. AssertionError when it fails."""
        done = self._entered("-m", "-p", "-n", "-u", "-i", "-C", "env", "-i", f"PATH={PATH}",
                             "TERM=dumb", "sh", "-c", script)  # fmt: skip
        assert done.returncode == 0, f"{script}\n{done.stdout}"
        return done.stdout

    def beside(self, module: str) -> str:
        """What a module of ours says, run with its network and our files."""
        done = self._entered("-n", sys.executable, "-m", module)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def show(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.run(f"systemctl show {unit} -p {name} --value").strip()

    def until(self, unit: str, name: str, value: str, timeout_s: float = 20.0) -> None:
        """Wait until a unit's property has that value."""
        deadline = time.monotonic() + timeout_s
        while (found := self.show(unit, name)) != value:
            assert time.monotonic() < deadline, f"{name} is {found}, not {value}"
            time.sleep(0.2)

    def _entered(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["nsenter", "-t", str(self._first_process()), *command],
            cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=COMMAND_S, check=False,
        )  # fmt: skip

    def _first_process(self) -> int:
        pid = self._outside.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def _state(self) -> str:
        try:
            found = self._entered("-m", "-p", "systemctl", "is-system-running")
        except (OSError, IndexError):
            return ""
        return found.stdout
