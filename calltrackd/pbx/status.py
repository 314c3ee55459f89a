"""CoreShowChannels and Status, gathered into a snapshot.

Measured on 16 and 22: CoreShowChannel has Linkedid, BridgeId, Duration in whole seconds and the
application, but its Exten is the DID only until the call is moved; Status has DNID, which stays
the DID of the client leg, and Seconds.
"""

from calltrackd.model.channel import SeenChannel
from calltrackd.pbx.channels import ChannelRules

Frame = dict[str, str]
DIALED_APPLICATIONS = ("AppDial", "AppDial2", "AppQueue", "")
"""What a channel runs that the PBX dials: it has no dialplan of its own."""


class Listing:
    """Items of one list, until its Complete arrives."""

    def __init__(self, rules: ChannelRules) -> None:
        self._rules = rules
        self._seen: dict[str, SeenChannel] = {}

    def add(self, frame: Frame) -> None:
        """One item. KeyError when it lacks an id; the caller counts it."""
        channel = frame["Uniqueid"]
        self._seen[channel] = self._read(channel, frame)

    def take(self) -> list[SeenChannel]:
        """The whole list; the next one begins."""
        seen = list(self._seen.values())
        self._seen.clear()
        return seen

    def _read(self, channel: str, frame: Frame) -> SeenChannel:
        role, party = self._rules.role(frame["Channel"])
        application = frame.get("Application", "")
        return SeenChannel(
            channel=channel,
            name=frame["Channel"],
            link=frame["Linkedid"],
            role=role,
            party=party,
            number=frame.get("CallerIDNum", ""),
            number_name=frame.get("CallerIDName", ""),
            dialed=frame.get("DNID") or frame.get("Exten", ""),
            incoming=application not in DIALED_APPLICATIONS,
            up=frame.get("ChannelStateDesc") == "Up" or frame.get("ChannelState") == "6",
            ringing=frame.get("ChannelStateDesc") == "Ringing" or frame.get("ChannelState") == "5",
            age=_age(frame.get("Duration") or frame.get("Seconds") or ""),
            bridge=frame.get("BridgeId") or frame.get("BridgeID", ""),
            queue=_queue(application, frame),
            place="conference" if application == "ConfBridge" else None,
        )


def _queue(application: str, frame: Frame) -> str:
    """The queue in which the channel waits, from the arguments of the application it runs."""
    if application != "Queue":
        return ""
    data = frame.get("ApplicationData") or frame.get("Data") or ""
    return data.partition(",")[0]


def _age(text: str) -> float | None:
    """`17` or `00:00:17` in seconds."""
    parts = text.split(":")
    if not all(part.isdigit() for part in parts):
        return None
    total = 0
    for part in parts:
        total = total * 60 + int(part)
    return float(total)
