"""The one pipe of all log lines."""

import io
import json
import logging
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from calltrackd.ops import logs

CALL = "01a2efe9-9992-7123-8123-123456789012"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Logging of the test run itself comes back after each test."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers, root.level = handlers, level
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    """What was logged."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_line_off_a_terminal_is_json_with_the_calls_id() -> None:
    """Off a terminal each line is one JSON object; inside `about_call` it bears the call."""
    stream = io.StringIO()
    logs.configure(stream=stream)
    with logs.about_call(CALL):
        structlog.get_logger("calltrackd.x").info("answered", operator="101")
    structlog.get_logger("calltrackd.x").info("other")
    first, second = lines(stream)
    assert list(first) == ["timestamp", "level", "event", "call", "logger", "operator"]
    assert (first["call"], first["event"], first["level"]) == (CALL, "answered", "info")
    assert "call" not in second


def test_library_lines_take_the_same_pipe() -> None:
    """A standard-library logger's line is JSON too, with its call, extras and no secret."""
    stream = io.StringIO()
    logs.configure(stream=stream)
    with logs.about_call(CALL):
        logging.getLogger("aiohttp.server").error("%s refused", "https://a:b@c/", extra={"n": 1})
    (line,) = lines(stream)
    assert line["event"] == "https://[redacted]@c/ refused"
    assert (line["call"], line["n"], line["logger"]) == (CALL, 1, "aiohttp.server")


def test_traceback_is_in_the_line_and_masked() -> None:
    """An exception's traceback stays on its line, numbers in it masked by the setting."""
    stream = io.StringIO()
    logs.configure(stream=stream, hide_numbers=True)
    try:
        int("+79161234567 x")
    except ValueError:
        structlog.get_logger("calltrackd.x").exception("failed")
    (line,) = lines(stream)
    assert "ValueError: invalid literal" in str(line["exception"])
    assert "7916123" not in stream.getvalue()


def test_numbers_are_shown_unless_the_setting_hides_them() -> None:
    """Masking is the admin's choice."""
    stream = io.StringIO()
    logs.configure(stream=stream)
    structlog.get_logger("calltrackd.x").info("rang", caller="+79161234567")
    assert lines(stream)[0]["caller"] == "+79161234567"


def test_terminal_gets_readable_coloured_lines() -> None:
    """On a terminal the time is short, the text first, colours on."""
    stream = Terminal()
    logs.configure(stream=stream)
    structlog.get_logger("calltrackd.x").warning("link lost", pbx="hq")
    text = stream.getvalue()
    assert "\x1b[" in text
    assert "link lost" in text
    assert not text.startswith("{")


def test_style_can_be_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    """`json` on a terminal gives JSON, `console` off a terminal gives text without colours."""
    stream = Terminal()
    logs.configure("json", stream=stream)
    structlog.get_logger("calltrackd.x").info("a")
    assert lines(stream)[0]["event"] == "a"
    plain = io.StringIO()
    logs.configure("console", stream=plain)
    structlog.get_logger("calltrackd.x").info("b")
    assert "\x1b[" not in plain.getvalue()
    assert "b" in plain.getvalue()


def test_journald_gets_the_level_and_no_second_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Journald stamps lines itself and reads the level from a <N> before them."""
    with (tmp_path / "journal").open("w+") as stream:
        there = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{there.st_dev}:{there.st_ino}")
        logs.configure(stream=stream)
        structlog.get_logger("calltrackd.x").error("disk full")
        stream.flush()
        text = (tmp_path / "journal").read_text()
    assert text.startswith("<3>{")
    assert "timestamp" not in json.loads(text[3:])


def test_configuring_again_replaces_the_handler() -> None:
    """A reload changes level and stream; no line comes twice."""
    old, new = io.StringIO(), io.StringIO()
    logs.configure(stream=old)
    logs.configure(level="warning", stream=new)
    log = structlog.get_logger("calltrackd.x")
    log.info("quiet")
    log.warning("loud")
    assert old.getvalue() == ""
    assert [line["event"] for line in lines(new)] == ["loud"]


def test_python_warnings_are_log_lines() -> None:
    """A warning of a library ends in the log, not on a bare stderr."""
    stream = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logs.configure(stream=stream)
        warnings.warn("old option", UserWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    (line,) = lines(stream)
    assert "old option" in str(line["event"])
    assert line["logger"] == "py.warnings"


def test_access_log_of_the_local_port_is_quiet() -> None:
    """A health check each second writes nothing."""
    stream = io.StringIO()
    logs.configure(stream=stream)
    logging.getLogger("aiohttp.access").info("GET /healthz")
    assert stream.getvalue() == ""
