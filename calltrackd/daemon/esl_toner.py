"""The operator's tone on a FreeSWITCH, over the link itself: `bgapi` holds nothing up."""

from calltrackd.daemon.toner import Phone, Toner
from calltrackd.pbx.esl_link import EslLink
from calltrackd.pbx.tone import Kind, displacement


class EslToner(Toner):
    """Tones of one FreeSWITCH."""

    def __init__(self, pbx: str, kind: Kind, link: EslLink) -> None:
        super().__init__(pbx, kind)
        self._link = link

    async def _play(self, phone: Phone, *, known: bool) -> None:
        await self._link.ask(displacement(phone.id, known=known))
