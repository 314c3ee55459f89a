"""Fixtures that more than one folder uses, and who runs beside whom; a plugin holds one noun."""

import os

import pytest

pytest_plugins = ["tests.postgresql"]

for name in ("COLUMNS", "LINES"):  # xdist gives its workers those of the terminal
    os.environ.pop(name, None)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `--dist loadgroup`, tests of a live PBX come one after the other: it has one core."""
    for item in items:
        if item.get_closest_marker("live22") is not None:
            item.add_marker(pytest.mark.xdist_group("live"))
