"""`calltrackd crm check|users`: ask a CRM whether all is as it should be, and who works in it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from calltrackd.cli.common import (
    Fault,
    WordFault,
    config_option,
    console,
    json_option,
    one_line,
    print_json,
    settings_of,
    with_store,
)
from calltrackd.cli.words import clean

if TYPE_CHECKING:  # a command must not pay for what it does not use
    from calltrackd.crm.connector import Connector
    from calltrackd.crm.finding import Finding
    from calltrackd.crm.people import CrmUser
    from calltrackd.crm.target import CrmTarget
    from calltrackd.store.engine import Store

T = TypeVar("T")
SIGNS = {
    "error": ("✗", "bold red"),
    "warning": ("!", "yellow"),
    "note": ("·", "dim"),
    "fine": ("✓", "green"),
}

target_argument = click.argument("target", metavar="TARGET")


@click.group(short_help="Ask a CRM whether all is as it should be, and who works in it.")
def crm() -> None:
    """Look at the CRM of a [[target]] of the settings. Nothing in it is changed."""


@crm.command()
@config_option
@json_option
@target_argument
def check(config: Path, target: str, *, as_json: bool) -> None:
    """Try credentials, rights, users and fields of TARGET, and say what is missing.

    Exit code 1 when nothing would get through.
    """
    found = _target(config, target)
    findings = _asked(config, found, lambda connector: _looked_at(connector, found))
    if as_json:
        print_json(findings)
    else:
        _print(findings)
    if any(one.severity == "error" for one in findings):
        raise click.exceptions.Exit(1)


@crm.command()
@config_option
@json_option
@target_argument
def users(config: Path, target: str, *, as_json: bool) -> None:
    """List the users of TARGET's CRM, and propose the lines that map extensions to them."""
    found = _target(config, target)
    people = _asked(config, found, lambda connector: connector.users())
    if as_json:
        print_json(people)
        return
    mapped = found.settings.users
    console().print(_table(people, mapped))
    proposed = _proposed(people, mapped)
    if proposed:
        click.echo(f"\n# under the target {found.name}:\n{proposed}")


def _target(config: Path, name: str) -> "CrmTarget":
    from calltrackd.crm.target import CrmTarget, targets_of  # noqa: PLC0415 - pydantic costs 0.2 s

    targets = targets_of(settings_of(config, need_secrets=True))
    crms = {target.name: target for target in targets if isinstance(target, CrmTarget)}
    if name not in crms:
        there = ", ".join(crms) or "none"
        raise WordFault(f"the settings have no CRM target {name}; there are: {there}")
    return crms[name]


def _asked(config: Path, target: "CrmTarget", ask: Callable[["Connector"], Awaitable[T]]) -> T:
    """Ask by a connector of our own, lent what the daemon lends: tokens lie in its store."""
    from calltrackd.crm.connector import build  # noqa: PLC0415 - SQLAlchemy costs 0.3 s
    from calltrackd.crm.links import KeyUnusableError, links_of  # noqa: PLC0415 - the same
    from calltrackd.crm.senders import Senders  # noqa: PLC0415 - the same
    from calltrackd.crm.templates import TemplateFault  # noqa: PLC0415 - the same
    from calltrackd.crm.trouble import Trouble  # noqa: PLC0415 - the same
    from calltrackd.daemon.lending import LentRecordings  # noqa: PLC0415 - the same

    settings = settings_of(config)

    async def job(store: "Store") -> T:
        files = LentRecordings(lambda: settings)
        try:
            lent = Senders(store, recordings=links_of(settings), files=files).tools(target.name)
            connector = build(target, lent)
        except (TemplateFault, KeyUnusableError, ValueError, OSError) as error:
            raise Fault(f"target {target.name} can't be used: {error}") from None
        try:
            return await ask(connector)
        except Trouble as trouble:
            raise Fault(f"target {target.name}: {trouble}") from None
        finally:
            await connector.close()

    return with_store(settings, job)


async def _looked_at(connector: "Connector", target: "CrmTarget") -> list["Finding"]:
    """The connector's own findings, then those of the users."""
    from calltrackd.crm.checks import user_findings  # noqa: PLC0415 - pydantic costs 0.2 s
    from calltrackd.crm.finding import Finding  # noqa: PLC0415 - the same
    from calltrackd.crm.trouble import Trouble  # noqa: PLC0415 - the same

    try:
        findings = await connector.check()
        people = await connector.users()
    except Trouble as trouble:
        return [Finding(check="credentials", severity="error", what=str(trouble))]
    mapped, fallback = target.settings.users, target.settings.fallback_user
    return [*findings, *user_findings(mapped, fallback, people)]


def _print(findings: Sequence["Finding"]) -> None:
    from rich.text import Text  # noqa: PLC0415 - --json needs none of it

    screen = console()
    for one in findings:
        sign, style = SIGNS[one.severity]
        screen.print(Text(f"{sign} {one.check}: {clean(one.what)}", style))
        if one.mend:
            screen.print(Text(f"    {clean(one.mend)}", "cyan"))


def _table(people: Sequence["CrmUser"], mapped: Mapping[str, str]) -> Any:
    from rich.table import Table  # noqa: PLC0415 - --json needs none of it

    grid = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in ("id", "name", "extension in the CRM", "in the settings", ""):
        grid.add_column(name)
    for user in people:
        ours = ", ".join(extension for extension, one in mapped.items() if one == user.id)
        state = "" if user.active else "not active"
        grid.add_row(user.id, one_line(user.name), user.extension or "", ours, state)
    return grid


def _proposed(people: Sequence["CrmUser"], mapped: Mapping[str, str]) -> str:
    """A line for the settings: what is there, and the CRM's own extensions beside it."""
    found = dict(mapped)
    for user in people:
        if user.active and user.extension and user.id not in found.values():
            found.setdefault(user.extension, user.id)
    if found == dict(mapped):
        return ""
    pairs = ", ".join(f'"{one_line(key)}" = "{user}"' for key, user in found.items())
    return f"users = {{ {pairs} }}"
