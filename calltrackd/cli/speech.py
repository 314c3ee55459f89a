"""`calltrackd speech`: what can be heard in one audio file, without a daemon or a database."""

import click


@click.group(short_help="Who speaks when, and what is said, in an audio file.")
def speech() -> None:
    """Listen to an audio file: no settings, no daemon, no database is needed."""
