"""Who hears whom: bridges, and the Local channels that make two bridges one room.

A Local channel has two halves; what enters one leaves the other. With `/n`, or before Asterisk
optimises it away (20-450 ms after the answer), client and operator sit in different bridges that a
pair connects. So a room is the set of channels reachable from a bridge over pairs.
"""

from collections.abc import Iterator

from calltrackd.calls.names import Names


class Rooms:
    """Bridges with their channels; pairs of halves."""

    def __init__(self) -> None:
        self._inside: dict[str, Names] = {}
        self._bridge: dict[str, str] = {}
        self._pair: dict[str, str] = {}
        self.shared: set[str] = set()

    def pair(self, one: str, two: str) -> None:
        """Two halves of one Local channel."""
        self._pair[one] = two
        self._pair[two] = one

    def other_half(self, channel: str) -> str | None:
        """The other half, None for a real channel."""
        return self._pair.get(channel)

    def bridge_of(self, channel: str) -> str | None:
        """The bridge the channel sits in."""
        return self._bridge.get(channel)

    def enter(self, channel: str, bridge: str, *, shared: bool) -> bool:
        """Put a channel into a bridge. False when it was there already (a repeated event)."""
        old = self._bridge.get(channel)
        if old == bridge:
            return False
        if old is not None:
            self.leave(channel, old)
        self._bridge[channel] = bridge
        self._inside.setdefault(bridge, {})[channel] = None
        if shared:
            self.shared.add(bridge)
        return True

    def leave(self, channel: str, bridge: str) -> bool:
        """Take a channel out of a bridge. False when it was not in that one (a late event)."""
        if self._bridge.get(channel) != bridge:
            return False
        del self._bridge[channel]
        inside = self._inside[bridge]
        del inside[channel]
        if not inside:
            del self._inside[bridge]
            self.shared.discard(bridge)
        return True

    def forget(self, channel: str) -> None:
        """The channel is gone."""
        bridge = self._bridge.get(channel)
        if bridge is not None:
            self.leave(channel, bridge)
        other = self._pair.pop(channel, None)
        if other is not None:
            self._pair.pop(other, None)

    def beside(self, bridge: str) -> Names:
        """The channels of one bridge."""
        return self._inside.get(bridge, {})

    def room(self, bridge: str) -> Names:
        """All channels that hear each other through the bridge, halves of pairs included."""
        inside = self._inside.get(bridge, {})
        if not any(channel in self._pair for channel in inside):
            return inside
        return dict.fromkeys(name for b in self._reachable(bridge) for name in self._inside[b])

    def _reachable(self, bridge: str) -> Names:
        seen: Names = {bridge: None}
        todo = [bridge]
        while todo:
            for nearby in self._across(todo.pop()):
                if nearby not in seen:
                    seen[nearby] = None
                    todo.append(nearby)
        return seen

    def _across(self, bridge: str) -> Iterator[str]:
        for channel in self._inside.get(bridge, ()):
            other = self._bridge.get(self._pair.get(channel, ""))
            if other is not None:
                yield other
