import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from calltrackd.store import migrations, schema
from calltrackd.store.engine import Store, create, driver_url
from calltrackd.store.errors import SchemaOld, SchemaUnknown
from calltrackd.store.tables import metadata

KEPT = {
    "0001": (
        (
            "INSERT INTO calls (id, version, pbx, direction, tracked, outcome, lost, operators,"
            " started_at, updated_at, record) VALUES"
            " ('c', 1, 'hq', 'inbound', true, 'answered', false, '', 1.5, 2.5, '{}')"
        ),
        "SELECT id, version, started_at, record FROM calls",
        [("c", 1, 1.5, "{}")],
    ),
    "0002": (
        (
            "INSERT INTO calls (id, version, pbx, direction, tracked, outcome, lost, operators,"
            " started_at, updated_at, record) VALUES"
            " ('c', 1, 'hq', 'inbound', true, 'answered', false, '', 1.5, 2.5, '{}');"
            "INSERT INTO transcripts (call_id, path, engine, model, language, heard_from,"
            " duration_s, made_at, turns, findings) VALUES"
            " ('c', 'a.wav', 'vosk', 'ru', 'ru', 1.5, 60, 99, '[]', '{}');"
            "INSERT INTO speech_jobs (call_id, path, live, call_started_at, created_at, state,"
            " ready_at, attempts, deaths) VALUES"
            " ('c', 'a.wav', false, 1.5, 2.5, 'waiting', 2.5, 0, 0);"
            "INSERT INTO talk_maps (call_id, made_at, map) VALUES ('c', 99, '{}')"
        ),
        (
            "SELECT t.path, t.turns, j.state, m.map FROM transcripts t"
            " JOIN speech_jobs j ON j.call_id = t.call_id JOIN talk_maps m ON m.call_id = t.call_id"
        ),
        [("a.wav", "[]", "waiting", "{}")],
    ),
    "0003": (
        (
            "INSERT INTO crm_memos (target, about, key, value, updated_at) VALUES"
            " ('crm', 'call', 'c', '{}', 1.5);"
            "INSERT INTO crm_links (target, kind, remote_id, call_id, at) VALUES"
            " ('crm', 'lead', '7', 'c', 1.5)"
        ),
        (
            "SELECT m.about, m.value, l.kind, l.remote_id FROM crm_memos m"
            " JOIN crm_links l ON l.call_id = m.key"
        ),
        [("call", "{}", "lead", "7")],
    ),
    "0004": (
        (
            "INSERT INTO calls (id, version, pbx, direction, tracked, outcome, lost, operators,"
            " started_at, updated_at, record) VALUES"
            " ('c', 1, 'hq', 'inbound', true, 'answered', false, '', 1.5, 2.5, '{}');"
            "INSERT INTO deals (target, kind, id, stage, status, amount, changed_at, contacts,"
            " leads, phones, calls, raw, read_at, seen_at, updated_at, seen_by) VALUES ('crm',"
            " 'deal', '9', 'WON', 'won', '1.10', 1.5, '[]', '[]', '[]', '[]', '{}', 2, 2, 2,"
            " 'poll');"
            "INSERT INTO deal_changes (target, kind, deal_id, at, changed_at, status, stage,"
            " seen_by) VALUES ('crm', 'deal', '9', 2, 1.5, 'won', 'WON', 'poll');"
            "INSERT INTO call_deals (target, kind, deal_id, call_id, way, at) VALUES"
            " ('crm', 'deal', '9', 'c', 'link', 2);"
            "INSERT INTO call_people (call_id, target, \"user\", at) VALUES ('c', 'crm', '3', 2);"
            "INSERT INTO people (phone, target, \"user\", looked_at) VALUES ('+7', 'crm', '3', 2);"
            "INSERT INTO inbox (target, digest, received_at, content_type, body, repeats, state,"
            " attempts, next_at) VALUES ('crm', 'd', 1, 't', '', 0, 'waiting', 0, 1);"
            "INSERT INTO watermarks (target, at, updated_at) VALUES ('crm', 1.5, 2)"
        ),
        (
            "SELECT d.amount, c.call_id, h.status, p.target, i.state, w.at FROM deals d"
            " JOIN call_deals c ON c.deal_id = d.id JOIN deal_changes h ON h.deal_id = d.id"
            " JOIN people p ON p.target = d.target JOIN inbox i ON i.target = d.target"
            " JOIN watermarks w ON w.target = d.target"
        ),
        [("1.10", "c", "won", "crm", "waiting", 1.5)],
    ),
}
"""Revision -> what is written at it, how it is read at the head, and what must come out."""


@pytest.fixture
async def engine(empty_url):
    """A bare engine on an empty database."""
    made = create(driver_url(empty_url))
    yield made.execution_options(calltrackd_writes=True)
    await made.dispose()


def _compared(name, kind, _parents):
    """Full-text search has its own kind of tables on each database: see `_search`."""
    return not (kind == "table" and name.startswith("transcript_terms"))


def _differences(conn):
    context = MigrationContext.configure(
        conn, opts={"compare_type": True, "include_name": _compared}
    )
    return compare_metadata(context, metadata)


def _index(index):
    conditions = [str(value) for value in index.get("dialect_options", {}).values()]
    return index["name"], index["column_names"], index["unique"], conditions


def _search(conn):
    """How the words of transcripts are searched: tables, triggers and indexes as they were made."""
    if conn.dialect.name == "sqlite":
        made = (
            "SELECT sql FROM sqlite_master WHERE name IN ('transcript_terms', 'transcripts_gone')"
        )
    else:
        made = (
            "SELECT indexdef FROM pg_indexes WHERE tablename = 'transcript_terms' UNION ALL"
            " SELECT pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = 'transcript_terms'::regclass"
        )
    found = sorted(conn.execute(text(made)).scalars())
    assert len(found) >= 2
    return found


def _shape(conn):
    """What autogenerate does not compare: keys and the conditions of partial indexes."""
    seen = inspect(conn)
    tables = set(seen.get_table_names()) - {"alembic_version"}
    names = sorted(name for name in tables if not name.startswith("transcript_terms"))
    shape = {"search": _search(conn)} if "transcripts" in names else {}
    return shape | {
        name: (
            seen.get_pk_constraint(name),
            seen.get_foreign_keys(name),
            sorted(_index(index) for index in seen.get_indexes(name)),
            sorted(one["column_names"] for one in seen.get_unique_constraints(name)),
        )
        for name in names
    }


def _whole(conn):
    """The shape, and what Alembic keeps for itself."""
    mark = conn.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    seen = inspect(conn)
    columns = [
        (c["name"], str(c["type"]), c["nullable"]) for c in seen.get_columns("alembic_version")
    ]
    return _shape(conn), mark, columns, seen.get_pk_constraint("alembic_version")


async def test_migrated_from_scratch_equals_the_tables(engine):
    """All revisions together make exactly what `tables.py` says."""
    await schema.upgrade(engine)
    async with engine.connect() as conn:
        assert await conn.run_sync(_differences) == []
        migrated = await conn.run_sync(_shape)
    async with engine.begin() as conn:
        await conn.run_sync(metadata.drop_all)
        await conn.run_sync(metadata.create_all)
        assert await conn.run_sync(_shape) == migrated


@pytest.mark.parametrize("start", schema.REVISIONS)
async def test_upgrade_from_each_revision_keeps_the_data(engine, start):
    """A database of any released schema comes to the head with its rows."""
    await schema.upgrade(engine, start)
    write, read, expected = KEPT[start]
    async with engine.begin() as conn:
        for statement in write.split(";"):
            await conn.execute(text(statement))
    for step in schema.REVISIONS[schema.REVISIONS.index(start) :]:
        await schema.upgrade(engine, step)
    async with engine.connect() as conn:
        assert [tuple(row) for row in await conn.execute(text(read))] == expected
        assert await conn.run_sync(_differences) == []


def test_revisions_in_code_are_those_in_the_folder():
    """The constant that is checked without Alembic names every file, in order."""
    folder = ScriptDirectory(str(Path(migrations.__file__).parent))
    found = [script.revision for script in folder.walk_revisions()]
    assert tuple(reversed(found)) == schema.REVISIONS
    assert set(KEPT) == set(schema.REVISIONS)


async def test_made_from_nothing_equals_migrated(engine):
    """A first start leaves the very database that all revisions leave, Alembic's mark included."""
    await schema.ensure(engine, migrate=True)
    async with engine.connect() as conn:
        assert await conn.run_sync(_differences) == []
        made = await conn.run_sync(_whole)
    async with engine.begin() as conn:
        await conn.run_sync(metadata.drop_all)
        await conn.execute(text("DROP TABLE alembic_version"))
    await schema.upgrade(engine)
    async with engine.connect() as conn:
        assert await conn.run_sync(_whole) == made


async def test_foreign_tables_of_our_names_are_left_alone(engine):
    """A database in which somebody else has a table `calls` is refused, not taken over."""
    async with engine.begin() as conn:
        await conn.execute(text("CREATE TABLE calls (whose TEXT)"))
    with pytest.raises(DBAPIError, match="calls"):
        await schema.ensure(engine, migrate=True)
    async with engine.connect() as conn:
        assert await conn.run_sync(lambda c: inspect(c).get_table_names()) == ["calls"]


async def test_open_makes_the_tables_once(empty_url):
    """The first start makes the tables; the second finds them."""
    for migrate in (True, False):
        store = await Store.open(empty_url, migrate=migrate)
        await store.close()


async def test_command_does_not_migrate(empty_url):
    """Without leave to migrate an empty database is told as old, and stays empty."""
    with pytest.raises(SchemaOld, match="schema none"):
        await Store.open(empty_url, migrate=False)


async def test_two_programs_start_at_once(empty_url):
    """Both find the tables, one of them made them."""
    stores = await asyncio.gather(*(Store.open(empty_url) for _ in range(2)))
    for store in stores:
        await store.close()


async def test_programs_that_come_to_a_new_file_at_once_wait_for_each_other(tmp_path):
    """SQLite refuses at once whoever switches a file to WAL while another does."""

    async def come(url):
        engine = create(driver_url(url))
        async with engine.connect() as conn:
            await conn.execute(text("SELECT 1"))
        await engine.dispose()

    for n in range(30):
        await asyncio.gather(*(come(f"sqlite:///{tmp_path}/{n}.db") for _ in range(4)))


async def test_database_of_a_newer_program_is_refused(url):
    """An unknown revision is named, and nothing is touched."""
    newer = create(driver_url(url))
    async with newer.begin() as conn:
        await conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await newer.dispose()
    with pytest.raises(SchemaUnknown, match="9999"):
        await Store.open(url)


def test_new_and_current_databases_are_opened_without_alembic(tmp_path):
    """The import of Alembic costs more than the rest of the start: only a migration pays it."""
    script = (
        "import asyncio, sys\n"
        "from calltrackd.store.engine import Store\n"
        "async def main():\n"
        "    for _ in range(2):\n"
        f"        await (await Store.open('sqlite:///{tmp_path}/calls.db')).close()\n"
        "asyncio.run(main())\n"
        "assert 'alembic' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
