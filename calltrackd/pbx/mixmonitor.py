"""The files that a MixMonitor writes, from its dialplan arguments.

`MixMonitor(file.ext[,options[,command]])`: `r(file)` holds what the channel says (the caller's
voice on the client's channel), `t(file)` what it hears; the mix is `file`. Measured: r() 440 Hz of
the caller only, t() 800 Hz of the operator only.

A name without a leading slash is taken below Asterisk's own folder of recordings, which only the
variable MIXMONITOR_FILENAME tells, right after the application (measured: `2026/11/23/X.wav` and
then `/var/spool/asterisk/monitor/2026/11/23/X.wav` are one file).
"""

import re
from collections.abc import Iterator

from calltrackd.model.channel import Side

_OPTION = re.compile(r"([rt])\(([^)]*)\)")


def files(data: str) -> Iterator[tuple[str, Side]]:
    """Paths with the side each holds, seen from the recorded channel as the caller."""
    path, _, rest = data.partition(",")
    if path:
        yield path, "both"
    options = rest.partition(",")[0] if "(" not in rest else rest
    for option, name in _OPTION.findall(options):
        if name:
            yield name, "caller" if option == "r" else "operator"


class RecordedFiles:
    """The files of each living channel, by their whole paths, each told once."""

    def __init__(self) -> None:
        self._told: dict[str, set[str]] = {}
        self._relative: dict[str, list[tuple[str, Side]]] = {}

    def application(self, channel: str, data: str) -> list[tuple[str, Side]]:
        """MixMonitor begins with these arguments; names that are not whole yet wait."""
        named = list(files(data))
        self._relative[channel] = [(path, side) for path, side in named if path[0] != "/"]
        return self._fresh(channel, [(path, side) for path, side in named if path[0] == "/"])

    def variable(self, channel: str, path: str) -> list[tuple[str, Side]]:
        """MIXMONITOR_FILENAME is set: the mix's whole path, also of recordings AMI began."""
        waiting = self._relative.pop(channel, [])
        mix = next((name for name, side in waiting if side == "both"), "")
        if not mix or not path.endswith(f"/{mix}"):
            return self._fresh(channel, [(path, "both")])
        folder = path.removesuffix(mix)
        return self._fresh(channel, [(folder + name, side) for name, side in waiting])

    def forget(self, channel: str) -> None:
        """The channel is gone."""
        self._told.pop(channel, None)
        self._relative.pop(channel, None)

    def clear(self) -> None:
        """All of them may be."""
        self._told.clear()
        self._relative.clear()

    def _fresh(self, channel: str, named: list[tuple[str, Side]]) -> list[tuple[str, Side]]:
        told = self._told.setdefault(channel, set())
        fresh = [(path, side) for path, side in named if path not in told]
        told.update(path for path, _ in fresh)
        return fresh
