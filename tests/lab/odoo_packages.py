"""Odoo 19 out of its Debian package, unpacked, with a virtual environment of its own beside it.

No root, nothing is installed on the machine: 123 MB are fetched once, 0.7 GB lie below the cache.
The package is in Debian sid only; its lists are kept apart from the machine's.
"""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.lab.packages import Unavailable, alone, mirror, run

CACHE = Path(__file__).parents[2] / ".cache/odoo"
LOCK = Path(__file__).parent / "odoo-python.lock"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
UNPACK = (
    "dpkg-deb --fsys-tarfile odoo-19_*.deb | tar -x -C root --exclude=*.po --exclude=*.pot ./usr"
)
"""All of it but translations: addons lie in two trees that belong together."""


@dataclass(frozen=True)
class OdooTree:
    """Where it lies."""

    folder: Path

    @property
    def command(self) -> list[str]:
        """What runs `odoo`."""
        return [str(self.folder / "venv/bin/python"), str(self.folder / "root/usr/bin/odoo")]

    @property
    def environment(self) -> dict[str, str]:
        """What it needs to find itself."""
        modules = self.folder / "root/usr/lib/python3/dist-packages"
        return {"PYTHONPATH": str(modules), "PATH": "/usr/bin:/bin"}


def odoo_tree(cache: Path = CACHE) -> OdooTree:
    """Odoo under `cache`, fetched if it is not there. Raises `Unavailable`."""
    cache.mkdir(parents=True, exist_ok=True)
    with alone(cache / "lock"):
        if not (cache / ".complete").exists():
            _unpack(cache)
            _furnish(cache)
            (cache / ".complete").touch()
    return OdooTree(cache)


def _unpack(cache: Path) -> None:
    if not Path(KEYRING).exists():
        raise Unavailable(f"no {KEYRING}: apt-get install debian-archive-keyring")
    shutil.rmtree(cache / "root", ignore_errors=True)
    for folder in ("root", "apt/lists/partial", "apt/archives/partial"):
        (cache / folder).mkdir(parents=True, exist_ok=True)
    sources = cache / "apt/sources.list"
    sources.write_text(f"deb [signed-by={KEYRING}] {mirror()} sid main\n")
    given = {
        "Dir::State::lists": cache / "apt/lists",
        "Dir::Cache": cache / "apt",
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "/dev/null",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::Check-Valid-Until": "false",
        "Acquire::Retries": "3",
    }
    options = [part for name, value in given.items() for part in ("-o", f"{name}={value}")]
    run(["apt-get", *options, "-qq", "update"])
    run(["apt-get", *options, "-qq", "download", "odoo-19"], cache)
    run(["sh", "-ec", UNPACK], cache)
    shutil.rmtree(cache / "apt")
    for package in cache.glob("odoo-19_*.deb"):
        package.unlink()


def _furnish(cache: Path) -> None:
    shutil.rmtree(cache / "venv", ignore_errors=True)
    run([sys.executable, "-m", "venv", str(cache / "venv")])
    pip = [str(cache / "venv/bin/python"), "-m", "pip", "install", "--quiet"]
    run([*pip, "--disable-pip-version-check", "--require-hashes", "-r", str(LOCK)])


def main() -> None:
    """`python -m tests.lab.odoo_packages`: fetches beforehand, so that no test has to wait."""
    try:
        odoo_tree()
    except Unavailable as reason:
        print(f"Odoo 19 can't be had: {reason}")  # noqa: T201 - a tool's output


if __name__ == "__main__":
    main()
