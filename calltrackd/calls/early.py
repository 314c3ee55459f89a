"""Events that come before their channel does.

Measured on Asterisk 22: `Newexten` of a channel's first application may come a millisecond before
its `Newchannel`, for they are sent by different threads; and after a login events arrive before the
list that tells which channels live. They wait here, bounded, and are told again when the channel
appears.
"""

from calltrackd.model.channel import Event

CHANNELS_KEPT = 256
EVENTS_KEPT = 32
"""A channel that was never seen begin has as many events as its call; the first of them matter."""


class Early:
    """Waiting events by channel, the oldest channel forgotten first."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Event]] = {}

    def keep(self, channel: str, event: Event) -> None:
        """The channel is not known yet."""
        events = self._waiting.get(channel)
        if events is None:
            if len(self._waiting) >= CHANNELS_KEPT:
                del self._waiting[next(iter(self._waiting))]
            events = self._waiting[channel] = []
        if len(events) < EVENTS_KEPT:
            events.append(event)

    def first_at(self, channel: str) -> float | None:
        """When the first of the waiting events was."""
        events = self._waiting.get(channel)
        return events[0].at if events else None

    def take(self, channel: str) -> list[Event]:
        """What waited for the channel, in the order in which it came."""
        return self._waiting.pop(channel, []) if self._waiting else []
