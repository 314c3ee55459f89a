"""Recorded streams of real PBXs give the true records."""

import json
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.compare import differences
from tests.scenarios.run import STREAMS, recorded, records

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def _scenarios() -> list[Any]:
    """(stream, expected) of the given recordings and of our own."""
    found = []
    for root in (STREAMS / "given", STREAMS):
        for expected in sorted(root.glob("expected/*/*.json")):
            set_name = expected.parent.name
            name = f"{'given-' if root.name == 'given' else ''}{set_name}-{expected.stem}"
            stream = recorded(set_name, expected.stem, root)
            found.append(pytest.param(stream, expected, id=name))
    return found


@pytest.mark.parametrize(("stream", "expected"), _scenarios())
def test_stream_gives_the_true_records(stream: Path, expected: Path) -> None:
    """Every scored field of every call is as the phones' own logs say."""
    assert differences(json.loads(expected.read_text("utf-8")), records(stream)) == []


@pytest.mark.parametrize(("stream", "expected"), _scenarios())
def test_stream_twice_gives_the_same_bytes(stream: Path, expected: Path) -> None:
    """A replay repeats itself to the byte, ids included, in valid UTF-8."""
    first, second = (json.dumps(records(stream), ensure_ascii=False) for _ in range(2))
    assert first.encode("utf-8") == second.encode("utf-8")


@pytest.mark.parametrize(("stream", "expected"), _scenarios())
def test_stream_gives_ids_of_the_start(stream: Path, expected: Path) -> None:
    """An id is a UUIDv7, no two calls share one, and its first 48 bits are the start."""
    found = records(stream)
    assert all(UUID7.fullmatch(record["id"]) for record in found)
    assert len({record["id"] for record in found}) == len(found)
    for record in found:
        began = datetime.fromisoformat(record["started_at"]).timestamp()
        assert int(record["id"].replace("-", "")[:12], 16) == round(began * 1000)


def test_there_are_streams() -> None:
    """The recordings came with the checkout: an empty list would pass every test above."""
    assert len(_scenarios()) >= 49 + 33 + 40 + 38 + 98


def test_records_do_not_depend_on_the_process() -> None:
    """Python's hashes differ from process to process; records must not."""
    streams = sorted(STREAMS.glob("**/asterisk-22/*.jsonl"))[::12]
    streams += sorted(STREAMS.glob("**/freeswitch/*.jsonl.gz"))[::8]
    code = "import json,sys\nfrom pathlib import Path\nfrom tests.scenarios.run import records\n"
    code += "print(json.dumps([records(Path(path)) for path in sys.argv[1:]]))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code, *map(str, streams)],
            cwd=STREAMS.parents[1],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            timeout=60,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
