"""A PostgreSQL of the tests' own: initdb in a temporary folder, a socket there, gone at the end."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

START_S = 30.0


class Server:
    """A running server; its databases are made and unmade by name."""

    def __init__(self, programs: Path, folder: Path, user: str) -> None:
        self.programs = programs
        self.folder = folder
        self.user = user
        self._process: subprocess.Popen[bytes] | None = None
        self._count = 0

    def _as_user(self, program: str, *args: str) -> list[str]:
        """A command line that leaves root and ends with this process, whatever ends it."""
        other = os.getuid() == 0
        drop = [f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"] if other else []
        return ["setpriv", *drop, "--pdeathsig=INT", str(self.programs / program), *args]

    def _tool(self, program: str, *args: str) -> None:
        socket = [f"--host={self.folder}", f"--username={self.user}"]
        subprocess.run(
            [str(self.programs / program), *socket, *args], check=True, capture_output=True
        )

    def initialise(self) -> None:
        locale = ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--auth=trust"]
        subprocess.run(
            self._as_user("initdb", *locale, "-D", str(self.folder / "data")),
            check=True,
            capture_output=True,
            cwd="/",
        )

    def start(self) -> None:
        fast = ("fsync=off", "full_page_writes=off", "max_connections=50", "shared_buffers=32MB")
        settings = ("listen_addresses=", f"unix_socket_directories={self.folder}", *fast)
        options = [part for setting in settings for part in ("-c", setting)]
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                self._as_user("postgres", "-D", str(self.folder / "data"), *options),
                stdout=log,
                stderr=log,
                cwd="/",
            )
        deadline = time.monotonic() + START_S
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                pytest.fail((self.folder / "log").read_text())
            time.sleep(0.05)  # pg_isready is the only sign that a server gives

    def _ready(self) -> bool:
        ask = [str(self.programs / "pg_isready"), "-q", f"--host={self.folder}"]
        return subprocess.run(ask, check=False).returncode == 0

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=START_S)
            self._process = None

    def create(self, template: str = "template0") -> str:
        """A new database, empty or a copy of another; its name."""
        self._count += 1
        name = f"test{self._count}"
        self._tool("createdb", f"--template={template}", name)
        return name

    def drop(self, name: str) -> None:
        self._tool("dropdb", "--force", name)

    def url(self, name: str) -> str:
        return f"postgresql://{self.user}@/{name}?host={self.folder}"


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found and shutil.which("setpriv"):
        return found[-1].parent
    reason = "no PostgreSQL server programs; tests/install-postgresql.sh installs them"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _user() -> str:
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid()).pw_name
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def running() -> Iterator[Server]:
    """A server for as long as the generator lives."""
    programs, user = _programs(), _user()
    folder = Path(tempfile.mkdtemp(prefix="ct-pg-"))  # short: a socket's path has 107 bytes
    try:
        if os.getuid() == 0:
            shutil.chown(folder, user)
        server = Server(programs, folder, user)
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """The session's PostgreSQL server."""
    yield from running()
