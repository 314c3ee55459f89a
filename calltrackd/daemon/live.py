"""Calls that are heard while they live: every voice in a talk is tapped, and its words are read.

Ten times a second the voices in the trackers are compared with the taps that there are. So a tap
begins with the talk, goes over to the next operator with a transfer, and ends with its channel; a
daemon that starts anew taps what it finds. A PBX that can't be tapped is heard by `Follows`.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec
import structlog

from calltrackd.calls.tracker import Voice
from calltrackd.daemon.attachment import Attachment
from calltrackd.daemon.follows import Follows
from calltrackd.daemon.hearing import Hearing
from calltrackd.daemon.live_source import Means, Way, choose
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
from calltrackd.speech.sound import Sound
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
        """Those that hold now; None: nothing is heard."""
        self._taps = False
        """Whether there is a PBX to be tapped."""
        self._server = TapServer()
        metrics.sample("live_strangers", lambda: {(): self._server.refused})
        self.port: int | None = None
        """Where audio of taps is taken, while it is."""
        self._follows = Follows(lambda: kept()[0], self._call, self._heard)
        self._following: asyncio.Task[None] | None = None
        self._ways: dict[str, tuple[Way | None, str]] = {}
        """Attachment -> the way by which it is heard and why, as it was told."""
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
                if self._settings is not None and self._hearing.pool is not None:
                    self._look(self._settings)
                await asyncio.sleep(LOOK_S)
        finally:
            writing.cancel()
            await self._stop()

    # -- the port

    async def _exchange(self) -> None:
        """Begin to hear as the settings want it, if they do."""
        settings = self._kept()[0]
        live = settings.speech.live
        wanted = live if settings.speech.enabled and live.enabled else None
        taps = live.source != "files" and any(isinstance(p, AsteriskPbx) for p in settings.pbx)
        if (wanted, taps) == (self._settings, self._taps):
            return
        await self._stop()
        self._settings, self._taps = wanted, taps
        if wanted is None:
            return
        if self._hearing.pool is not None:
            self._warming = asyncio.create_task(self._warm(self._hearing.pool), name="warm-up")
        self._following = asyncio.create_task(self._follows.run(), name="recordings that grow")
        if taps:
            await self._open(wanted)

    async def _open(self, wanted: LiveSpeech) -> None:
        self._server = TapServer()
        try:
            self.port = await self._server.start(wanted.host, wanted.port)
        except OSError as error:
            where = f"{wanted.host}:{wanted.port}"
            _log.error("speech.no_live_port", address=where, reason=error.strerror or str(error))
        else:
            _log.info("speech.live_port", address=f"{wanted.host}:{self.port}")

    async def _stop(self) -> None:
        self.port = None
        for tapper in self._tappers.values():
            tapper.close()
        tasks = [*(leg.task for leg in self._legs.values()), *self._ending]
        tasks += [one for one in (self._warming, self._following) if one is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tappers, self._legs, self._calls, self._ways = {}, {}, {}, {}
        self._warming = self._following = None
        await self._server.stop()

    # -- what is wanted, and what there is

    def _look(self, settings: LiveSpeech) -> None:
        _, attachments = self._kept()
        seen = [one for one in attachments if one.link.up and not one.behind]
        blind = {one.name for one in attachments} - {one.name for one in seen}
        ways = {one.name: self._way(one, settings) for one in seen}
        tapped = [one for one in seen if ways[one.name] == "tap"]
        wanted = {key: (one, voice) for one in tapped for key, voice in _voices(one)}
        for key in [key for key in self._legs if key.pbx not in blind and key not in wanted]:
            self._end(self._legs.pop(key))
        self._forget(attachments)
        for key, (attachment, voice) in wanted.items():
            self._attend(attachment, key, voice)
        self._follows.look([one for one in seen if ways[one.name] == "files"], blind)

    def _way(self, one: Attachment, settings: LiveSpeech) -> Way | None:
        """How the calls of an attachment are heard; told when that changes."""
        tapper = self._tappers.get(one.name)
        means = Means(
            asterisk=isinstance(one.settings, AsteriskPbx),
            greeting=one.link.connection.greeting,
            tapped_in_vain=tapper is not None and tapper.hopeless,
            port=self.port is not None,
        )
        chosen = choose(settings.source, means)
        if self._ways.get(one.name) != chosen:
            self._ways[one.name] = chosen
            log = _log.warning if chosen.way is None else _log.info
            log("speech.live_source", pbx=one.name, source=chosen.way, reason=chosen.reason)
        return chosen.way

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
        if self._tapper(attachment).hopeless:
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
        assert self._settings is not None  # noqa: S101 - nobody looks without
        if call_id in self._calls:
            return True
        if len(self._calls) < self._settings.most_calls:
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
        assert isinstance(pbx, AsteriskPbx)  # noqa: S101 - see _way
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

    async def _heard(self, call: Overheard, side: Party, sound: Sound) -> None:
        """One side of a call that is followed."""
        try:
            if self._hearing.pool is not None:
                await call.listen(side, sound, self._hearing.pool)
        except Exception:  # noqa: BLE001 - border: one voice must not cost the others
            _log.exception("speech.live_broke", call=call.call_id, side=side)

    def _call(self, attachment: Attachment, call_id: str) -> Overheard | None:
        """The call's listening; None when there are too many, or no engine has its language."""
        if not self._has_room(call_id):
            return None
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


def _voices(attachment: Attachment) -> Iterable[tuple[Key, Voice]]:
    for voice in attachment.street.tracker.voices():
        yield Key(attachment.name, voice.call_id, voice.side, voice.channel.id), voice
