"""What a deal's stage means: as the settings say, else as the CRM does (pure)."""

from collections.abc import Collection

from calltrackd.model.deal import Deal, DealStatus


class Stages:
    """`won`, `lost`: stages, or `pipeline:stage` where only that is one. Empty: the CRM decides."""

    def __init__(self, won: Collection[str] = (), lost: Collection[str] = ()) -> None:
        self._won, self._lost = frozenset(won), frozenset(lost)

    def __eq__(self, other: object) -> bool:
        """The same stages mean the same."""
        mine = self._won, self._lost
        return isinstance(other, Stages) and mine == (other._won, other._lost)

    def __hash__(self) -> int:
        return hash((self._won, self._lost))

    def status(self, deal: Deal) -> DealStatus:
        """Where the deal stands. Stages that are named here are all that mean it."""
        names = {deal.stage, f"{deal.pipeline}:{deal.stage}"}
        if names & self._won:
            return "won"
        if names & self._lost:
            return "lost"
        if deal.won and not self._won:
            return "won"
        return "lost" if deal.won is False and not self._lost else "open"
