"""Which channels belong together: the correlator.

Theory. A PBX stamps channels with a link id (Asterisk Linkedid, FreeSWITCH call_uuid), but the id
is an attribute and not a key: it changes on REFER with Replaces, on pick-up and on park retrieve
(measured: no event tells, the next event just bears another one), and at a pick-up the bridge
already joins channels whose ids still differ. So channels are joined transitively by everything
that joins them: link id, dial, Local pair, bridge, pick-up, replacement. That is union-find; its
sets are kept themselves, merged small into large, because channels also leave: a group
without living channels is forgotten, and memory is bounded by what is alive.

A conference bridge joins nobody (two clients in one room stay two calls): the caller of `join`
leaves those out.
"""

from calltrackd.calls.names import Names


class Group:
    """Channels and link ids known to belong together."""

    __slots__ = ("channels", "links")

    def __init__(self) -> None:
        self.channels: Names = {}
        self.links: set[str] = set()


class Groups:
    """Union-find with leaving: every living channel is in exactly one group."""

    def __init__(self) -> None:
        self._of: dict[str, Group] = {}
        self._by_link: dict[str, Group] = {}

    def add(self, channel: str, link: str) -> None:
        """Put a channel into the group of its link id, merging what it was in before."""
        group = self._by_link.get(link)
        if group is None:
            group = self._by_link[link] = Group()
            group.links.add(link)
        own = self._of.get(channel)
        if own is None:
            self._of[channel] = group
            group.channels[channel] = None
        elif own is not group:
            self._merge(own, group)

    def join(self, one: str, two: str) -> None:
        """Merge the groups of two channels; unknown channels are left alone."""
        a, b = self._of.get(one), self._of.get(two)
        if a is not None and b is not None and a is not b:
            self._merge(a, b)

    def discard(self, channel: str) -> None:
        """The channel is gone; so is its group when it was the last one."""
        group = self._of.pop(channel, None)
        if group is None:
            return
        del group.channels[channel]
        if not group.channels:
            for link in group.links:
                del self._by_link[link]

    def around(self, channel: str) -> Names:
        """All living channels of the group, the channel itself included."""
        group = self._of.get(channel)
        return {} if group is None else group.channels

    def _merge(self, a: Group, b: Group) -> None:
        small, large = sorted((a, b), key=lambda g: len(g.channels))
        for channel in small.channels:
            self._of[channel] = large
        for link in small.links:
            self._by_link[link] = large
        large.channels |= small.channels
        large.links |= small.links
