"""The database: tables, units of work, migrations.

Open it with `engine.Store.open(url)`; write through `store.writer.submit(work)`, read with
`async with store.read() as conn`. The other modules are one noun each: functions that take the
connection first and never commit by themselves.
"""
