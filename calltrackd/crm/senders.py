"""The sender that fits a target."""

from collections.abc import Callable

from calltrackd.crm import connector
from calltrackd.crm.books import Books
from calltrackd.crm.clock import Clock, WallClock
from calltrackd.crm.lane import Sender
from calltrackd.crm.people import Person
from calltrackd.crm.sender import ConnectorSender
from calltrackd.crm.target import CrmTarget, HookTarget, Target
from calltrackd.crm.tools import RecordingFiles, RecordingLinks, Tools
from calltrackd.crm.webhook.sender import WebhookSender
from calltrackd.store.engine import Store

MetBy = Callable[[str, str, Person | None], None]
"""Told by which target whose client a number (E.164) is."""


def _untold(_target: str, _phone: str, _person: Person | None) -> None:
    """For those who ask no one."""


class Senders:
    """Makes senders; raises ValueError, OSError or TemplateFault for unusable settings."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock | None = None,
        recordings: RecordingLinks | None = None,
        files: RecordingFiles | None = None,
        met: MetBy = _untold,
        make: Callable[[CrmTarget, Tools], connector.Connector] = connector.build,
    ) -> None:
        self._store, self._met, self._make = store, met, make
        self._recordings, self._files = recordings, files
        self._clock = clock or WallClock()

    def __call__(self, target: Target) -> Sender:
        """The sender of one target."""
        if isinstance(target, HookTarget):
            return WebhookSender(target, self._clock.now)
        assert isinstance(target, CrmTarget)  # noqa: S101 - there is no third kind
        tools = self.tools(target.name)
        return ConnectorSender(
            self._make(target, tools),
            tools.books,
            self._clock,
            lambda phone, person: self._met(target.name, phone, person),
        )

    def tools(self, target: str) -> Tools:
        """What the house lends to a target's connector."""
        return Tools(
            books=Books(self._store, target, self._clock.now),
            clock=self._clock,
            recordings=self._recordings,
            files=self._files,
        )
