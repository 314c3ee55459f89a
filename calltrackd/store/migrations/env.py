"""Alembic loads this file for every command; the connection comes from `migrations.upgrade`."""

from alembic import context

from calltrackd.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite can't alter a column in place
)
with context.begin_transaction():
    context.run_migrations()
