"""A transcript for people and players: plain text and WebVTT."""

from calltrackd.model.call import Party
from calltrackd.model.transcript import Transcript

_NAMES: dict[Party, str] = {"operator": "operator", "caller": "client"}
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def as_text(transcript: Transcript) -> str:
    """One line a turn: when it begins, who speaks, what is said."""
    lines = (
        f"{_clock(turn.start)[:-4]} {_NAMES[turn.side]}: {turn.text}\n" for turn in transcript.turns
    )
    return "".join(lines)


def as_vtt(transcript: Transcript) -> str:
    """WebVTT (W3C, 2019): a cue a turn, with its voice."""
    cues = (
        f"\n{_clock(turn.start)} --> {_clock(turn.end)}\n"
        f"<v {_NAMES[turn.side]}>{' '.join(turn.text.split()).translate(_ESCAPES)}\n"
        for turn in transcript.turns
    )
    return "WEBVTT\n" + "".join(cues)


def _clock(at_s: float) -> str:
    """Seconds as hh:mm:ss.mmm.

    >>> _clock(3725.4)
    '01:02:05.400'
    """
    minutes, ms = divmod(round(at_s * 1000), 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{ms // 1000:02d}.{ms % 1000:03d}"
