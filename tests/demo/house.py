"""The demo's site: settings, secrets, state and the daemon, all below one folder."""

import asyncio
import base64
import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.demo.attachment import Attachment
from tests.demo.plot import GROUP, ONE, QUEUE, TAGS
from tests.demo.rules import speech

STOP_S = 12.0
"""The daemon promises to stop within 10."""

SETTINGS = """\
# Settings of the demo; docs/settings.md tells what each means.
state_dir = "state"

[[pbx]]
kind = "{make}"
name = "office"
port = {port}
secret_file = "pbx.secret"
ping_every_s = 2.0

[[number]]
did = "+{one}"
medium = "organic"
source = "site"

[[number]]
did = "+{queue}"
medium = "cpc"
source = "google"

[[number]]
did = "+{group}"
medium = "print"
source = "flyer"

[keypad]
map = [{{ keys = {tags} }}]

[[target]]
kind = "webhook"
name = "crm"
url = "{url}"
secret_file = "crm.secret"
allow_private = true    # the receiver is on this machine

[recordings]
folders = ["{recordings}"]
path_map = {{ {path_map} }}

[log]
format = "console"

[web]
port = {web}
"""


class InUseError(Exception):
    """Another demo runs in the folder."""


class House:
    """The folder while a demo runs in it (`with`); what was there before is cleared."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.config = self.folder / "calltrackd.toml"
        self.log = self.folder / "daemon.log"
        self.key = secrets.token_bytes(32)
        self.web_port = 0
        self._daemon: asyncio.subprocess.Process | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = (self.folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise InUseError(f"another demo runs in {self.folder}: wait for it") from None
        self._end_leftover()
        shutil.rmtree(self.folder / "state", ignore_errors=True)
        self.log.unlink(missing_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.close()

    @property
    def url(self) -> str:
        """The daemon's local port."""
        return f"http://127.0.0.1:{self.web_port}"

    def furnish(self, pbx: Attachment, receiver_url: str, models: Mapping[str, Path]) -> None:
        """Writes settings and secrets. `models`: of languages that are understood, if any."""
        self.web_port = _free_port()
        path_map = "" if pbx.spool is None else f'"{pbx.spool}" = "{pbx.recordings}"'
        text = SETTINGS.format(
            make=pbx.make, port=pbx.port, one=ONE, queue=QUEUE, group=GROUP, url=receiver_url,
            web=self.web_port, recordings=pbx.recordings, path_map=path_map, tags=_inline(TAGS),
        )  # fmt: skip
        if models:
            text += speech(models, QUEUE, live=pbx.live)
        self.config.write_text(text)
        key = "whsec_" + base64.b64encode(self.key).decode()
        for name, secret in (("pbx.secret", pbx.secret), ("crm.secret", key)):
            path = self.folder / name
            path.touch(0o600)
            path.write_text(secret + "\n")

    # -- the daemon

    async def start(self) -> None:
        """Starts `calltrackd run`, out of reach of the terminal's Ctrl-C: we stop it ourselves."""
        with self.log.open("ab") as log:
            self._daemon = await asyncio.create_subprocess_exec(
                *self._command("run"), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self._pid_file.write_text(str(self._daemon.pid))

    async def listening(self) -> None:
        """Waits until the daemon's local port is open."""
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.web_port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return

    async def died(self) -> str:
        """Waits for the daemon's end; its last words."""
        assert self._daemon is not None
        code = await self._daemon.wait()
        return f"the daemon ended with {code}:\n{self.last_words()}"

    async def stop(self) -> None:
        """SIGTERM, as systemd does it."""
        if self._daemon is None:
            return
        with suppress(ProcessLookupError):
            self._daemon.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._daemon.wait(), STOP_S)
        except TimeoutError:
            self._daemon.kill()
            await self._daemon.wait()
        self._pid_file.unlink(missing_ok=True)

    async def calls(self) -> list[dict[str, Any]]:
        """What `calltrackd calls list --json` prints, oldest first."""
        return await self._asked("calls", "list")

    async def unheard(self) -> list[str]:
        """Recordings that were not heard yet, or can't be, with the reason."""
        jobs = await self._asked("speech", "jobs", "list")
        return [
            f"the recording {job['path']} is not heard: {job['state']}, {job['reason']}"
            for job in jobs
            if job["state"] != "done"
        ]

    async def figures(self) -> dict[str, float]:
        """The daemon's /metrics: name with labels -> figure."""
        async with aiohttp.ClientSession() as http, http.get(f"{self.url}/metrics") as answer:
            lines = (line for line in (await answer.text()).splitlines() if line[0] != "#")
        return {name: float(figure) for name, figure in (line.rsplit(" ", 1) for line in lines)}

    async def _asked(self, *words: str) -> list[dict[str, Any]]:
        """What a command prints as JSON, the last line first."""
        asking = await asyncio.create_subprocess_exec(
            *self._command(*words, "--json"),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, told = await asking.communicate()
        if asking.returncode:
            raise RuntimeError(f"calltrackd {' '.join(words)}: {told.decode()}")
        return [json.loads(line) for line in reversed(out.splitlines())]

    def last_words(self, lines: int = 12) -> str:
        """The end of the daemon's log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    @property
    def _pid_file(self) -> Path:
        return self.folder / "daemon.pid"

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "calltrackd", *words, "-c", str(self.config)]

    def _end_leftover(self) -> None:
        """A daemon of a demo that was itself killed by -9."""
        if not self._pid_file.exists():
            return
        pid = int(self._pid_file.read_text() or 0)
        with suppress(OSError):
            if str(self.config).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)
        self._pid_file.unlink()


def _inline(table: dict[str, str]) -> str:
    """A TOML inline table."""
    return "{ " + ", ".join(f'{name} = "{value}"' for name, value in table.items()) + " }"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
