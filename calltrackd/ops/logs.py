"""One pipe for every log line: JSON for machines, a coloured console for people.

One chain of processors renders every line. Ours go through it straight to the stream, since a line
costs three times as much when the standard library carries it, and calls write three each; the
standard library's own (aiohttp, SQLAlchemy, alembic, asyncio, Python's warnings) come to the same
chain by a handler. A line that concerns a call bears its id under `call`: bind it for a stretch of
code with `about_call`.
"""

import logging
import os
import sys
import threading
import time
from contextlib import AbstractContextManager
from typing import Literal, TextIO

import msgspec
import structlog
from structlog.contextvars import bound_contextvars
from structlog.typing import Processor

from calltrackd.model.call import rfc3339
from calltrackd.ops.masking import EventDict, mask_numbers, redact_secrets

Style = Literal["auto", "json", "console"]
Level = Literal["debug", "info", "warning", "error"]

QUIET = {
    "aiohttp.access": logging.WARNING,
    "alembic": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "asyncio": logging.INFO,
}
"""Libraries whose chatter tells an admin nothing: the least level that passes."""

_PRIORITY = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}
"""sd-daemon(3): a <N> before a line is its level for journald, so `journalctl -p err` works."""

_FIRST = ("timestamp", "level", "event", "call", "logger")
"""The order in which an eye scans a JSON line."""

_STAMPS: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
]
"""What every line is given: the call it concerns, level, who speaks."""


class _Pipe(logging.Handler):
    """Where all lines go, one at a time; loggers that live long follow when it changes."""

    def __init__(self) -> None:
        super().__init__()
        self.stream: TextIO = sys.stderr
        self.chain: list[Processor] = []
        """Filled in place, since structlog's loggers remember the list itself."""
        self._writing = threading.Lock()

    def line(self, text: str) -> None:
        """Write one rendered line."""
        with self._writing:
            self.stream.write(text + "\n")
            self.stream.flush()

    def emit(self, record: logging.LogRecord) -> None:
        """A line of the standard library."""
        try:
            self.line(self.format(record))
        except Exception:  # noqa: BLE001 - as logging does: no line may break who logs it
            self.handleError(record)


_pipe = _Pipe()


class _Logger:
    """The end of structlog's chain: takes the rendered line, whatever its level."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name

    def msg(self, text: str) -> None:
        """Write the line."""
        _pipe.line(text)

    debug = info = warning = error = critical = exception = msg


def configure(
    style: Style = "auto",
    level: Level = "info",
    *,
    hide_numbers: bool = False,
    stream: TextIO | None = None,
) -> None:
    """Send every log line of the process to `stream` (default: stderr).

    `auto`: console on a terminal, else JSON. Lines that go to journald carry no time of their own,
    since journald stamps them. May be called again, after a reload of the settings.
    """
    _pipe.stream = stream = stream or sys.stderr
    plain = style == "json" or (style == "auto" and not stream.isatty())
    journal = _is_journal(stream)
    render: list[Processor] = [
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact_secrets,
        *([mask_numbers] if hide_numbers else []),
        *_clock(plain=plain, journal=journal),
        _json(journal=journal) if plain else _console(colours=stream.isatty()),
    ]
    _pipe.chain[:] = [_from(level), *_STAMPS, *render]
    _pipe.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *_STAMPS],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    _take_over(level)


def about_call(call: str) -> AbstractContextManager[None]:
    """Every line logged inside (tasks started there included) bears this call's id."""
    return bound_contextvars(call=call)


def _from(level: Level) -> Processor:
    """Drop what is below this level, before it costs anything."""
    least = _PRIORITY[level]

    def passes(_logger: object, method: str, event: EventDict) -> EventDict:
        if _PRIORITY[method] > least:
            raise structlog.DropEvent
        return event

    return passes


def _clock(*, plain: bool, journal: bool) -> list[Processor]:
    """When it was. Comes last: a time's colons need no search for secrets."""
    if not plain:
        return [structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)]
    return [] if journal else [_stamp_utc]


def _stamp_utc(_logger: object, _method: str, event: EventDict) -> EventDict:
    event["timestamp"] = rfc3339(time.time())
    return event


def _json(*, journal: bool) -> Processor:
    encode = msgspec.json.Encoder(enc_hook=repr).encode

    def line(_logger: object, _method: str, event: EventDict) -> str:
        priority = f"<{_PRIORITY.get(event['level'], 6)}>" if journal else ""
        first = {key: event.pop(key) for key in _FIRST if key in event}
        return priority + encode({**first, **event}).decode()

    return line


def _console(*, colours: bool) -> Processor:
    return structlog.dev.ConsoleRenderer(
        colors=colours,
        pad_event_to=36,
        sort_keys=False,
        exception_formatter=structlog.dev.plain_traceback,
    )


def _is_journal(stream: TextIO) -> bool:
    """systemd.exec(5): JOURNAL_STREAM names device and inode of the socket to journald."""
    try:
        there = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{there.st_dev}:{there.st_ino}"


def _take_over(level: Level) -> None:
    root = logging.getLogger()
    if _pipe not in root.handlers:
        root.addHandler(_pipe)
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(max(least, root.level))
    structlog.configure(
        processors=_pipe.chain,
        wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
        logger_factory=_Logger,
        cache_logger_on_first_use=True,
    )
