"""What a FreeSWITCH says of its living channels when asked, gathered into a snapshot.

Measured, and from the source: `show channels as json` has `initial_dest` and `initial_cid_num`,
which no transfer overwrites, and `created_epoch` in whole seconds; with no channel it is
`{"row_count": 0}` without `rows`. `show calls as json` pairs the bridged legs. Only
`uuid_dump UUID json` tells whether the caller hides its number, so a list waits for the dumps of
the channels that came in; an event of a channel has the same headers and stands for its dump. The
lists come out of a database that is written some time later, and their answers after events that
are younger. So a channel whose end was told just now is none; and one whose dump is refused lived
when it was listed if its end is told within half a second, else the list was too old.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from calltrackd.model.channel import SeenChannel
from calltrackd.pbx.channels import ChannelRules
from calltrackd.pbx.fs_channel import Headers, identity, is_up, name, number, source_of

Row = dict[str, str]
Pair = tuple[str, str]

UP = frozenset({"ACTIVE", "HELD", "UNHELD"})
RINGING = frozenset({"RINGING", "EARLY"})
PATIENCE_S = 2.0
"""Seconds that a list waits for dumps, and events for a list."""
LATE_S = 0.5
"""Seconds by which an event may be late, a channel's end for one (measured)."""
REMEMBERED_S = 30.0
"""Seconds for which an end is remembered; a list is never so old."""
CALLS, CHANNELS = "show calls as json", "show channels as json"
DUMP = "uuid_dump"
GONE = "-ERR No such channel!"


class Listing:
    """One list of channels, until what belongs to it is there."""

    def __init__(self, rules: ChannelRules) -> None:
        self._rules = rules
        self._rows: dict[str, Row] | None = None
        self._since = 0.0
        self._dumps: dict[str, Headers] = {}
        self._refused: dict[str, float] = {}
        """Listed channels that are no more, and when that was told."""
        self._pairs: list[Pair] = []
        self._ended: dict[str, float] = {}
        """Channels that ended of late, oldest first, and when that was told."""

    def ended(self, channel: str, at: float) -> None:
        """A channel's end was told at `at`: a list that is under way may still have it."""
        while self._ended and at - next(iter(self._ended.values())) > REMEMBERED_S:
            del self._ended[next(iter(self._ended))]
        self._ended[channel] = at

    def has_ended(self, channel: str) -> bool:
        """Its end was told of late."""
        return channel in self._ended

    def gone(self, channel: str, at: float) -> bool:
        """A channel of the list has no dump at `at`: it is no more. False when no list waits."""
        if self._rows is None:
            return False
        self._refused[channel] = at
        return True

    def channels(self, rows: Iterable[Row], at: float) -> None:
        """`show channels`: all there are at `at`."""
        listed = ((row.get("uuid", ""), row) for row in rows)
        self._rows = {uuid: row for uuid, row in listed if uuid and uuid not in self._ended}
        self._since = at

    def calls(self, rows: Iterable[Row]) -> None:
        """`show calls`: who is bridged with whom."""
        self._pairs = [(row["uuid"], row["b_uuid"]) for row in rows if row.get("b_uuid")]

    def dump(self, headers: Headers) -> None:
        """`uuid_dump`, or an event of the channel: the first is nearest to the list."""
        channel = headers["Unique-ID"]
        if self._rows is None or channel in self._rows:
            self._dumps[channel] = {**headers, **self._dumps.get(channel, {})}

    def event(self, headers: Headers) -> None:
        """An event of a listed channel has what its dump has."""
        if headers.get("Unique-ID", "") in (self._rows or {}):
            self.dump(headers)

    @property
    def waits(self) -> bool:
        """There is a list, and it is not taken yet."""
        return self._rows is not None

    def ready(self, at: float) -> bool:
        """There is a list, and it has waited for all that it needs or long enough."""
        if self._rows is None:
            return False
        return at - self._since > PATIENCE_S or not any(
            self._lacks(uuid, at) for uuid in self._rows
        )

    def _lacks(self, channel: str, at: float) -> bool:
        """Something of this channel may still come."""
        if channel in self._dumps:
            return False
        if channel in self._refused:
            return at - self._refused[channel] <= LATE_S
        return (self._rows or {})[channel].get("direction") == "inbound"

    def take(self) -> tuple[float, list[SeenChannel], list[Pair]]:
        """When the list came, its channels, and who is bridged; the next list begins."""
        at, rows, self._rows = self._since, self._rows or {}, None
        rows = {i: row for i, row in rows.items() if i in self._dumps or i not in self._refused}
        found = self._pairs or _by_call(rows)
        pairs = [pair for pair in found if pair[0] in rows and pair[1] in rows]
        pairs += self._bridged_since(rows, {leg for pair in pairs for leg in pair})
        bridges = {one: bridge_of(*pair) for pair in pairs for one in pair}
        seen = [self._seen(row, bridges, at) for row in rows.values()]
        self._dumps, self._refused, self._pairs = {}, {}, []
        return at, seen, pairs

    def _bridged_since(self, rows: dict[str, Row], known: set[str]) -> Iterator[Pair]:
        """The lists lag behind; a dump is of this moment and names the other leg."""
        for channel, dump in self._dumps.items():
            other = dump.get("variable_bridge_uuid", "")
            if {channel, other} <= rows.keys() - known and _is_up(rows[channel], dump):
                known |= {channel, other}
                yield channel, other

    def _seen(self, row: Row, bridges: dict[str, str], at: float) -> SeenChannel:
        dump = self._dumps.get(row["uuid"], {})
        first = {**_headers(row), **_hiding(dump)}
        incoming = row.get("direction") == "inbound"
        state = row.get("callstate", "")
        role, party = identity({**_headers(row), **dump}, self._rules)
        room = _conference(row)
        return SeenChannel(
            channel=row["uuid"],
            name=row.get("name", ""),
            link=_link(row, dump),
            role=role,
            party=party,
            number=number(first),
            number_name=name(first),
            dialed=(row.get("initial_dest") or row.get("dest", "")) if incoming else "",
            incoming=incoming,
            up=_is_up(row, dump),
            ringing=not incoming and state in RINGING and not _is_up(row, dump),
            age=max(0.0, at - _created(row, dump)),
            queue=_queue(row),
            place="conference" if room else None,
            bridge=room or bridges.get(row["uuid"], ""),
        )


def seen_by_event(at: float, headers: Headers, rules: ChannelRules) -> SeenChannel:
    """A channel that neither its birth nor a list told of, by any event of its own or its dump."""
    role, party = identity(headers, rules)
    incoming = headers["Call-Direction"] == "inbound"
    return SeenChannel(
        channel=headers["Unique-ID"],
        name=headers["Channel-Name"],
        link=_link({"uuid": headers["Unique-ID"], "direction": headers["Call-Direction"]}, headers),
        role=role,
        party=party,
        number=number(headers),
        number_name=name(headers),
        dialed=headers.get("Caller-Destination-Number", "") if incoming else "",
        incoming=incoming,
        up=is_up(headers),
        age=max(0.0, at - _created({}, headers)),
    )


def rows_of(text: str) -> list[Row] | None:
    """Rows of a `show ... as json`; None when it is something else."""
    try:
        found: Any = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None
    if not isinstance(found, dict) or "row_count" not in found:
        return None
    rows = found.get("rows", [])
    return [{k: str(v) for k, v in row.items()} for row in rows if isinstance(row, dict)]


def dump_of(text: str) -> Row | None:
    """Headers of a `uuid_dump UUID json`; None when it is something else."""
    try:
        found: Any = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None
    if not isinstance(found, dict) or "Unique-ID" not in found:
        return None
    return {k: v for k, v in found.items() if isinstance(v, str)}


def bridge_of(one: str, other: str) -> str:
    """A name for the bridge of two channels."""
    return "+".join(sorted((one, other)))


def room_of(conference: str) -> str:
    """A name for the bridge of a conference."""
    return f"conference:{conference}"


def _is_up(row: Row, dump: Headers) -> bool:
    """Its far end answered."""
    return is_up(dump) if "Answer-State" in dump else row.get("callstate", "") in UP


def _link(row: Row, dump: Headers) -> str:
    """On whose behalf it was dialled. A queue's agent has a call_uuid of its own until it talks."""
    source = "" if row.get("direction") == "inbound" else source_of(dump)
    return source or row.get("call_uuid") or row["uuid"]


def _headers(row: Row) -> Row:
    """A row in the words of an event."""
    return {
        "Channel-Name": row.get("name", ""),
        "Channel-Presence-ID": row.get("presence_id", ""),
        "Caller-Caller-ID-Number": row.get("initial_cid_num") or row.get("cid_num", ""),
        "Caller-Caller-ID-Name": row.get("initial_cid_name") or row.get("cid_name", ""),
    }


def _hiding(dump: Headers) -> Row:
    return {key: value for key, value in dump.items() if key.startswith("Caller-Privacy-")}


def _created(row: Row, dump: Headers) -> float:
    """Unix seconds: exact by the dump, whole by the list."""
    exact = dump.get("Caller-Channel-Created-Time", "")
    return int(exact) / 1e6 if exact.isdigit() else float(row.get("created_epoch") or 0)


def _queue(row: Row) -> str:
    """Callcenter's `support@default`, fifo's `sales in`."""
    data = row.get("application_data", "")
    match row.get("application", ""):
        case "callcenter":
            return data
        case "fifo" if " in" in data:
            return data.partition(" ")[0]
        case _:
            return ""


def _conference(row: Row) -> str:
    """`3000@default` is profile default's room 3000."""
    if row.get("application") != "conference":
        return ""
    return room_of(row.get("application_data", "").partition("@")[0])


def _by_call(rows: dict[str, Row]) -> list[Pair]:
    """Who is bridged, when only `show channels` was asked: a dialled leg bears its caller's id."""
    pairs: dict[str, str] = {}
    for uuid, row in rows.items():
        caller = row.get("call_uuid", "")
        talk = {row.get("callstate"), rows.get(caller, {}).get("callstate")} <= UP
        if talk and caller not in pairs and caller != uuid:
            pairs[caller] = uuid
    return list(pairs.items())
