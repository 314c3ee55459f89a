"""The client changes hands: what FreeSWITCH's bridges, histories and last words say of it.

FreeSWITCH has no event of a transfer. What there is, measured on 1.11.1:

* uuid_transfer and REFER: the client's UNBRIDGE has a new `...:bl_xfer:...` in transfer_history; of
  a REFER the leg that sent it ends with endpoint_disposition BLIND_TRANSFER, and that end is told
  before or after the UNBRIDGE, within one tick of its clock.
* REFER with Replaces: of the two legs of one phone the one that is replaced ends with
  ATTENDED_TRANSFER; later the client is bridged with the other's partner.
  While the other phone still rings the client is sent to `park` inline and waits there for it.
* att_xfer: a phone amid a talk rings another on its own behalf; no hold, no unbridge is told. If it
  hangs up while the other lives, the client goes there (source: `att_thread_run`).
* intercept, INVITE with Replaces: a phone is bridged with a client that it was not dialled for.
"""

from collections.abc import Iterable

from calltrackd.model.channel import (
    ChannelEvent,
    Held,
    Moved,
    PickedUp,
    Resumed,
    TransferredAttended,
    TransferredBlind,
)
from calltrackd.pbx.esl import items
from calltrackd.pbx.fs_channel import FsChannel, Headers
from calltrackd.pbx.fs_channels import FsChannels

Events = Iterable[ChannelEvent]

TAKEN_S = 1.0
"""Who takes a client from a park is bridged with it within this time after the park's end."""


WAITING, INLINE = ":bl_xfer:park/", "/inline"
"""The history's entry of a client that was given to a phone that rings."""


class Handovers:
    """Reads them off the events of the channels."""

    def __init__(self, channels: FsChannels) -> None:
        self._channels = channels

    def consults(self, at: float, channel: FsChannel, source: str) -> Events:
        """att_xfer: a phone amid a talk rings another; the client hears music from now on.

        FreeSWITCH tells neither hold nor unbridge then.
        """
        by = self._channels.get(source)
        if by is None or by.role != "operator" or not by.partner:
            return ()
        channel.consulted_by, channel.consulted_for = by.id, by.partner
        return (Held(at=at, channel=by.id),)

    def picked_up(self, at: float, one: FsChannel, other: FsChannel) -> Events:
        """A phone that was dialled for nobody gets a client for whom another one rang or talked.

        The bridge is all that tells; who rang before ends with PICKED_OFF, before or after it.
        """
        phone, client = (one, other) if one.role == "operator" else (other, one)
        if phone.role != "operator" or client.role != "client" or not client.incoming:
            return ()
        if phone.root or client.last_partner == phone.id or not self._has_phones(client):
            return ()
        if client.parked or client.waits or at - client.unparked_at < TAKEN_S:
            return ()
        return (PickedUp(at=at, channel=phone.id, target=client.id),)

    def _has_phones(self, client: FsChannel) -> bool:
        return client.picked_off or any(
            channel.root == client.id for channel in self._channels.living.values()
        )

    def moved(self, at: float, channel: FsChannel, headers: Headers) -> Events:
        """uuid_transfer and REFER leave `bl_xfer` in the history; REFER is told by its sender."""
        history = headers.get("variable_transfer_history", "")
        latest = items(history)[-1]
        if channel.role != "client" or history == channel.history or ":bl_xfer:" not in latest:
            return ()
        if headers.get("Answer-State") == "hangup":
            return ()
        channel.history = history
        if latest.endswith(INLINE) and WAITING in latest:
            return self._given_to_ringing(at, channel)
        channel.dialed = headers.get("Caller-Destination-Number", "")
        return (Moved(at=at, channel=channel.id, number=channel.dialed),)

    def _given_to_ringing(self, at: float, client: FsChannel) -> Events:
        """REFER with Replaces before the other phone answered."""
        second = next((c for c in self._channels.living.values() if _calls(c, client)), None)
        if second is None:
            return (Moved(at=at, channel=client.id),)
        client.awaits_target = second.handed = True
        return self._joined(at, client.last_partner, client.id, second)

    def given(self, at: float, channel: FsChannel, headers: Headers) -> Events:
        """A leg leaves its talk for good: the party of an attended transfer goes on elsewhere."""
        if headers.get("variable_endpoint_disposition") == "ATTENDED_TRANSFER":
            return self._replaced(at, channel)
        if headers.get("Answer-State") != "hangup":
            return ()
        rung = [c for c in self._channels.living.values() if c.consulted_by == channel.id]
        return [event for target in rung for event in self._consulted(at, target, ok=True)]

    def last_word(self, at: float, channel: FsChannel, headers: Headers) -> Events:
        """The leg ended: whom it sent where; or the consultation with it came to nothing."""
        client = self._channels.get(channel.root)
        if client is not None and headers.get("Hangup-Cause") == "PICKED_OFF":
            client.picked_off = True
        back = self._consulted(at, channel, ok=False) if channel.consulted_by else ()
        referred = self._referred(at, channel, headers)
        return (*back, *referred, *self.given(at, channel, headers))

    def _consulted(self, at: float, target: FsChannel, *, ok: bool) -> Events:
        """att_xfer ends: with the client for the phone that was rung, or back with the ringer."""
        by, client = target.consulted_by, target.consulted_for
        target.consulted_by = target.consulted_for = ""
        told = TransferredAttended(at=at, by=(by,), channel=client, target=target.id, ok=ok)
        return (told,) if ok else (Resumed(at=at, channel=by), told)

    def _replaced(self, at: float, channel: FsChannel) -> Events:
        """REFER with Replaces: of the two legs of one phone, one had the client, one the other."""
        own = [
            c
            for c in self._channels.living.values()
            if c is not channel and c.party == channel.party and c.role == "operator"
        ]
        own.sort(key=lambda c: c.holds, reverse=True)
        has_client = self._has_client(channel)
        other = next((c for c in own if self._has_client(c) is not has_client), None)
        if channel.handed or other is None:
            return ()
        channel.handed = other.handed = True
        first, second = (channel, other) if has_client else (other, channel)
        return self._joined(at, first.id, first.last_partner, second)

    def _joined(self, at: float, first: str, client: str, second: FsChannel) -> Events:
        """Of one phone's legs `first` had the client, `second` whoever gets the client now."""
        target = self._target_of(second)
        by = (first, second.id)
        return (TransferredAttended(at=at, by=by, channel=client, target=target, ok=True),)

    def _has_client(self, channel: FsChannel) -> bool:
        partner = self._channels.get(channel.last_partner)
        return partner is not None and partner.role == "client"

    def _target_of(self, channel: FsChannel) -> str | None:
        """Who was consulted; it may ring still."""
        rung = (c.id for c in self._channels.living.values() if c.root == channel.id)
        return channel.last_partner or next(rung, None)

    def _referred(self, at: float, channel: FsChannel, headers: Headers) -> Events:
        """A blind REFER is told by the end of the leg that sent it."""
        partner = self._channels.get(channel.last_partner)
        if headers.get("variable_endpoint_disposition") != "BLIND_TRANSFER" or partner is None:
            return ()
        to = partner.dialed
        return (TransferredBlind(at=at, by=channel.id, channel=partner.id, number=to),)


def _calls(channel: FsChannel, client: FsChannel) -> bool:
    """A call that the phone which talked with the client made meanwhile."""
    own = channel.role == "operator" and channel.party == client.last_party
    return own and channel.incoming and channel.id != client.last_partner and not channel.handed
