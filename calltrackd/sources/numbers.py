"""From the number dialled to the advertising that shows it."""

from collections.abc import Iterable

from calltrackd.model.call import Source
from calltrackd.settings import Number


class Sources:
    """The tracking numbers of the settings, ready to be asked for each call. Pure."""

    def __init__(self, numbers: Iterable[Number]) -> None:
        self._of = {number.did: _source(number) for number in numbers}

    @property
    def tracked(self) -> frozenset[str]:
        """The tracking numbers, E.164."""
        return frozenset(self._of)

    def of(self, did: str | None) -> Source:
        """What stands behind `did` (E.164); empty for numbers that are not tracked."""
        return self._of.get(did, _NOTHING) if did is not None else _NOTHING


_NOTHING = Source()


def _source(number: Number) -> Source:
    return Source(
        medium=number.medium,
        source=number.source,
        campaign=number.campaign,
        term=number.term,
        content=number.content,
        landing=number.landing,
        cost_group=number.cost_group,
        click_ids=dict(number.click_ids),
    )
