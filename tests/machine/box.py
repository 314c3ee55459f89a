"""A whole Debian testing: systemd is process 1, Asterisk 22 the service that Debian makes of it.

Namespaces do what a container program would. Its network is loopback alone.
"""

import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from tests.lab.packages import debian

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
BOOT_S = 240.0
"""Python's packages are installed before."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"


class Box:
    """`with Box(folder, first) as box`: `first` is shell, run in it before it starts.

    Raises Unavailable where it can't be had.
    """

    def __init__(self, folder: Path, first: str) -> None:
        self._folder, self._first = folder, first
        self._log = folder / "boot.log"

    def __enter__(self) -> Self:
        base = debian(CHECKOUT / ".cache/asterisk")
        script = self._folder / "written/opt/first.sh"
        script.parent.mkdir(parents=True)
        script.write_text(self._first)
        with self._log.open("w") as log:
            self._outside = subprocess.Popen(
                ["unshare", "--fork", "--kill-child", "--pid", "--mount", "--uts", "--ipc",
                 "--cgroup", "sh", HERE / "boot.sh", base, self._folder, CHECKOUT],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._outside.kill()
        self._outside.wait()

    def run(self, script: str, timeout_s: float = 60.0) -> str:
        """What shell says in it. AssertionError when it fails."""
        done = self._entered("-m", "-p", "-n", "-u", "-i", "-C", "env", "-i", f"PATH={PATH}",
                             "TERM=dumb", "sh", "-c", script, timeout_s=timeout_s)  # fmt: skip
        assert done.returncode == 0, f"{script}\n{done.stdout}"
        return done.stdout

    def beside(self, *module: str, timeout_s: float = 60.0) -> str:
        """What a module of ours says, run with its network and our files."""
        done = self._entered("-n", sys.executable, "-m", *module, timeout_s=timeout_s)
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

    def _entered(self, *command: str, timeout_s: float) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["nsenter", "-t", str(self._first_process()), *command],
            cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=timeout_s, check=False,
        )  # fmt: skip

    def _first_process(self) -> int:
        pid = self._outside.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def _wait(self) -> None:
        deadline = time.monotonic() + BOOT_S
        while "running" not in self._state():
            assert self._outside.poll() is None, self._log.read_text()[-3000:]
            assert time.monotonic() < deadline, self._log.read_text()[-3000:]
            time.sleep(0.5)

    def _state(self) -> str:
        try:
            found = self._entered("-m", "-p", "systemctl", "is-system-running", timeout_s=10.0)
        except (OSError, IndexError):
            return ""
        return found.stdout
