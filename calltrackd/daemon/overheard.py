"""A call that is heard while it lives: an ear for each tap, tags the moment they are earned."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import structlog

from calltrackd.daemon.tally import Tally
from calltrackd.model.call import CallRecord, Party
from calltrackd.model.transcript import Word
from calltrackd.pipeline.spoken import Spoken
from calltrackd.speech.ear import Ear
from calltrackd.speech.engines.plan import Plan, VoskPlan, VoskServerPlan
from calltrackd.speech.errors import SpeechError
from calltrackd.speech.pool import Pool
from calltrackd.speech.reading import Reader, alerts_of, tags_of
from calltrackd.speech.sound import Sound
from calltrackd.tagging.phrases.match import Heard

_log = structlog.get_logger(__name__)


class Following(NamedTuple):
    """What follows a call: an engine, in a language."""

    plan: Plan
    language: str


class Overheard:
    """`told` gets what the words of the call bring, to be committed."""

    def __init__(
        self,
        record: CallRecord,
        following: Following,
        reader: Reader,
        told: Callable[[Spoken], None],
        tally: Tally,
    ) -> None:
        self.call_id = record.id
        self._following = following
        self._reader = reader
        self._told = told
        self._tally = tally
        since = record.answered_at if record.answered_at is not None else time.time()
        engine, model = names_of(following.plan)
        self._heard = Heard(since=since, engine=engine, model=model)
        self._listening = reader.phrases.listen(following.language, record.did, record.queue)

    async def listen(self, side: Party, sound: Sound, pool: Pool) -> None:
        """Hear one side until its sound ends. What can't be heard is told, once a side."""
        ear = Ear(sound, self._heard.since, lambda words: self._hear(side, words))
        try:
            with self._tally.hearing(sound):
                await ear.listen(pool, self._following.plan, self._following.language)
        except SpeechError as error:
            self._tally.tapped("failed")
            _log.warning("speech.live_failed", call=self.call_id, side=side, reason=str(error))
        if sound.lost_s:
            lost_s = round(sound.lost_s, 1)
            _log.warning("speech.too_slow", call=self.call_id, side=side, lost_s=lost_s)

    def _hear(self, side: Party, words: Sequence[Word]) -> None:
        self._tally.words(len(words))
        matches = self._reader.heard(self._listening.hear(side, words))
        if matches:
            tags = tags_of(matches, self._heard)
            alerts = alerts_of(matches, self._heard, self.call_id)
            said_at = self._heard.since + max(words[-1].end, 0.0)
            spoken = Spoken(call_id=self.call_id, tags=tags, alerts=alerts, said_at=said_at)
            self._told(spoken)


def names_of(plan: Plan) -> tuple[str, str]:
    """Engine and model of a plan that can follow a call, as they stand in transcripts."""
    match plan:
        case VoskPlan():
            return "vosk", Path(plan.model).name
        case VoskServerPlan():
            return "vosk-server", plan.url
        case _:
            return "pocketsphinx", "en-us"
