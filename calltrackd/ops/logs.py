"""One pipe for every log line: JSON for machines, a coloured console for people.

structlog's own loggers and the standard library's (aiohttp, SQLAlchemy, alembic, asyncio, Python's
warnings) end in one handler and one chain of processors. A line that concerns a call bears its id
under `call`: bind it for a stretch of code with `about_call`.
"""

import logging
import os
import sys
import time
from contextlib import AbstractContextManager
from typing import Literal, TextIO

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


class _Pipe(logging.StreamHandler[TextIO]):
    """Our handler, to be found again when the settings are reloaded."""


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
    stream = stream or sys.stderr
    plain = style == "json" or (style == "auto" and not stream.isatty())
    journal = _is_journal(stream)
    handler = _Pipe(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder()],
            processors=[
                *_stamps(plain=plain, journal=journal),
                structlog.processors.StackInfoRenderer(),
                structlog.processors.format_exc_info,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redact_secrets,
                *([mask_numbers] if hide_numbers else []),
                *(_json(journal=journal) if plain else _console(colours=stream.isatty())),
            ],
        )
    )
    _take_over(handler, level)


def about_call(call: str) -> AbstractContextManager[None]:
    """Every line logged inside (tasks started there included) bears this call's id."""
    return bound_contextvars(call=call)


def _stamps(*, plain: bool, journal: bool) -> list[Processor]:
    """What every line is given: the call it concerns, level, who speaks, when."""
    stamps: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
    ]
    if not plain:
        return [*stamps, structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)]
    return stamps if journal else [*stamps, _stamp_utc]


def _stamp_utc(_logger: object, _method: str, event: EventDict) -> EventDict:
    event["timestamp"] = rfc3339(time.time())
    return event


def _json(*, journal: bool) -> list[Processor]:
    render = structlog.processors.JSONRenderer(ensure_ascii=False)

    def line(logger: object, method: str, event: EventDict) -> str:
        priority = f"<{_PRIORITY.get(event['level'], 6)}>" if journal else ""
        first = {key: event.pop(key) for key in _FIRST if key in event}
        return priority + str(render(logger, method, {**first, **event}))

    return [line]


def _console(*, colours: bool) -> list[Processor]:
    return [
        structlog.dev.ConsoleRenderer(
            colors=colours,
            pad_event_to=36,
            sort_keys=False,
            exception_formatter=structlog.dev.plain_traceback,
        )
    ]


def _is_journal(stream: TextIO) -> bool:
    """systemd.exec(5): JOURNAL_STREAM names device and inode of the socket to journald."""
    try:
        there = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{there.st_dev}:{there.st_ino}"


def _take_over(handler: logging.Handler, level: Level) -> None:
    root = logging.getLogger()
    root.handlers = [old for old in root.handlers if not isinstance(old, _Pipe)] + [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(max(least, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
