"""Talk maps against the truth: frames of 10 ms, pauses of up to 200 ms closed in both."""

from typing import Any

import numpy as np

from calltrackd.speech.talk.spans import Mask, closed, painted
from calltrackd.speech.talk.talkmap import TalkMap

SIDES = ("operator", "caller")


def told(truth: dict[str, Any]) -> list[Mask]:
    """The truth's masks, operator first."""
    count = round(truth["duration"] * 100)
    sides = [[one for one in truth["segments"] if one["role"] == side] for side in SIDES]
    return [closed(_mask(one, count), 20) for one in sides]


def found(talk_map: TalkMap) -> list[Mask]:
    """The map's masks, operator first."""
    count = round(talk_map.duration_s * 100)
    every = [{"start": one.start, "end": one.end, "side": one.side} for one in talk_map.segments]
    return masks(every, count)


def masks(segments: list[dict[str, Any]], count: int) -> list[Mask]:
    """The masks of segments of `side`, `start` and `end`, operator first."""
    return [closed(_mask([one for one in segments if one["side"] == s], count), 20) for s in SIDES]


def f1(heard: list[Mask], true: list[Mask]) -> float:
    """Harmonic mean of precision and recall, both sides together."""
    count = min(len(heard[0]), len(true[0]))
    hits = sum(int((h[:count] & t[:count]).sum()) for h, t in zip(heard, true, strict=True))
    return 2 * hits / sum(int(mask.sum()) for mask in (*heard, *true))


def _mask(spans: list[dict[str, Any]], count: int) -> Mask:
    starts = np.array([round(one["start"] * 100) for one in spans], dtype=np.int64)
    ends = np.array([round(one["end"] * 100) for one in spans], dtype=np.int64)
    return painted(starts, ends, count)
