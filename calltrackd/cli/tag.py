"""`calltrackd tag add|remove`: a person's tags, and the CRM hears of them."""

import getpass
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from calltrackd.cli.common import (
    Fault,
    WordFault,
    config_option,
    json_option,
    print_json,
    settings_of,
    with_store,
)
from calltrackd.model.call import CallRecord, Change, Tag, public

if TYPE_CHECKING:  # SQLAlchemy costs 0.3 s
    from sqlalchemy.ext.asyncio import AsyncConnection

    from calltrackd.settings import Settings
    from calltrackd.store.engine import Store

Edit = Callable[["AsyncConnection", str], Awaitable[bool]]
"""Changes the tags of the call with this id; False: there was nothing to change."""


@click.group(short_help="Add a tag to a call, or remove one.")
def tag() -> None:
    """Add a tag to a call, or remove one; CRM targets get call.updated."""


@tag.command()
@config_option
@json_option
@click.argument("call")
@click.argument("name", metavar="TAG")
def add(config: Path, call: str, name: str, *, as_json: bool) -> None:
    """Add TAG to CALL (an id or its beginning)."""
    from calltrackd.store import tags  # noqa: PLC0415 - SQLAlchemy costs 0.3 s

    mark = Tag(name=_checked(name), source="manual", by=_user(), at=time.time())

    async def edit(conn: "AsyncConnection", call_id: str) -> bool:
        standing = await tags.of_calls(conn, [call_id])
        if any(one.name == mark.name for one in standing.get(call_id, ())):
            return False
        return bool(await tags.add(conn, [(call_id, mark)]))

    record = _edited(settings_of(config), call, edit)
    if record is None:
        raise Fault(f"the call bears the tag {mark.name} already")
    _tell(record, as_json=as_json)


@tag.command()
@config_option
@json_option
@click.argument("call")
@click.argument("name", metavar="TAG")
def remove(config: Path, call: str, name: str, *, as_json: bool) -> None:
    """Remove TAG, whoever set it, from CALL (an id or its beginning)."""
    from calltrackd.store import tags  # noqa: PLC0415 - SQLAlchemy costs 0.3 s

    async def edit(conn: "AsyncConnection", call_id: str) -> bool:
        return await tags.remove(conn, call_id, name, time.time())

    record = _edited(settings_of(config), call, edit)
    if record is None:
        raise Fault(f"the call does not bear the tag {name}")
    _tell(record, as_json=as_json)


def _edited(settings: "Settings", call: str, edit: Edit) -> CallRecord | None:
    """The call as it stands after the edit, committed with its deliveries; None: unchanged."""
    from calltrackd.crm.rows import rows_for  # noqa: PLC0415 - SQLAlchemy costs 0.3 s
    from calltrackd.crm.target import targets_of  # noqa: PLC0415 - the same
    from calltrackd.store import calls, outbox  # noqa: PLC0415 - the same

    targets = targets_of(settings)

    async def work(conn: "AsyncConnection") -> CallRecord | None:
        record = await _locked(conn, call)
        if not await edit(conn, record.id):
            return None
        at = time.time()
        (saved,) = await calls.save(conn, [Change(record, "updated", at)])
        await outbox.add(conn, rows_for(saved, "updated", targets, at))
        return saved

    async def job(store: "Store") -> CallRecord | None:
        return await store.writer.submit(work)

    return with_store(settings, job)


async def _locked(conn: "AsyncConnection", call: str) -> CallRecord:
    """The call, which nobody else changes until this transaction ends."""
    from calltrackd.store import calls  # noqa: PLC0415 - SQLAlchemy costs 0.3 s

    found = await calls.locked(conn, call)
    if found is None:
        raise Fault(f"no call has the id {call}: calltrackd calls list shows them")
    return found


def _checked(name: str) -> str:
    if not name.strip() or not name.isprintable():
        raise WordFault("a tag is a word or a few")
    return name.strip()


def _user() -> str:
    """Who sits at the terminal, also behind sudo."""
    return os.environ.get("SUDO_USER") or getpass.getuser()


def _tell(record: CallRecord, *, as_json: bool) -> None:
    if as_json:
        print_json([public(record)])
    else:
        names = ", ".join(one.name for one in record.tags) or "none"
        click.echo(f"{record.id} version {record.version}, tags: {names}")
