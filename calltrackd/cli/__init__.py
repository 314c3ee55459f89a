"""The command line: `calltrackd COMMAND`. A command's module is imported when it is called.

Exit codes: 0 done; 1 it could not be done; 2 the command line or the settings are wrong; 78 (only
`run`) the PBX refused the password, so a restart would not help.
"""

from importlib import import_module

import click

from calltrackd import __version__

COMMANDS = {
    "calls": "List calls, or tell one from ring to hang-up.",
    "capture": "Record a PBX's stream for a bug report.",
    "config": "Check and show the settings.",
    "crm": "Ask a CRM whether all is as it should be, and who works in it.",
    "deals": "List deals that came back from CRMs, or tell one with its history.",
    "doctor": "Tell what the PBX, the settings or this machine hide, and the line that mends it.",
    "forget": "Delete all that is known of a client's number.",
    "models": "List, fetch and check the models by which speech is understood.",
    "outbox": "Look after deliveries to the CRM: list, show, retry, drop.",
    "phrases": "Try phrase rules on old calls, and run them over the archive.",
    "replay": "Turn recorded streams into records again.",
    "run": "Run the daemon.",
    "speech": "Listen to an audio file; look after the calls that wait to be heard.",
    "tag": "Add a tag to a call, or remove one.",
    "tail": "Follow the calls live.",
    "transcripts": "What was said: show, export, search.",
}
"""Command -> its line in `calltrackd --help`; the module of the same name holds it."""


class LazyGroup(click.Group):
    """Knows its commands by name only, so that `--help` and a quick command cost no imports."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command; imports its module."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(f"calltrackd.cli.{cmd_name}"), cmd_name)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="calltrackd", message="%(prog)s %(version)s")
def main() -> None:
    """Follow every call on the PBX and tell the CRM.

    Settings are read from /etc/calltrackd/calltrackd.toml; name another file by -c FILE after the
    command, or by the variable CALLTRACKD_CONFIG.
    """
