"""A recorded stream through the pure part of the street: bytes in, final records out."""

from pathlib import Path
from typing import Any

from calltrackd.model.call import Change, public
from calltrackd.pbx.stream import Stream
from calltrackd.pipeline.build import street_of
from calltrackd.pipeline.replay import attachment
from calltrackd.settings import Settings

STREAMS = Path(__file__).parents[1] / "streams"


def recorded(set_name: str, scenario: str, root: Path = STREAMS / "given") -> Path:
    """The stream of a scenario, packed or not."""
    plain = root / set_name / f"{scenario}.jsonl"
    return plain if plain.exists() else plain.with_name(f"{plain.name}.gz")


def changes(path: Path) -> list[Change]:
    """Every published change of the stream, in order, with the default settings."""
    stream, settings = Stream(path), Settings()
    street = street_of(settings, attachment(settings, stream.header))
    effects = [street.feed(chunk) for chunk in stream]
    effects.append(street.finish())
    assert not +street.unusable, street.unusable
    return [change for effect in effects for change in effect.changes]


def records(path: Path) -> list[dict[str, Any]]:
    """The last state of each call, in the order of first sight, as the outside sees it.

    The store gives versions at commit: here each change counts one.
    """
    last: dict[str, dict[str, Any]] = {}
    for change in changes(path):
        record = public(change.record)
        record["version"] = last.get(record["id"], {"version": 0})["version"] + 1
        last[record["id"]] = record
    return list(last.values())
