"""docs/cli.md against the commands themselves."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from calltrackd.cli import main

DOCS = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
OURS = (
    "calls",
    "crm",
    "deals",
    "forget",
    "models",
    "outbox",
    "phrases",
    "speech",
    "tag",
    "tail",
    "transcripts",
)
COMMON = {"--help", "--config", "--json"}


def commands() -> Iterator[tuple[str, click.Command]]:
    """Our commands and subcommands by their full names."""
    context = click.Context(main)
    for name in OURS:
        command = main.get_command(context, name)
        if command is not None:
            yield from below(name, command)


def below(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """The command, or those of its group, however deep."""
    if isinstance(command, click.Group):
        for sub, one in command.commands.items():
            yield from below(f"{name} {sub}", one)
    else:
        yield name, command


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_every_command_and_option_is_documented(name: str, command: click.Command) -> None:
    """Each has its heading, and each option of its own is named under it."""
    group, _, sub = name.rpartition(" ") if " " in name else (name, "", "")
    heading = re.search(rf"^## {group}\b.*{sub}\b.*$", DOCS, re.MULTILINE)
    assert heading is not None, f"no heading for {name}"
    section = DOCS[heading.end() :].partition("\n## ")[0]
    options = {option for one in command.params for option in one.opts if option.startswith("--")}
    assert options - COMMON <= set(re.findall(r"--[\w-]+", section))
