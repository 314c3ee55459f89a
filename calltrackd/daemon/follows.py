"""Calls that are heard from the recordings their PBX writes, where it can't be tapped.

One poller for all calls, in a thread since a share may be slow; it rests as long as it worked. Of a
file is heard what was said in the talk: not while the operator is on hold or the client is parked.
A call that is over is heard to the end of its files.
"""

import asyncio
import math
import threading
import time
from collections.abc import Callable, Container, Sequence
from contextlib import suppress

import structlog

from calltrackd.daemon.attachment import Attachment
from calltrackd.daemon.followed_call import FollowedCall, Hear
from calltrackd.daemon.overheard import Overheard
from calltrackd.model.call import CallRecord, Party
from calltrackd.settings import Settings
from calltrackd.speech.finished import finder_of
from calltrackd.speech.followed import Followed, Polled

POLL_S = 0.1
RECORDINGS_S = 1.0
"""A call is asked so often for recordings that began amid it."""
SILENT_S = 10.0
"""A talk of whose files no sound came for so long is told of: PBXs write after 4 s at most."""
REST_S = 3.0
"""A call that is over is left when its files have not grown for so long."""
CHECK_RECORDINGS = "calltrackd doctor tells what is wrong with recordings"

_log = structlog.get_logger(__name__)


class Follows:
    """`look` with the attachments whose calls are to be heard so; `run` in a task."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        begin: Callable[[Attachment, str], Overheard | None],
        hear: Hear,
    ) -> None:
        """`begin`: the listening of a call, None when it is to be left."""
        self._settings = settings
        self._begin = begin
        self._hear = hear
        self._calls: dict[str, FollowedCall] = {}
        self._asked_at: dict[str, float] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._said: dict[str, str] = {}
        """Attachment -> why its files were silent, as it was told last."""

    # -- what is wanted

    def look(self, attachments: Sequence[Attachment], blind: Container[str]) -> None:
        """Compare who talks now with what is followed; of `blind` ones nothing is known now."""
        names = {one.name for one in attachments}
        for call in self._calls.values():
            if call.pbx not in names and call.pbx not in blind and call.over_at is None:
                call.over_at = time.time()  # it is heard in another way, or its PBX has gone
        for attachment in attachments:
            at, talking = time.time(), _talking(attachment)
            for call_id, sides in talking.items():
                followed = self._calls.get(call_id) or self._follow(attachment, call_id)
                if followed is not None:
                    followed.presence.change(at, frozenset(sides))
                    self._ask(attachment, followed, at)
            for call in self._calls.values():
                if call.pbx == attachment.name and call.call_id not in talking:
                    call.presence.change(at, frozenset())
                    if call.over_at is None and call.call_id not in attachment.street.first_seqs:
                        call.over_at = at

    def _follow(self, attachment: Attachment, call_id: str) -> FollowedCall | None:
        heard = self._begin(attachment, call_id)
        record = None if heard is None else _record(attachment, call_id)
        if record is None or heard is None:
            return None
        settings = self._settings()
        followed = Followed(record, finder_of(settings), settings.speech.caller_channel)
        call = FollowedCall(attachment.name, heard, followed, self._hear)
        self._calls[call_id] = call
        return call

    def _ask(self, attachment: Attachment, call: FollowedCall, at: float) -> None:
        """Which recordings it has, now and then; and tell when none of them sounds."""
        if at < self._asked_at.get(call.call_id, 0.0) + RECORDINGS_S:
            return
        self._asked_at[call.call_id] = at
        record = _record(attachment, call.call_id)
        if record is not None:
            call.followed.recordings = tuple(record.recordings)
            since = record.answered_at
            if call.followed.grew_at is not None:
                self._said.pop(call.pbx, None)
            elif since is not None and at > since + SILENT_S:
                self._tell(call)

    def _tell(self, call: FollowedCall) -> None:
        kind, reason = call.followed.why_silent()
        if self._said.get(call.pbx) != kind:
            self._said[call.pbx] = kind
            _log.warning(
                "speech.live_silent",
                pbx=call.pbx,
                call=call.call_id,
                reason=reason,
                mend=CHECK_RECORDINGS,
            )

    # -- the poller

    async def run(self) -> None:
        """Until cancelled; then all is let go of."""
        try:
            while True:
                began = time.monotonic()
                await self._round(list(self._calls.values()))
                await asyncio.sleep(max(POLL_S, time.monotonic() - began))
        finally:
            await self._stop()

    async def _round(self, calls: Sequence[FollowedCall]) -> None:
        if not calls:
            return
        for call, polled in zip(calls, await _aside(calls), strict=True):
            error = polled if isinstance(polled, Exception) else _taken(call, polled)
            if error is not None:
                _log.error("speech.live_broke", call=call.call_id, exc_info=error)
                call.followed.close()
            if time.time() > _rest_at(call):
                self._leave(call)

    def _leave(self, call: FollowedCall) -> None:
        del self._calls[call.call_id]
        self._asked_at.pop(call.call_id, None)
        for task in call.finish():
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def _stop(self) -> None:
        for call in list(self._calls.values()):
            self._leave(call)
        tasks = list(self._ending)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _aside(calls: Sequence[FollowedCall]) -> list[Polled | Exception]:
    """Poll all, in a thread that does not hold up the end of the process as a pool's would."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[list[Polled | Exception]] = loop.create_future()

    def poll() -> None:
        polled = [_polled(call.followed) for call in calls]
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_tell, done, polled)

    threading.Thread(target=poll, name="recordings that grow", daemon=True).start()
    return await done


def _tell(
    done: "asyncio.Future[list[Polled | Exception]]", polled: list[Polled | Exception]
) -> None:
    if not done.done():
        done.set_result(polled)


def _polled(one: Followed) -> Polled | Exception:
    try:
        return one.poll(time.time())
    except Exception as error:  # noqa: BLE001 - border: it is told where it can be
        return error


def _taken(call: FollowedCall, polled: Polled) -> Exception | None:
    """What came of it, if nothing did."""
    try:
        call.take(polled, time.time())
    except Exception as error:  # noqa: BLE001 - border: one call must not cost the others
        return error
    return None


def _rest_at(call: FollowedCall) -> float:
    """When a call may be left; never while it goes on."""
    if call.over_at is None:
        return math.inf
    return max(call.over_at, call.followed.grew_at or 0.0) + REST_S


def _talking(attachment: Attachment) -> dict[str, set[Party]]:
    """Call in a talk -> the sides that are not away."""
    talking: dict[str, set[Party]] = {}
    for voice in attachment.street.tracker.voices():
        sides = talking.setdefault(voice.call_id, set())
        if not voice.away:
            sides.add(voice.side)
    return talking


def _record(attachment: Attachment, call_id: str) -> CallRecord | None:
    return attachment.street.tracker.record(call_id, attachment.street.at)
