"""The settings as JSON Schema, for editors that know it (Even Better TOML, taplo)."""

from typing import Any

from calltrackd.settings.root import Settings


def json_schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12, of the settings file: types, limits, defaults, descriptions."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Settings.model_json_schema(),
        "title": "calltrackd settings",
    }
