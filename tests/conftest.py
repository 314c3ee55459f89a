"""Fixtures that more than one folder uses; each plugin module holds one noun."""

pytest_plugins = ["tests.postgresql"]
