"""`calltrackd speech`: what can be heard in one audio file, without a daemon or a database."""

import click

from calltrackd.cli.talkmap import talk_map
from calltrackd.cli.transcribe import transcribe


@click.group(short_help="Who speaks when, and what is said, in an audio file.")
def speech() -> None:
    """Listen to an audio file: no settings, no daemon, no database is needed."""


speech.add_command(talk_map)
speech.add_command(transcribe)
