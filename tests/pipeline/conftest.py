"""A store on both databases, as the store's own tests have it."""

from tests.store.conftest import (
    database,
    empty_url,
    migrated_postgresql,
    migrated_sqlite,
    store,
    url,
)

__all__ = ["database", "empty_url", "migrated_postgresql", "migrated_sqlite", "store", "url"]
