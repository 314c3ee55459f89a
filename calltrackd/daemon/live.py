"""Calls that are heard while they live: every voice in a talk is tapped, and its words are read.

Ten times a second the voices in the trackers are compared with the taps that there are. So a tap
begins with the talk, goes over to the next operator with a transfer, and ends with its channel; a
daemon that starts anew taps what it finds.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec
import structlog

from calltrackd.calls.tracker import Voice
from calltrackd.daemon.attachment import Attachment
from calltrackd.daemon.hearing import Hearing
from calltrackd.daemon.overheard import Following, Overheard
from calltrackd.daemon.scribe import Scribe
from calltrackd.daemon.tally import Tally
from calltrackd.daemon.tapper import Tapper
from calltrackd.model.call import CallRecord, Party
from calltrackd.ops.metrics import Metrics
from calltrackd.pipeline.commit import Committed
from calltrackd.settings import AsteriskPbx, Settings
from calltrackd.settings.speech import LiveSpeech
from calltrackd.speech.errors import SpeechError
from calltrackd.speech.plans import plan_of
from calltrackd.speech.pool import Pool
from calltrackd.speech.tap_server import Tap, TapServer
from calltrackd.store.engine import Store

LOOK_S = 0.1
MOST_TRIES = 3
"""A voice that could not be tapped so often is left to the recording."""
AGAIN_S = 1.0

_log = structlog.get_logger(__name__)


class Key(NamedTuple):
    """One voice: a channel on one side of one call."""

    pbx: str
    call_id: str
    side: Party
    channel: str


class _Leg(msgspec.Struct):
    task: asyncio.Task[None]
    tap: Tap | None = None
    tries: int = 1
    again_at: float = 0.0


class Live:
    """`run` in a task. `kept`: the settings and attachments as they are now."""

    def __init__(
        self,
        store: Store,
        hearing: Hearing,
        kept: Callable[[], tuple[Settings, list[Attachment]]],
        told: Callable[[Committed], None],
        metrics: Metrics,
    ) -> None:
        self._hearing = hearing
        self._kept = kept
        self._tally = Tally(metrics)
        self._scribe = Scribe(store, lambda: kept()[0], told, self._tally)
        self._settings: LiveSpeech | None = None
        """Those with which the port was opened."""
        self._server = TapServer()
        metrics.sample("live_strangers", lambda: {(): self._server.refused})
        self.port: int | None = None
        """Where audio is taken, while it is."""
        self._tappers: dict[str, Tapper] = {}
        self._legs: dict[Key, _Leg] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._calls: dict[str, Overheard | None] = {}
        self._warming: asyncio.Task[None] | None = None
        self._full = False

    async def run(self) -> None:
        """Until cancelled."""
        writing = asyncio.create_task(self._scribe.run(), name="scribe")
        try:
            while True:
                await self._exchange()
                if self.port is not None and self._hearing.pool is not None:
                    self._look()
                await asyncio.sleep(LOOK_S)
        finally:
            writing.cancel()
            await self._stop()

    # -- the port

    async def _exchange(self) -> None:
        """Open the port that the settings want, if they want one."""
        speech = self._kept()[0].speech
        wanted = speech.live if speech.enabled and speech.live.enabled else None
        if wanted == self._settings:
            return
        await self._stop()
        self._settings = wanted
        if wanted is None:
            return
        self._server = TapServer()
        try:
            self.port = await self._server.start(wanted.host, wanted.port)
        except OSError as error:
            where = f"{wanted.host}:{wanted.port}"
            _log.error("speech.no_live_port", address=where, reason=error.strerror or str(error))
        else:
            _log.info("speech.live_port", address=f"{wanted.host}:{self.port}")
            if self._hearing.pool is not None:
                self._warming = asyncio.create_task(self._warm(self._hearing.pool), name="warm-up")

    async def _stop(self) -> None:
        self.port = None
        for tapper in self._tappers.values():
            tapper.close()
        tasks = [*(leg.task for leg in self._legs.values()), *self._ending]
        tasks += [self._warming] if self._warming else []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tappers, self._legs, self._calls, self._warming = {}, {}, {}, None
        await self._server.stop()

    # -- what is wanted, and what there is

    def _look(self) -> None:
        _, attachments = self._kept()
        seen = [one for one in attachments if _is_seen(one)]
        wanted = {key: (one, voice) for one in seen for key, voice in _voices(one)}
        blind = {one.name for one in attachments} - {one.name for one in seen}
        for key in [key for key in self._legs if key.pbx not in blind and key not in wanted]:
            self._end(self._legs.pop(key))
        self._forget(attachments)
        for key, (attachment, voice) in wanted.items():
            self._attend(attachment, key, voice)

    def _attend(self, attachment: Attachment, key: Key, voice: Voice) -> None:
        leg = self._legs.get(key)
        if leg is not None and not leg.task.done():
            if leg.tap is not None:
                leg.tap.sound.muted = voice.away
            return
        now = asyncio.get_running_loop().time()
        tries = 1 if leg is None else leg.tries + 1
        if tries > MOST_TRIES or (leg is not None and now < leg.again_at):
            return
        if self._tapper(attachment).hopeless or not self._has_room(key.call_id):
            return
        call = self._call(attachment, key.call_id)
        if call is None:
            return
        tapping = self._hear(call, self._tapper(attachment), key, voice.channel.name)
        task = asyncio.create_task(tapping, name=f"tap of {voice.channel.name}")
        if leg is not None and leg.tap is not None:
            self._tally.tapped("lost")
        self._legs[key] = _Leg(task, tries=tries, again_at=now + AGAIN_S)

    def _has_room(self, call_id: str) -> bool:
        assert self._settings is not None  # noqa: S101 - the port is open
        if call_id in self._calls or len(self._calls) < self._settings.most_calls:
            self._full = False
            return True
        if not self._full:
            _log.warning("speech.live_full", most_calls=self._settings.most_calls)
        self._full = True
        return False

    def _end(self, leg: _Leg) -> None:
        """Its channel has left the talk: what was said is heard to the end."""
        if leg.tap is None:
            leg.task.cancel()
        else:
            leg.tap.close()
        if not leg.task.done():
            self._ending.add(leg.task)
            leg.task.add_done_callback(self._ending.discard)

    def _forget(self, attachments: Iterable[Attachment]) -> None:
        """Calls that are over."""
        for call_id in list(self._calls):
            if not any(call_id in one.street.first_seqs for one in attachments):
                del self._calls[call_id]

    def _tapper(self, attachment: Attachment) -> Tapper:
        pbx = attachment.settings
        assert isinstance(pbx, AsteriskPbx)  # noqa: S101 - see _is_seen
        known = self._tappers.get(pbx.name)
        if known is None or known.pbx != pbx:
            if known is not None:
                known.close()
            known = self._tappers[pbx.name] = Tapper(pbx)
        return known

    # -- one voice

    async def _hear(self, call: Overheard, tapper: Tapper, key: Key, channel: str) -> None:
        try:
            await self._tapped(call, tapper, key, channel)
        except Exception:  # noqa: BLE001 - border: one voice must not cost the others
            _log.exception("speech.live_broke", call=key.call_id, side=key.side)

    async def _tapped(self, call: Overheard, tapper: Tapper, key: Key, channel: str) -> None:
        pool, settings, leg = self._hearing.pool, self._settings, self._legs.get(key)
        if pool is None or settings is None or leg is None or self.port is None:
            return
        tap = self._server.tap()
        try:
            came = await tapper.ask(channel, tap, settings.address(self.port))
            self._tally.tapped("opened" if came else "refused")
            if came:
                leg.tap = tap
                await call.listen(key.side, tap.sound, pool)
        finally:
            tap.close()

    def _call(self, attachment: Attachment, call_id: str) -> Overheard | None:
        """The call's listening; None when no engine here can follow its language."""
        if call_id not in self._calls:
            record = attachment.street.tracker.record(call_id, attachment.street.at)
            self._calls[call_id] = None if record is None else self._begun(record)
        return self._calls[call_id]

    def _begun(self, record: CallRecord) -> Overheard | None:
        reader, settings = self._hearing.reader, self._kept()[0]
        language = settings.speech.language_of(record.did, record.queue)
        plan = plan_of(settings, language, live=True)
        if plan is None or reader is None:
            return None
        return Overheard(record, Following(plan, language), reader, self._scribe.write, self._tally)

    async def _warm(self, pool: Pool) -> None:
        """Load the model before the first call comes, or tell why it can't be."""
        settings = self._kept()[0]
        plan = plan_of(settings, settings.speech.language, live=True)
        if plan is None:
            _log.warning("speech.no_live_engine", language=settings.speech.language)
            return
        try:
            await pool.probe(plan)
        except SpeechError as error:
            _log.warning("speech.live_failed", reason=str(error))


def _is_seen(attachment: Attachment) -> bool:
    """An Asterisk whose calls are known as they are at this moment."""
    asterisk = isinstance(attachment.settings, AsteriskPbx)
    return asterisk and attachment.link.up and not attachment.behind


def _voices(attachment: Attachment) -> Iterable[tuple[Key, Voice]]:
    for voice in attachment.street.tracker.voices():
        yield Key(attachment.name, voice.call_id, voice.side, voice.channel.id), voice
