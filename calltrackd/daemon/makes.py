"""What differs between the makes of PBXs in a running attachment: its link and its tones."""

from collections.abc import Callable
from typing import Any

from calltrackd.daemon.ami_toner import AmiToner
from calltrackd.daemon.esl_toner import EslToner
from calltrackd.daemon.toner import Toner
from calltrackd.pbx.ami_link import AmiLink
from calltrackd.pbx.esl_link import EslLink
from calltrackd.pbx.journal import Journal
from calltrackd.pbx.link import Link, Sink
from calltrackd.pbx.tone import Kind
from calltrackd.settings import FreeswitchPbx, Pbx


def link_of(
    pbx: Pbx, journal: Journal, sink: Sink, clock: Callable[[], float], tone: Kind
) -> tuple[Link[Any], Toner]:
    """The link to a PBX, and who plays tones there."""
    if isinstance(pbx, FreeswitchPbx):
        link = EslLink(pbx, journal, sink, clock)
        return link, EslToner(pbx.name, tone, link)
    return AmiLink(pbx, journal, sink, clock), AmiToner(pbx, tone)
