"""By which way the calls of an attachment are heard while they live."""

from typing import Literal, NamedTuple

from calltrackd.pbx.tap import can_tap

Way = Literal["tap", "files"]
FOLLOW = 'recordings are followed with source = "files" or "auto" in [speech.live]'


class Chosen(NamedTuple):
    """A way, or None: these calls are heard when they are over."""

    way: Way | None
    reason: str


class Means(NamedTuple):
    """What a PBX, and this machine, can do."""

    asterisk: bool
    greeting: str
    """How the PBX greeted when its link came up."""
    tapped_in_vain: bool
    """It was asked for audio so often that more would not help."""
    port: bool
    """The port of taps is open."""


def choose(wanted: Literal["auto", "tap", "files"], means: Means) -> Chosen:
    """What the settings want, as far as it can be had."""
    if wanted == "files":
        return Chosen("files", 'source = "files"')
    why_not = _why_no_tap(means)
    if not why_not:
        return Chosen("tap", "it has AudioSocket")
    if wanted == "auto":
        return Chosen("files", why_not)
    return Chosen(None, f"{why_not}; {FOLLOW}")


def _why_no_tap(means: Means) -> str:
    if not means.asterisk:
        return "FreeSWITCH can't be tapped"
    if not can_tap(means.greeting):
        return f"AudioSocket came with Asterisk 18, and this one says {means.greeting!r}"
    if not means.port:
        return "the port of taps is not open"
    return "it brings no audio when it is asked to" if means.tapped_in_vain else ""
