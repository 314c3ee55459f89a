"""All scenarios of the lab at a FreeSWITCH with the daemon attached, one after another."""

from collections.abc import Iterable
from pathlib import Path

from tests.crash.daemon import Daemon
from tests.lab.freeswitch import Freeswitch, FreeswitchStage
from tests.lab.freeswitch_scenarios import PLOTS
from tests.live.evening import NOWHERE, Played, shown


def playable() -> list[str]:
    """Plots in which the daemon sees what the truth assumes: no link of the tap's own is cut."""
    return [name for name, plot in PLOTS.items() if plot.attach and not name.startswith("link_cut")]


async def play_all(pbx: Freeswitch, folder: Path, names: Iterable[str]) -> dict[str, Played]:
    """Every named plot, once."""
    async with attached(pbx, folder) as daemon:
        await daemon.start()
        await daemon.ready()
        return {
            name: await shown(lambda: FreeswitchStage(pbx), daemon, PLOTS[name]) for name in names
        }


def attached(pbx: Freeswitch, folder: Path, url: str = NOWHERE) -> Daemon:
    """A daemon for this FreeSWITCH; delivers to `url`."""
    secret = pbx.settings.secret.get_secret_value()
    return Daemon(folder, pbx.port, url, secret=secret, make="freeswitch")
