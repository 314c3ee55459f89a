r"""What we say to an event socket: commands in, bytes out. Pure.

A command is a line, perhaps with header lines, and an empty line. So a line break inside a value
would be a second command: it is refused before a byte is written.

Measured: `event plain` takes any name silently, and every word behind CUSTOM as a subclass; so
CUSTOM stands last.
"""

from collections.abc import Iterable

from calltrackd.pbx.wire import BadFieldError

CUSTOM = "CUSTOM"


def encode_command(line: str, **headers: str) -> bytes:
    r"""Bytes of a command; `_` in a header's name stands for `-`.

    Raises BadFieldError for CR, LF or NUL, and for text that is not valid UTF-8.

    >>> encode_command("bgapi status", Job_UUID="7")
    b'bgapi status\nJob-UUID: 7\n\n'
    """
    lines = [line, *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    for text in lines:
        if any(sign in text for sign in "\r\n\0"):
            raise BadFieldError("a command of the event socket is one line")
    try:
        return "".join(f"{text}\n" for text in lines).encode() + b"\n"
    except UnicodeEncodeError as error:
        raise BadFieldError("a command of the event socket is valid text") from error


def subscription(names: Iterable[str]) -> str:
    """The command that asks for these events; custom ones as `CUSTOM subclass`.

    >>> subscription(["HEARTBEAT", "CUSTOM fifo::info", "DTMF", "CUSTOM callcenter::info"])
    'event plain DTMF HEARTBEAT CUSTOM callcenter::info fifo::info'
    """
    names = sorted(names)
    subclasses = [name.partition(" ")[2] for name in names if name.startswith(f"{CUSTOM} ")]
    plain = [name for name in names if not name.startswith(CUSTOM)]
    return " ".join(["event plain", *plain, *([CUSTOM, *subclasses] if subclasses else [])])
