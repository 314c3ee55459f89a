"""The command group."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from calltrackd import __version__
from calltrackd.cli import COMMANDS, main

HEAVY = ("alembic", "aiohttp", "sqlalchemy", "pydantic", "rich", "panoramisk", "structlog")


def imported(code: str) -> set[str]:
    """Which heavy libraries a fresh interpreter has after the code."""
    report = f"import sys; {code}; print(*({HEAVY!r} & sys.modules.keys()))"
    report = report.replace(repr(HEAVY), repr(set(HEAVY)))
    done = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split("\n")[-2].split())


def test_help_costs_no_imports() -> None:
    """`calltrackd --help` is quick: no command's module and no heavy library is imported."""
    code = "from calltrackd.cli import main; main(['--help'], standalone_mode=False)"
    assert imported(code) == set()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_command_says_in_the_list_what_it_says_itself(name: str) -> None:
    """The line in `calltrackd --help` is the command's own short help."""
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.get_short_help_str(limit=200) == COMMANDS[name]


def test_help_lists_every_command() -> None:
    """Each with its line."""
    shown = CliRunner().invoke(main, ["--help"]).stdout
    for name in COMMANDS:
        assert f"\n  {name}" in shown


def test_unknown_command_is_a_usage_error() -> None:
    """Exit code 2."""
    result = CliRunner().invoke(main, ["cals"])
    assert result.exit_code == 2
    assert "No such command 'cals'" in result.stderr


def test_version_is_the_packages() -> None:
    """For bug reports."""
    assert CliRunner().invoke(main, ["--version"]).stdout == f"calltrackd {__version__}\n"
