"""`calltrackd run` as a child process: killed, frozen, starved of disk, and started again."""

import asyncio
import base64
import json
import os
import resource
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import aiohttp

from calltrackd.model.call import CallRecord, seconds
from calltrackd.model.outbox import OutboxRow
from calltrackd.store import calls, outbox
from calltrackd.store.engine import Store

KEY = bytes(range(32))
MOST = 1_000_000
READY_S = 60.0
EXTENSIONS = {
    "asterisk": "extensions = ['^PJSIP/(\\d{3})-', '^PJSIP/(sink)-']",
    "freeswitch": "",
}
"""Of each make of PBX; FreeSWITCH's defaults fit the lab."""
SETTINGS = """\
state_dir = "state"

[[pbx]]
kind = "{make}"
name = "office"
port = {ami}
secret = "{secret}"
ping_every_s = {ping}
ping_timeout_s = {ping}
retry_cap_s = 1.0
connect_timeout_s = 5.0
{extensions}

[[number]]
did = "+74950000001"
medium = "{medium}"
source = "google"

[[target]]
kind = "webhook"
name = "crm"
url = "{url}"
secrets = ["whsec_{key}"]
allow_private = true
concurrency = 16

[journal]
keep_days = 1

[log]
format = "json"
mask_numbers = false

[web]
port = {web}
"""


class Daemon:
    """One installation in `folder`; `async with` ends whatever still runs of it."""

    def __init__(
        self,
        folder: Path,
        ami_port: int,
        url: str,
        *,
        secret: str = "CHANGE-ME",
        ping: float = 2.0,
        make: Literal["asterisk", "freeswitch"] = "asterisk",
    ) -> None:
        self.folder = folder
        self.config = folder / "calltrackd.toml"
        self.log = folder / "daemon.log"
        self.web_port = _free_port()
        self._values = {
            "ami": ami_port, "url": url, "secret": secret, "ping": ping, "web": self.web_port,
            "medium": "cpc",
            "make": make,
            "extensions": EXTENSIONS[make],
            "key": base64.b64encode(KEY).decode(),
        }  # fmt: skip
        self._process: asyncio.subprocess.Process | None = None
        self.furnish()

    def furnish(self, **values: object) -> None:
        """Write the settings, some of them changed."""
        self._values |= values
        self.config.write_text(SETTINGS.format(**self._values))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.kill()

    # -- life

    async def start(self) -> None:
        """Start it; does not wait until it is ready."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "calltrackd", "run", "-c", str(self.config),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT, limit=1 << 20,
        )  # fmt: skip
        self._writing = asyncio.create_task(self._write_log(self._process))

    async def _write_log(self, process: asyncio.subprocess.Process) -> None:
        """As journald would: what it says is kept also when it can write no file itself."""
        assert process.stdout is not None
        with self.log.open("ab", buffering=0) as log:
            while data := await process.stdout.read(65_536):
                log.write(data)

    @property
    def pid(self) -> int:
        """The process as it runs now."""
        assert self._process is not None
        return self._process.pid

    async def kill(self) -> None:
        """SIGKILL; nothing when it does not run."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            await self._writing

    async def terminate(self, patience: float = 15.0) -> tuple[int, float]:
        """SIGTERM; exit code and seconds that the stop took. TimeoutError."""
        assert self._process is not None
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(self._process.wait(), patience)
        took = time.monotonic() - began
        await self._writing
        return code, took

    async def exited(self, patience: float = 30.0) -> int:
        """Its exit code, when it ends by itself. TimeoutError."""
        assert self._process is not None
        code = await asyncio.wait_for(self._process.wait(), patience)
        await self._writing
        return code

    def signal(self, number: signal.Signals) -> None:
        """SIGHUP, SIGSTOP, SIGCONT ..."""
        os.kill(self.pid, number)

    def most_file_bytes(self, size: int = resource.RLIM_INFINITY) -> None:
        """No file may grow beyond: to the daemon (EFBIG) that is a full disk or quota."""
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    # -- what it tells

    async def ready(self, patience: float = READY_S) -> None:
        """Wait until /readyz says so. AssertionError with its last words when it never does."""
        await self.until(self._is_ready, patience, "ready")

    async def until(self, fits: Any, patience: float, what: str) -> None:
        """Ask `await fits()` until it is true."""
        deadline = time.monotonic() + patience
        while not await fits():
            assert time.monotonic() < deadline, f"never {what}:\n{self.last_words()}"
            await asyncio.sleep(0.05)

    async def _is_ready(self) -> bool:
        status, _ = await self.get("/readyz")
        return status == 200

    async def get(self, path: str) -> tuple[int, str]:
        """Status and body of the local port; (0, "") when it does not listen."""
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
                session.get(f"http://127.0.0.1:{self.web_port}{path}") as answer,
            ):
                return answer.status, await answer.text()
        except (aiohttp.ClientError, OSError, TimeoutError):
            return 0, ""

    async def metric(self, name: str) -> float:
        """The sum over all labels of one metric."""
        _, page = await self.get("/metrics")
        return _total(page, name)

    def said(self, event: str) -> list[dict[str, Any]]:
        """Its log lines of that event."""
        return [line for line in self._lines() if line.get("event") == event]

    def moments(self, event: str) -> list[float]:
        """When it logged that event, unix seconds."""
        return [seconds(line["timestamp"]) for line in self.said(event)]

    async def said_text(self, text: str) -> bool:
        """Whether its log holds that text."""
        return text in self.log.read_text(errors="replace")

    async def has_ended(self, calls: int) -> bool:
        """Whether so many calls were told as ended."""
        return len(self.said("call.ended")) >= calls

    async def all_told(self, patience: float = 60.0) -> None:
        """Wait until no call lives and no delivery is owed."""
        await self.ready()
        await self.until(self._is_done, patience, "all told")

    async def _is_done(self) -> bool:
        _, page = await self.get("/metrics")
        if not page:
            return False
        depth = _total(page, "calltrackd_outbox_depth")
        return depth == _total(page, "calltrackd_calls_in_progress") == 0

    def _lines(self) -> list[dict[str, Any]]:
        found = []
        for text in self.log.read_text(errors="replace").splitlines():
            with suppress(json.JSONDecodeError):
                found.append(json.loads(text))
        return found

    def last_words(self, lines: int = 15) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    # -- what it left

    @property
    def store_url(self) -> str:
        """Its database."""
        return f"sqlite:///{self.folder}/state/calltrackd.db"

    async def records(self) -> list[CallRecord]:
        """All calls of the store, oldest first."""
        store = await Store.open(self.store_url, migrate=False)
        try:
            async with store.read() as conn:
                return (await calls.list_calls(conn, calls.CallFilter(), MOST))[::-1]
        finally:
            await store.close()

    async def owed(self) -> list[OutboxRow]:
        """All deliveries of the store, oldest first."""
        store = await Store.open(self.store_url, migrate=False)
        try:
            async with store.read() as conn:
                return (await outbox.list_rows(conn, limit=MOST))[::-1]
        finally:
            await store.close()


def _total(page: str, name: str) -> float:
    lines = [line for line in page.splitlines() if line.startswith((name + "{", name + " "))]
    assert lines, f"no metric {name} in {page!r}"
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
