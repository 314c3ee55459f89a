"""A child process as the daemon sees it: questions, answers, and what it died of."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from calltrackd.speech.blackbox import Blackbox
from calltrackd.speech.engines.plan import Plan
from calltrackd.speech.errors import RefusedError, UnavailableError
from calltrackd.speech.wire import (
    HEAD_BYTES,
    MOST_BYTES,
    Drop,
    Failed,
    Ready,
    Reply,
    Request,
    framed,
    reply,
)

WORKER = (sys.executable, "-m", "calltrackd.speech.worker")
START_LIMIT_S = 60.0
DROP_LIMIT_S = 5.0
WATCH_S = 0.5
"""Pause between two looks at whether the child still moves."""
GOODBYE_S = 3.0
NOBODY = -1


class LostError(Exception):
    """The child died. `culprit`: the job or session at which it worked then; None: at nothing.

    NOBODY: it was dead before it was asked.
    """

    def __init__(self, reason: str, culprit: int | None) -> None:
        super().__init__(reason)
        self.culprit = culprit


class Child:
    """One child process. Made by `await Child.start()`."""

    def __init__(self, process: asyncio.subprocess.Process, box: Blackbox) -> None:
        self._process = process
        self._box = box
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self.lost: LostError | None = None
        """Why it can't be asked any more."""
        self._why_killed = ""
        self.plans: set[Plan] = set()
        """Engines that it was asked for, so that it has them loaded."""
        self.sessions: set[int] = set()
        self.job: int | None = None
        self._tasks = [
            asyncio.create_task(self._read(), name=f"speech-child-{process.pid}"),
            asyncio.create_task(self._watch(), name=f"speech-watch-{process.pid}"),
        ]

    @classmethod
    async def start(cls, command: Sequence[str] = WORKER, nice: int = 10) -> "Child":
        """A new one, up and waiting. UnavailableError: it does not come up, with the reason."""
        box = Blackbox.made()
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                *map(str, (box.note_fd, os.getpid(), nice)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=box.said_fd,
                pass_fds=[box.note_fd],
                start_new_session=True,
            )
        except OSError as error:
            box.close()
            raise UnavailableError(f"no child process can be started: {error}") from None
        child = cls(process, box)
        try:
            await child._ready()
        except BaseException:
            await child.kill("it did not come up")
            raise
        return child

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self.lost is None

    async def _ready(self) -> None:
        future = self._expect(Ready().number)
        try:
            async with asyncio.timeout(START_LIMIT_S):
                await future
        except TimeoutError:
            raise UnavailableError(f"a child process was not up in {START_LIMIT_S} s") from None
        except LostError as lost:
            raise UnavailableError(f"a child process does not come up: {lost}") from None

    async def ask(self, request: Request, limit_s: float | None = None) -> Reply:
        """The answer; only one question of a number at a time.

        RefusedError, UnavailableError: the child's own words. LostError: it died over this or over
        something else. After `limit_s` a RefusedError as well; a question that is cancelled or too
        slow is taken back, and a child that does not even do that is killed.
        """
        if self.lost is not None:
            raise LostError(str(self.lost), NOBODY)
        future = self._expect(request.number)
        self._write(request)
        try:
            async with asyncio.timeout(limit_s):
                answer = await asyncio.shield(future)
        except TimeoutError:
            await self._take_back(request.number)
            raise RefusedError(f"it took more than {limit_s:.0f} s, so it was given up") from None
        except asyncio.CancelledError:
            await asyncio.shield(self._take_back(request.number))
            raise
        if isinstance(answer, Failed):
            raise (UnavailableError if answer.later else RefusedError)(answer.reason)
        return answer

    async def _take_back(self, number: int) -> None:
        if not self.alive:
            return
        future = self._expect(number)
        self._write(Drop(number))
        try:
            async with asyncio.timeout(DROP_LIMIT_S):
                await future
        except LostError:
            return
        except TimeoutError:
            await self.kill(f"it did not let go of what it did within {DROP_LIMIT_S:.0f} s")

    def _expect(self, number: int) -> asyncio.Future[Reply]:
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_looked_at)
        self._waiting[number] = future
        return future

    def _write(self, request: Request) -> None:
        assert self._process.stdin is not None  # noqa: S101 - a pipe
        self._process.stdin.write(framed(request))

    async def _read(self) -> None:
        """Deal out answers until the pipe ends; then the child is lost, whatever it does."""
        assert self._process.stdout is not None  # noqa: S101 - a pipe
        try:
            while True:
                head = await self._process.stdout.readexactly(HEAD_BYTES)
                size = int.from_bytes(head, "little")
                if size > MOST_BYTES:
                    self._why_killed = f"it answered {size} bytes"
                    break
                answer = reply(await self._process.stdout.readexactly(size))
                future = self._waiting.pop(answer.number, None)
                if future is not None and not future.done():
                    future.set_result(answer)
        except asyncio.IncompleteReadError:
            pass
        except msgspec.DecodeError as error:
            self._why_killed = f"it answered what can't be read: {error}"
        await self._bury()

    async def _bury(self) -> None:
        self._kill_group()
        code = await self._process.wait()
        note, said = self._box.note(), self._box.reason()
        reason = self._why_killed or _ended(code)
        self.lost = LostError(
            f"{reason}: {said}" if said else reason, note.number if note else None
        )
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(self.lost)
        self._waiting.clear()
        self._box.close()

    async def _watch(self) -> None:
        """Native code that does not come back is killed; the note says for how long it may stay."""
        while self.alive and not self._tasks[0].done():
            note = self._box.note()
            if note and note.limit_s and time.monotonic() - note.since > note.limit_s:
                self._why_killed = f"it hung for more than {note.limit_s:.0f} s and was killed"
                self._kill_group()
                return
            await asyncio.sleep(WATCH_S)

    async def kill(self, why: str) -> None:
        """End it at once, with the programs that it started."""
        if self.alive:
            self._why_killed = self._why_killed or why
            self._kill_group()
        await self._tasks[0]
        self._tasks[1].cancel()

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def stop(self) -> None:
        """Let it end by itself within GOODBYE_S, else kill it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await self._process.wait()
        await self.kill("the pool was stopped")


def _ended(code: int) -> str:
    if code < 0:
        return f"the child process died of {signal.Signals(-code).name}"
    return f"the child process ended by itself ({code})"


def _looked_at(future: asyncio.Future[Reply]) -> None:
    """A question that nobody waits for any more may fail in silence: its asker was told why."""
    if not future.cancelled():
        future.exception()
