"""Asterisk out of Debian packages, unpacked into a folder: no root, no chroot, no scripts run.

The suite's own dynamic loader runs the suite's own binary, so any Linux of the same processor will
do. 16 s and 290 MB a version, once. forky has 22, bullseye 16.
"""

import fcntl
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SUITES = {22: "forky", 16: "bullseye"}
PACKAGES = {
    22: "asterisk,asterisk-core-sounds-en-wav",
    16: "asterisk,asterisk-voicemail,asterisk-core-sounds-en-wav",
}
MACHINE = (
    "systemd-sysv,dbus,asterisk,asterisk-core-sounds-en-wav,"
    "python3,python3-venv,sudo,openssl,procps,ca-certificates"
)
"""What an admin's PBX server has before calltrackd comes."""
PATIENCE = 600  # seconds for the download
APT = (
    'Acquire::Check-Valid-Until "false"',  # a mirror may be a frozen snapshot of testing
    'APT::Install-Recommends "false"',
    'Acquire::Retries "3"',
    'Acquire::Languages "none"',
)


class Unavailable(Exception):  # noqa: N818 - a state of this machine, no mistake of anybody
    """The PBX can't be had on this machine; the text says why and what would mend it."""


@dataclass(frozen=True)
class Tree:
    """An unpacked suite."""

    root: Path

    @property
    def loader(self) -> Path:
        """The suite's ld.so; not by /lib64, whose link is absolute and leads to the host's."""
        return self._first("usr/lib/*/ld-linux-*.so.*", "lib/*/ld-2.*.so", "usr/lib/*/ld-2.*.so")

    @property
    def libraries(self) -> str:
        """The loader's search path. `usr/lib` itself holds 16's libasteriskpj."""
        places = [*self.root.glob("usr/lib/*-linux-gnu"), *self.root.glob("lib/*-linux-gnu")]
        return ":".join(map(str, [*places, self.root / "usr/lib/asterisk", self.root / "usr/lib"]))

    @property
    def modules(self) -> Path:
        """The folder of app_dial.so and the rest."""
        return self._first("usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules")

    def command(self, program: str) -> list[str]:
        """What runs `usr/sbin/PROGRAM` of the suite."""
        binary = self.root / "usr/sbin" / program
        return [str(self.loader), "--library-path", self.libraries, str(binary)]

    def _first(self, *patterns: str) -> Path:
        for pattern in patterns:
            for found in sorted(self.root.glob(pattern)):
                if found.exists():
                    return found
        raise Unavailable(
            f"{self.root} has none of {', '.join(patterns)}: remove it to get it anew"
        )


def asterisk_tree(version: int, cache: Path) -> Tree:
    """The packages of Asterisk 22 or 16 under `cache`, fetched if they are not there.

    Raises `Unavailable` where apt or the mirror can't give them.
    """
    return Tree(_once(cache / SUITES[version], lambda root: _unpack(version, root)))


def debian(cache: Path) -> Path:
    """A whole Debian testing with its Asterisk, installed in a folder of `cache`: to be booted.

    Raises `Unavailable` without root, and where apt or the mirror can't give it.
    """
    if os.getuid() != 0:
        raise Unavailable("a whole Debian is made by root only")
    return _once(
        cache / "machine",
        lambda root: _bootstrap(root, SUITES[22], MACHINE, "--variant=minbase", "--mode=root"),
    )


def _once(root: Path, make: Callable[[Path], None]) -> Path:
    """`root`, made if it is not there as a whole."""
    root.parent.mkdir(parents=True, exist_ok=True)
    with alone(root.with_name(f"{root.name}.lock")):
        if not (root / ".complete").exists():
            shutil.rmtree(root, ignore_errors=True)
            make(root)
            (root / ".complete").touch()
    return root


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """One process at a time, known by a lock on the file `path`."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _unpack(version: int, root: Path) -> None:
    if platform.machine() != "x86_64":
        raise Unavailable(f"the packages are for x86_64, this machine is {platform.machine()}")
    mode = "auto" if os.getuid() == 0 else "chrootless"
    _bootstrap(root, SUITES[version], PACKAGES[version], "--variant=extract", f"--mode={mode}")
    for name in ("bin", "sbin", "lib", "lib64"):  # usr-merge links come with scripts not run
        link = root / name
        if not link.exists() and not link.is_symlink():
            link.symlink_to(f"usr/{name}")


def _bootstrap(root: Path, suite: str, packages: str, *options: str) -> None:
    tool, source = str(_mmdebstrap(root.parent)), mirror()
    apt = [f"--aptopt={line}" for line in APT]
    run([tool, *options, *apt, f"--include={packages}", suite, str(root), source])


def mirror() -> str:
    """The Debian mirror that this machine's apt uses."""
    if given := os.environ.get("DEBIAN_MIRROR"):
        return given
    try:
        listed = run(["apt-get", "indextargets", "--format", "$(REPO_URI)"])
    except FileNotFoundError:
        raise Unavailable("no apt on this machine") from None
    for line in listed.split():
        if line.rstrip("/").endswith("/debian"):
            return line
    raise Unavailable("apt names no Debian mirror; give one in DEBIAN_MIRROR")


def _mmdebstrap(cache: Path) -> Path:
    """The machine's mmdebstrap, else one unpacked here: a script that needs apt and perl."""
    if found := shutil.which("mmdebstrap"):
        return Path(found)
    folder = cache / "mmdebstrap"
    tool = folder / "usr/bin/mmdebstrap"
    if not tool.exists():
        folder.mkdir(parents=True, exist_ok=True)
        run(["apt-get", "download", "mmdebstrap"], folder)
        package = next(folder.glob("mmdebstrap_*.deb"))
        run(["dpkg-deb", "-x", str(package), str(folder)])
    return tool


def run(command: list[str], folder: Path | None = None) -> str:
    """What a program prints. Raises `Unavailable` where it fails."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{command[0]}: {error}") from error
    if done.returncode:
        tail = (done.stderr.strip() or done.stdout.strip())[-500:]
        raise Unavailable(f"{' '.join(command[:2])} failed with {done.returncode}: {tail}")
    return done.stdout


def main() -> None:
    """`python -m tests.lab.packages 22 16`: fetches beforehand, so that no test has to wait."""
    cache = Path(__file__).parents[2] / ".cache/asterisk"
    for version in map(int, sys.argv[1:]):
        try:
            asterisk_tree(version, cache)
        except Unavailable as reason:
            print(f"Asterisk {version} can't be had: {reason}")  # noqa: T201 - a tool's output


if __name__ == "__main__":
    main()
