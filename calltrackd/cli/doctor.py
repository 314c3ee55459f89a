"""`calltrackd doctor`."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from calltrackd.cli.common import (
    Fault,
    SettingsFault,
    config_option,
    console,
    print_json,
    said,
    with_store,
)
from calltrackd.cli.words import clean
from calltrackd.model.call import CallRecord

if TYPE_CHECKING:  # a command must not pay for what it does not use
    from calltrackd.doctor.facts import Facts, PbxFacts
    from calltrackd.doctor.finding import Finding
    from calltrackd.settings import Settings
    from calltrackd.store.engine import Store

LATEST_CALLS = 500
"""Finished calls that are looked at."""
SIGNS = {"error": ("✗", "bold red"), "warning": ("!", "yellow"), "note": ("·", "dim")}
PASSWORD = "CALLTRACKD_DOCTOR_SECRET"  # noqa: S105 - the name of a variable


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--as",
    "user",
    help=f"PBX user to ask with, one that may see more; its password is asked, or ${PASSWORD}.",
)
def doctor(config: Path, user: str | None, *, as_json: bool) -> None:
    """Tell what the PBX, the settings or this machine hide, and the line that mends it.

    Asks the PBX only, changes nothing. Exit code 1 when calls, tags or recordings are lost.
    """
    from calltrackd.doctor.examine import examine  # noqa: PLC0415 - pydantic costs 0.2 s

    facts = _facts(_settings(config, need_secrets=user is None), _login(user))
    findings = examine(facts)
    if as_json:
        print_json([{"findings": findings, "ok": not _errors(findings)}])
    else:
        _print(facts, findings)
    if _errors(findings):
        raise click.exceptions.Exit(1)


def _errors(findings: list["Finding"]) -> int:
    return sum(one.severity == "error" for one in findings)


def _login(user: str | None) -> tuple[str, str] | None:
    if user is None:
        return None
    secret = os.environ.get(PASSWORD)
    return user, secret or click.prompt(f"Password of {user}", hide_input=True, err=True)


def _settings(path: Path, *, need_secrets: bool) -> "Settings":
    from calltrackd.settings.errors import SettingsError  # noqa: PLC0415 - pydantic costs 0.2 s
    from calltrackd.settings.load import load  # noqa: PLC0415 - the same

    try:
        return load(path, os.environ, need_secrets=need_secrets)
    except SettingsError as error:
        problems = ["the settings can't be used:", *map(str, error.problems)]
        raise SettingsFault("\n".join(problems)) from None


def _facts(settings: "Settings", login: tuple[str, str] | None) -> "Facts":
    from calltrackd.doctor import disk  # noqa: PLC0415 - pydantic costs 0.2 s
    from calltrackd.doctor.facts import Facts  # noqa: PLC0415 - the same
    from calltrackd.doctor.visit import visit  # noqa: PLC0415 - the same

    facts = Facts(
        settings=settings,
        pbxs=asyncio.run(visit(settings.pbx, login)),
        folders=disk.folders(settings.recordings),
    )
    try:
        calls = _latest_calls(settings)
    except Fault as fault:
        return msgspec.structs.replace(facts, no_calls_because=fault.message)
    files = disk.files(calls, settings.recordings)
    return msgspec.structs.replace(facts, calls=tuple(calls), files=files)


def _latest_calls(settings: "Settings") -> list[CallRecord]:
    from calltrackd.store import calls as stored  # noqa: PLC0415 - SQLAlchemy costs 0.3 s

    async def read(store: "Store") -> list[CallRecord]:
        async with store.read() as conn:
            return await stored.list_calls(conn, stored.CallFilter(), LATEST_CALLS)

    return [call for call in with_store(settings, read) if call.ended_at is not None]


def _print(facts: "Facts", findings: list["Finding"]) -> None:
    from rich.text import Text  # noqa: PLC0415 - --json needs none of it

    screen = console()
    for pbx in facts.pbxs:
        screen.print(Text(_looked_at(pbx), "bold"))
    if not facts.pbxs:
        click.echo("the settings name no PBX", err=True)
    for one in findings:
        sign, style = SIGNS[one.severity]
        where = f"{one.pbx}: " if one.pbx else ""
        screen.print(Text(f"\n{sign} {clean(where + one.what)}", style))
        screen.print(Text(f"  {clean(one.means)}"))
        for line in one.mend:
            screen.print(Text(f"    {clean(line)}", "dim" if line.startswith("#") else "cyan"))
    counts = [said(_count(findings, severity), severity) for severity in SIGNS]
    screen.print(Text(f"\n{', '.join(counts)}", "bold"))


def _looked_at(pbx: "PbxFacts") -> str:
    reached = f"{pbx.make} {clean(pbx.version)}" if pbx.version else "not reached"
    return f"{pbx.settings.name}: " + ", ".join(filter(None, (reached, pbx.size())))


def _count(findings: list["Finding"], severity: str) -> int:
    return sum(one.severity == severity for one in findings)
