"""Where a path that the PBX names lies on this machine."""

from collections.abc import Mapping
from pathlib import Path


def located(path: str, path_map: Mapping[str, str]) -> str:
    """The PBX's path as it is here: the longest folder of the map that fits is replaced.

    >>> located("/var/spool/asterisk/monitor/a.wav", {"/var/spool/asterisk": "/mnt/pbx"})
    '/mnt/pbx/monitor/a.wav'
    """
    for there in sorted(path_map, key=len, reverse=True):
        if Path(path).is_relative_to(there):
            return str(Path(path_map[there], Path(path).relative_to(there)))
    return path
