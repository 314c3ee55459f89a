"""`calltrackd speech map`: who speaks when in one audio file."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from calltrackd.cli.common import Fault, console, print_json, said
from calltrackd.cli.words import clean, lasted

if TYPE_CHECKING:  # a command must not pay for what it does not use
    from calltrackd.model.call import Party
    from calltrackd.speech.audio.tracks import Track
    from calltrackd.speech.talk.talkmap import TalkMap

WIDTH = 60
"""Letters of the line on which the talk is drawn."""
COLOURS = {"operator": "cyan", "caller": "yellow"}

caller_channel_option = click.option(
    "--caller-channel",
    type=click.IntRange(0, 1),
    default=1,
    show_default=True,
    help="The client's channel in a stereo file; the other one is the operator's.",
)


@click.command("map", short_help="Tell who speaks when in an audio file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@caller_channel_option
@click.option(
    "--caller-file",
    type=click.Path(path_type=Path),
    help="A file of the client's side alone; FILE is then the operator's.",
)
@click.argument("file", type=click.Path(path_type=Path))
def talk_map(file: Path, caller_channel: int, caller_file: Path | None, *, as_json: bool) -> None:
    """Tell who speaks when in FILE, by the sound of its two sides."""
    from calltrackd.speech.audio.errors import AudioError  # noqa: PLC0415 - quick --help
    from calltrackd.speech.talk import talkmap  # noqa: PLC0415 - numpy costs 0.1 s

    try:
        found = talkmap.of_tracks(_tracks(file, caller_channel, caller_file))
    except AudioError as error:
        raise Fault(clean(error)) from None
    if as_json:
        print_json([talkmap.public(found)])
    else:
        _tell(found)


def _tracks(file: Path, caller_channel: int, caller_file: Path | None) -> "list[Track]":
    from calltrackd.speech.audio.tracks import tracks_of_file  # noqa: PLC0415 - numpy costs 0.1 s

    if caller_file is not None:
        return [_one_side(file, "operator"), _one_side(caller_file, "caller")]
    tracks = tracks_of_file(file, caller_channel)
    if len(tracks) == 1:
        raise Fault(
            f"{clean(file)}: it has one channel, which can't tell the sides; "
            "is the client's voice in another file? Then name that by --caller-file"
        )
    return tracks


def _one_side(file: Path, party: "Party") -> "Track":
    from msgspec.structs import replace  # noqa: PLC0415 - quick --help

    from calltrackd.speech.audio.tracks import tracks_of_file  # noqa: PLC0415 - numpy costs 0.1 s

    tracks = tracks_of_file(file)
    if len(tracks) > 1:
        raise Fault(f"{clean(file)}: it has two channels, so it needs no --caller-file")
    return replace(tracks[0], party=party)


def _tell(found: "TalkMap") -> None:
    from rich.text import Text  # noqa: PLC0415 - --json needs none of it

    screen = console()
    for side in ("operator", "caller"):
        spoken = f"{side:<8} {lasted(found.talk_s[side]):>7} {found.shares[side]:>4.0%}  "
        screen.print(Text(spoken + _drawn(found, side), COLOURS[side]))
    longest = found.longest_monologue
    cut = said(len(found.interruptions), "interruption")
    click.echo(f"silence  {lasted(found.silence_s):>7}, {cut} of {lasted(found.duration_s)}")
    if longest is not None:
        click.echo(
            f"longest monologue: {longest.side}, {lasted(longest.duration_s)} "
            f"from {lasted(longest.start)}"
        )


def _drawn(found: "TalkMap", side: "Party") -> str:
    """The side's speech on a line that stands for the whole talk."""
    line = [" "] * WIDTH
    scale = WIDTH / max(found.duration_s, 0.01)
    for one in found.segments:
        if one.side == side:
            first = int((one.start - found.begins_s) * scale)
            last = max(first + 1, round((one.end - found.begins_s) * scale))
            line[first:last] = "█" * (min(last, WIDTH) - first)
    return "".join(line).rstrip()
