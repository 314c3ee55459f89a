"""A finished call's recordings, heard: talk map, transcript, and what both mean by the settings."""

import asyncio

import msgspec

from calltrackd.model.call import CallRecord
from calltrackd.model.transcript import Transcript
from calltrackd.settings import Settings
from calltrackd.speech.audio.gather import Gathered, gather
from calltrackd.speech.audio.paths import Finder
from calltrackd.speech.audio.settle import SettleRules
from calltrackd.speech.audio.tracks import Track
from calltrackd.speech.errors import PoisonedError, RefusedError, SpeechError
from calltrackd.speech.plans import plan_of
from calltrackd.speech.pool import Pool
from calltrackd.speech.reading import Read, Reader
from calltrackd.speech.talk.talkmap import TalkMap

HOUR_S = 3600.0
LEAST_LIMIT_S = 120.0
"""Loading a model, and a machine that does all else at once."""


class Result(msgspec.Struct):
    """What there was to hear. A part that failed leaves `trouble` and what the others gave."""

    since: float
    """Unix seconds of second 0."""
    audio_s: float = 0.0
    """Seconds of sound of all sides together."""
    talk: TalkMap | None = None
    transcript: Transcript | None = None
    """As it was said: not to be stored before it is masked."""
    read: Read | None = None
    trouble: SpeechError | None = None


def finder_of(settings: Settings) -> Finder:
    """Where recordings may be read."""
    return Finder(settings.recordings.folders, settings.recordings.path_map)


def settle_rules(settings: Settings) -> SettleRules:
    """How long recordings are waited for."""
    return SettleRules(settings.speech.settle_s, settings.speech.late_h * HOUR_S)


async def hear(record: CallRecord, settings: Settings, pool: Pool, reader: Reader) -> Result:
    """Everything that the recordings of an ended call tell. Speech's errors are in `trouble`."""
    finder, channel = finder_of(settings), settings.speech.caller_channel
    gathered = await asyncio.to_thread(gather, record, finder, channel)
    result = Result(gathered.since)
    if not gathered.tracks:
        result.trouble = RefusedError(_why_nothing(gathered))
        return result
    result.audio_s = sum(map(_length_s, gathered.tracks))
    try:
        if any(track.party is not None for track in gathered.tracks):
            result.talk = await pool.talk_map(gathered.tracks)
        result.transcript = await _transcript(record, settings, pool, gathered)
    except SpeechError as error:
        result.trouble = error
    if result.transcript is not None:
        result.read = await asyncio.to_thread(
            reader.read, result.transcript, record.did, record.queue, gathered.answer_s
        )
    return result


async def _transcript(
    record: CallRecord, settings: Settings, pool: Pool, gathered: Gathered
) -> Transcript | None:
    """None: no engine is set up for the call's language. SpeechError."""
    language = settings.speech.language_of(record.did, record.queue)
    plan = plan_of(settings, language, live=False)
    if plan is None:
        return None
    length_s = sum(map(_length_s, gathered.tracks))
    limit_s = settings.speech.limit_x * length_s + LEAST_LIMIT_S
    return await pool.transcribe(plan, language, gathered.tracks, limit_s=limit_s)


def for_good(trouble: SpeechError) -> bool:
    """Whether the same again would fail again."""
    return isinstance(trouble, RefusedError | PoisonedError)


def _length_s(track: Track) -> float:
    return max(0.0, track.ends_s - track.begins_s)


def _why_nothing(gathered: Gathered) -> str:
    absent = [f"{one.path}: {one.reason}" for one in gathered.absent]
    return "; ".join(absent) or "no recording holds sound from after the answer"
