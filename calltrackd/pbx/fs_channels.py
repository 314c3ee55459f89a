"""The channels of one FreeSWITCH that live now, as its events told of them."""

from collections.abc import Iterable

from calltrackd.model.channel import ChannelEvent, HangupAsked, SeenChannel
from calltrackd.pbx.channels import ChannelRules
from calltrackd.pbx.fs_channel import FsChannel, Headers, identity, is_up, source_of

ASKED = frozenset({"recv_bye", "recv_cancel"})
"""sip_hangup_disposition of the leg whose far end hung up (right in 108 of 108 legs)."""


class FsChannels:
    """Finds them, and remembers none that ended."""

    def __init__(self, rules: ChannelRules) -> None:
        self._rules = rules
        self.living: dict[str, FsChannel] = {}

    def get(self, channel: str) -> FsChannel | None:
        """A living channel by its id."""
        return self.living.get(channel)

    def of(self, headers: Headers) -> FsChannel:
        """The channel of an event, known or told by the event's own headers.

        An event of one that ended already, or is about to, is no reason to remember it.
        """
        channel = self.living.get(headers["Unique-ID"])
        if channel is None:
            channel = self._told(headers)
            if headers.get("Answer-State") != "hangup":
                self.living[channel.id] = channel
        channel.fresh = True
        return channel

    def born(self, headers: Headers) -> FsChannel:
        """A new one."""
        channel = self.living[headers["Unique-ID"]] = self._told(headers)
        channel.up = False
        return channel

    def _told(self, headers: Headers) -> FsChannel:
        role, party = identity(headers, self._rules)
        incoming = headers.get("Call-Direction") == "inbound"
        channel = FsChannel(headers["Unique-ID"], role, party, incoming=incoming)
        channel.up = is_up(headers)
        channel.root = "" if incoming else self.root_of(source_of(headers))
        return channel

    def root_of(self, channel: str) -> str:
        """On whose behalf the channel dials: back over loopback halves."""
        known = self.living.get(channel)
        if known is None or known.role != "helper" or known.behind is not None:
            return channel
        half = self.living.get(known.other_half)
        return half.root if half is not None else known.root

    def rooted(self, half: FsChannel) -> None:
        """Its other half is known by now: so is on whose behalf the phones were dialled."""
        root = self.root_of(half.id)
        for phone in self.living.values():
            if phone.root == half.id:
                phone.root = root

    def unseen(self) -> None:
        """The link is lost. What was not seen since the last loss either is forgotten."""
        self.living = {i: channel for i, channel in self.living.items() if channel.fresh}
        for channel in self.living.values():
            channel.fresh = False

    def listed(self, seen: Iterable[SeenChannel], pairs: Iterable[tuple[str, str]]) -> None:
        """All that lived when the list was made, and who is bridged; younger ones are known."""
        known = self.living
        self.living = {i: channel for i, channel in known.items() if channel.fresh}
        for one in seen:
            channel = FsChannel(one.channel, one.role, one.party, incoming=one.incoming)
            channel.up, channel.waits = one.up, bool(one.queue)
            channel.root = "" if one.incoming or one.link == one.channel else one.link
            self.living[one.channel] = known.get(one.channel, channel)
        for pair in pairs:
            one_leg, other_leg = (self.living[leg] for leg in pair)
            one_leg.meet(other_leg)
            other_leg.meet(one_leg)


def asked(at: float, channel: FsChannel, headers: Headers) -> tuple[ChannelEvent, ...]:
    """Any event of a leg that is going tells who let it go; told once."""
    if channel.asked or headers.get("variable_sip_hangup_disposition") not in ASKED:
        return ()
    channel.asked = True
    return (HangupAsked(at=at, channel=channel.id),)
