"""The files that a MixMonitor writes, from its dialplan arguments.

`MixMonitor(file.ext[,options[,command]])`: `r(file)` holds what the channel says (the caller's
voice on the client's channel), `t(file)` what it hears; the mix is `file`. Measured: r() 440 Hz of
the caller only, t() 800 Hz of the operator only.
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
