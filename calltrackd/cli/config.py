"""`calltrackd config`: what the settings may say, whether they are right, what holds in the end."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from calltrackd.cli.common import SettingsFault, config_option, json_option, print_json, said

if TYPE_CHECKING:  # a command must not pay for what it does not use
    from calltrackd.settings.errors import Mark, Place
    from calltrackd.settings.root import Settings

no_secrets_option = click.option(
    "--without-secrets",
    is_flag=True,
    help="Leave secret files and systemd credentials alone: only the service can read them.",
)


@click.group()
def config() -> None:
    """Check and show the settings."""


@config.command()
def schema() -> None:
    """Print the JSON Schema of the settings file, for editors."""
    from calltrackd.settings.schema import json_schema  # noqa: PLC0415 - pydantic costs 0.2 s

    click.echo(msgspec.json.format(msgspec.json.encode(json_schema()), indent=2))


@config.command()
@config_option
@json_option
@no_secrets_option
def check(config: Path, *, as_json: bool, without_secrets: bool) -> None:
    """Read the settings as the daemon would and tell everything that is wrong.

    Exit code 2 when they can't be used. Things that are allowed but hardly meant are told as well.
    """
    from calltrackd.settings.advice import advise  # noqa: PLC0415 - pydantic costs 0.2 s

    settings, marks = _loaded(config, as_json=as_json, need_secrets=not without_secrets)
    advice = advise(settings, marks)
    if as_json:
        print_json({"advice": sentence} for sentence in advice)
        return
    for sentence in advice:
        click.echo(f"note: {sentence}", err=True)
    parts = {"PBX": len(settings.pbx), "number": len(settings.number)}
    parts["target"] = len(settings.target)
    counts = [said(count, thing) for thing, count in parts.items()]
    click.echo(f"{config} can be used: {', '.join(counts)}")


@config.command()
@config_option
@json_option
def show(config: Path, *, as_json: bool) -> None:
    """Print every setting that holds, secrets hidden, with the place where it was written."""
    from calltrackd.settings.errors import dotted  # noqa: PLC0415 - pydantic costs 0.2 s
    from calltrackd.settings.shown import shown  # noqa: PLC0415 - the same

    settings, marks = _loaded(config, as_json=as_json, need_secrets=False)
    rows = [(dotted(path), value, marks.exact(path)) for path, value in shown(settings)]
    if as_json:
        print_json({"path": path, "value": value, "from": _from(p)} for path, value, p in rows)
        return
    _print(rows)


def _print(rows: Iterable[tuple[str, Any, "Place | None"]]) -> None:
    for path, value, place in rows:
        said_value = "(not set)" if value is None else msgspec.json.encode(value).decode()
        click.echo(f"{path} = {said_value}  # {_from(place)}")


def _from(place: "Place | None") -> str:
    return "default" if place is None else str(place)


def _loaded(path: Path, *, as_json: bool, need_secrets: bool) -> tuple["Settings", "Mark"]:
    """The settings; their problems as a Fault, with --json one object a problem."""
    from calltrackd.settings.errors import SettingsError  # noqa: PLC0415 - pydantic costs 0.2 s
    from calltrackd.settings.load import load_with_places  # noqa: PLC0415 - the same

    try:
        return load_with_places(path, os.environ, need_secrets=need_secrets)
    except SettingsError as error:
        problems = error.problems
    if as_json:
        print_json(
            {"place": str(one.place), "path": one.path, "message": one.message} for one in problems
        )
    count = said(len(problems), "mistake")
    raise SettingsFault("\n".join([f"the settings have {count}:", *map(str, problems)]))
