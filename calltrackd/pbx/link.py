"""The attachment to one PBX: kept up for ever, with every byte journalled before it acts.

    run: room on the disk? -> connect, log in -> snapshot, ping ... lost -> wait -> again

* A connection's bytes reach journal and sink once its login is accepted (with the bytes before),
  between a `reconnect` and an `eof` mark; attempts that fail leave no trace but a log line.
* Nothing outlives its connection: waiting actions fail with LinkDownError, none is sent again.
* A journal that can't be written ends the connection: bytes that can't be kept are not acted on.
  The end is marked, with its true time, as soon as there is room, and only then it goes on.
* Waits are drawn between 0 and a doubling bound up to `retry_cap_s` (full jitter), so that many
  daemons do not knock at once; a link that held a while starts from the shortest again.
"""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Generic, Protocol

import structlog

from calltrackd.pbx.access import Access, C, watch
from calltrackd.pbx.errors import HalfOpenError, LinkDownError
from calltrackd.pbx.journal import Journal, JournalError
from calltrackd.pbx.stream import moment

_FIRST_WAIT_S = 0.5
_STEADY_S = 10.0
"""A link that held so long was a good one."""
_SLOW_S = 1.0
"""For one append. Asterisk drops a client that does not read for 5 to 10 s, FreeSWITCH one that
is 100,000 events behind."""
_MOST_HELD = 8 << 20
"""Bytes before the login is accepted: a PBX sends a few lines, anything else is none."""

_log = structlog.get_logger(__name__)


class Sink(Protocol):
    """Who acts on what a link reads; all three return at once. `at`: unix seconds."""

    def chunk(self, seq: int, at: float, data: bytes) -> None:
        """One socket read, in the journal under `seq`."""

    def lost(self, seq: int, at: float) -> None:
        """The link ended at `at`, its last sign of life; the codec's rest is void."""

    def up(self, seq: int, at: float) -> None:
        """Logged in; the new connection's bytes follow."""


class Link(Generic[C]):
    """Supervises the connection to one PBX. `clock`: unix seconds; `draw`: a number in [0, 1)."""

    def __init__(
        self,
        access: Access[C],
        journal: Journal,
        sink: Sink,
        clock: Callable[[], float] = time.time,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._access = access
        self._journal = journal
        self._sink = sink
        self._clock = clock
        self._draw = draw
        self._connection: C | None = None
        self._held: list[tuple[float, bytes]] = []
        self._held_bytes = 0
        self._owed_eof: float | None = None
        self._up_since = 0.0
        self._said = ""
        self._tries = 0
        self._outage_s = 0.0
        self._down_since: float | None = journal.last_at if journal.last_at is not None else clock()
        self.last_at: float | None = None
        """When bytes came last, unix seconds."""
        self.logins = 0
        """Times that a login was accepted."""

    @property
    def up(self) -> bool:
        """Logged in, as far as is known."""
        return self._connection is not None

    @property
    def outage_s(self) -> float:
        """Seconds without a link, the running outage and the daemon's absence before included."""
        if self._down_since is None:
            return self._outage_s
        return self._outage_s + max(0.0, self._clock() - self._down_since)

    @property
    def connection(self) -> C:
        """The connection of this moment. LinkDownError when there is none."""
        if self._connection is None:
            raise LinkDownError(self._said or "not logged in yet")
        return self._connection

    async def run(self) -> None:
        """Keep the link up until cancelled. Raises LoginRefusedError: a retry can't help."""
        while True:
            try:
                self._settle()
                await self._hold()
            except LinkDownError as error:
                self._say(str(error))
            except JournalError as error:
                self._say(f"stopped until there is room: {error}")
            await asyncio.sleep(self._wait())

    # -- one connection

    def _settle(self) -> None:
        """Write what the disk had no room for. JournalError: it has none yet."""
        if not self._journal.has_room():
            raise JournalError(f"{self._journal.folder}: less room on the disk than the reserve")
        if self._owed_eof is not None:
            self._keep_eof(self._owed_eof)

    async def _hold(self) -> None:
        """One connection from begin to end. LinkDownError tells why it ended."""
        self._held, self._held_bytes = [], 0
        connection = await self._access.connect(self._bytes)
        lost_at = None
        try:
            self._accept(connection)
            await self._until_end(connection)
        except HalfOpenError:
            lost_at = self.last_at
            raise
        finally:
            connection.end("closed by us")
            self._lose(self._clock() if lost_at is None else lost_at)

    async def _until_end(self, connection: C) -> None:
        """Watch the link and take the snapshot. Raises LinkDownError."""
        tasks = [  # no TaskGroup: before 3.13 it swallows a cancel that meets an error
            asyncio.create_task(watch(self._access, connection)),
            asyncio.create_task(self._snapshot(connection)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _snapshot(self, connection: C) -> None:
        await self._access.look_around(connection, self._journal.pbx)
        _log.info("snapshot is taken", pbx=self._journal.pbx)

    # -- bytes

    def _bytes(self, data: bytes) -> None:
        """Every read of a connection. LinkDownError, which ends it, for what can't be kept."""
        at = self.last_at = moment(self._clock())
        if self._connection is not None:
            self._take(at, data)
            return
        self._held.append((at, data))
        self._held_bytes += len(data)
        if self._held_bytes > _MOST_HELD:
            raise LinkDownError("it floods instead of letting us log in")

    def _take(self, at: float, data: bytes) -> None:
        began = time.monotonic()
        try:
            seq = self._journal.append(at, data)
        except JournalError as error:
            raise LinkDownError(f"bytes can't be kept: {error}") from error
        if (took := time.monotonic() - began) > _SLOW_S:
            _log.warning("the journal's disk is slow", pbx=self._journal.pbx, took_s=round(took, 3))
        self._sink.chunk(seq, at, data)

    # -- up and down

    def _accept(self, connection: C) -> None:
        """The login was accepted: from here on the connection exists for everybody."""
        first_at = self._held[0][0]
        seq = self._journal.mark(first_at, "reconnect")
        self._connection = connection
        self._sink.up(seq, first_at)
        outage, self._down_since = self.outage_s - self._outage_s, None
        self._outage_s += outage
        self._up_since, self._said = self._clock(), ""
        self.logins += 1
        _log.info(
            "attached",
            pbx=self._journal.pbx,
            banner=connection.greeting,
            outage_s=round(outage, 3),
        )
        held, self._held = self._held, []
        for at, data in held:
            self._take(at, data)

    def _lose(self, at: float) -> None:
        """The connection ended at `at`; nothing to do when it was never accepted."""
        if self._connection is None:
            return
        self._connection = None
        self._down_since = at = moment(at)
        if at - self._up_since >= _STEADY_S:
            self._tries = 0
        try:
            self._keep_eof(at)
        except JournalError as error:
            self._owed_eof = at
            self._say(f"the end of the link can't be kept yet: {error}")

    def _keep_eof(self, at: float) -> None:
        seq = self._journal.mark(at, "eof")
        self._owed_eof = None
        self._sink.lost(seq, at)

    def _say(self, text: str) -> None:
        """Log an error when its text changes, not at every attempt."""
        if text != self._said:
            self._said = text
            _log.warning("not attached", pbx=self._journal.pbx, error=text)

    def _wait(self) -> float:
        """Seconds until the next attempt."""
        bound = min(self._access.retry_cap_s, _FIRST_WAIT_S * 2.0 ** min(self._tries, 16))
        self._tries += 1
        return self._draw() * bound
