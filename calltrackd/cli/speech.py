"""`calltrackd speech`: what can be heard in one audio file, and the jobs that wait to be heard."""

import click

from calltrackd.cli.speech_jobs import jobs
from calltrackd.cli.talkmap import talk_map
from calltrackd.cli.transcribe import transcribe


@click.group(short_help="Listen to an audio file; look after the calls that wait to be heard.")
def speech() -> None:
    """Listen: `map` and `transcribe` to one audio file, without settings, daemon or database.

    `jobs` are the recorded calls that the daemon is to hear.
    """


speech.add_command(talk_map)
speech.add_command(transcribe)
speech.add_command(jobs)
