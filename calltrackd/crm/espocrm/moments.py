"""EspoCRM's moments: whole seconds of UTC, whatever time zone it shows (pure)."""

from datetime import UTC, datetime


def unix(text: str) -> float:
    """Its second, or the beginning of its day, as unix seconds.

    >>> unix("2026-11-23 08:42:18"), unix("2026-11-23")
    (1795423338.0, 1795392000.0)
    """
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def moment(at: float) -> str:
    """Unix seconds as EspoCRM reads them.

    >>> moment(1795423338.5)
    '2026-11-23 08:42:18'
    """
    return f"{datetime.fromtimestamp(int(at), UTC):%Y-%m-%d %H:%M:%S}"
