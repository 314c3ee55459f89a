"""`calltrackd speech transcribe`: the words of one audio file."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from calltrackd.cli.common import Fault, console, print_json
from calltrackd.cli.talkmap import COLOURS, caller_channel_option
from calltrackd.cli.words import clean, lasted

if TYPE_CHECKING:  # a command must not pay for what it does not use
    from calltrackd.model.call import Party
    from calltrackd.model.transcript import Transcript
    from calltrackd.speech.audio.tracks import Track

PER_SECOND = 20.0
"""Seconds that a second of audio may take here: nobody else waits."""
LEAST_S = 300.0


@click.command(short_help="Tell what is said in an audio file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--language", required=True, help="What is spoken: ru, uk, en, kk …")
@click.option(
    "--model",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder of a Vosk model.",
)
@caller_channel_option
@click.option(
    "--side",
    type=click.Choice(["operator", "caller"]),
    default="caller",
    show_default=True,
    help="Who speaks in a mono file.",
)
@click.argument("file", type=click.Path(path_type=Path))
def transcribe(
    file: Path, language: str, model: Path, caller_channel: int, side: "Party", *, as_json: bool
) -> None:
    """Turn FILE into words, each side by itself. Exit code 1, with the reason, when it can't be."""
    from calltrackd.model.transcript import public  # noqa: PLC0415 - quick --help
    from calltrackd.speech.audio.errors import AudioError  # noqa: PLC0415 - the same
    from calltrackd.speech.audio.tracks import tracks_of_file  # noqa: PLC0415 - numpy costs 0.1 s
    from calltrackd.speech.errors import SpeechError  # noqa: PLC0415 - the same

    try:
        tracks = tracks_of_file(file, caller_channel)
        transcript = asyncio.run(_heard(tracks, language, model.absolute(), side))
    except (AudioError, SpeechError) as error:
        raise Fault(clean(error)) from None
    if as_json:
        print_json([public(transcript)])
    else:
        _print(transcript)


async def _heard(tracks: "list[Track]", language: str, model: Path, side: "Party") -> "Transcript":
    from calltrackd.speech.engines.plan import VoskPlan  # noqa: PLC0415 - quick --help
    from calltrackd.speech.pool import Pool  # noqa: PLC0415 - the same

    pool = Pool(1, nice=0)
    limit_s = LEAST_S + PER_SECOND * sum(track.duration_s for track in tracks)
    plan = VoskPlan(str(model))
    try:
        return await pool.transcribe(plan, language, tracks, limit_s=limit_s, mono=side)
    finally:
        await pool.stop()


def _print(transcript: "Transcript") -> None:
    from rich.text import Text  # noqa: PLC0415 - --json needs none of it

    screen = console()
    for turn in transcript.turns:
        line = f"{lasted(turn.start):>7}  {turn.side:<8}  {clean(turn.text)}"
        screen.print(Text(line, COLOURS[turn.side]))
    if not transcript.turns:
        click.echo("nothing was understood", err=True)
