"""Helpers: a healthy site to spoil, and the recorded replies of real PBXs."""

import json
from pathlib import Path
from typing import Any

from calltrackd.doctor.asterisk.facts import AsteriskFacts, ManagerUser, Phone
from calltrackd.doctor.facts import Facts
from calltrackd.doctor.finding import Finding
from calltrackd.model.call import CallRecord, Recording
from calltrackd.pbx.errors import ActionRefusedError
from calltrackd.settings import AsteriskPbx, Keypad, Settings

T0 = 1_795_423_338.0
TAGS = Keypad.model_validate({"map": [{"keys": {"71": "sale", "5": "price"}}]})
NO_TAGS = Keypad()
ALL_CLASSES = frozenset({"system", "call", "agent", "dtmf", "dialplan", "user"})
GOOD_FILTER = (("eventfilter", "!^Event: (CEL|TestEvent|DeviceStateChange|RTCP.*|Cdr)"),)
REPLIES = Path(__file__).parent / "replies"


def attachment(**more: Any) -> AsteriskPbx:
    """Settings of one attachment."""
    return AsteriskPbx.model_validate({"kind": "asterisk", "name": "hq", "secret": "x"} | more)


def pbx(**more: Any) -> AsteriskFacts:
    """A PBX at which nothing is wrong, but for what `more` says."""
    healthy = {
        "settings": attachment(),
        "version": "22.10.1+dfsg",
        "commands": frozenset(
            {"Status", "CoreShowChannels", "ParkedCalls", "PlayDTMF", "PlayMF", "Originate"}
        ),
        "user": ManagerUser(ALL_CLASSES, frozenset({"call", "reporting"}), GOOD_FILTER),
        "phones": (phone("101"), phone("trunk", context="from-trunk")),
        "features": (),
        "native_bridging": False,
        "clock_ahead_s": 0.01,
    }
    return AsteriskFacts(**(healthy | more))


def phone(name: str, **more: Any) -> Phone:
    """An endpoint of chan_pjsip with good settings."""
    good = {"direct_media": False, "dtmf_mode": "rfc4733", "codecs": ("alaw", "ulaw")}
    return Phone(**({"name": f"PJSIP/{name}", "context": "from-internal"} | good | more))


def site(settings: dict[str, Any] | None = None, **more: Any) -> Facts:
    """A site of one attachment whose store holds nothing, but for what `more` says."""
    attached = {"pbx": [{"kind": "asterisk", "name": "hq", "secret": "x"}]}
    given = Settings.model_validate(attached | (settings or {}))
    return Facts(**({"settings": given, "calls": ()} | more))


def talk(did: str = "+74950000001", sides: tuple[str, ...] = (), **more: Any) -> CallRecord:
    """An answered call of a minute, recorded by `sides`."""
    recordings = [
        Recording(path=f"/rec/{n}-{side}.wav", side=side, started_at=T0)  # type: ignore[arg-type]
        for n, side in enumerate(sides)
    ]
    fields: dict[str, Any] = {
        "id": "c",
        "pbx": "hq",
        "direction": "inbound",
        "did": did,
        "outcome": "answered",
        "started_at": T0,
        "clean_talk_s": 60.0,
        "recordings": recordings,
    }
    return CallRecord(**(fields | more))


def brief(findings: Any) -> list[tuple[str, str]]:
    """Check and severity of each."""
    return [(one.check, one.severity) for one in findings]


def only(findings: Any) -> Finding:
    """The only one."""
    (one,) = findings
    assert isinstance(one, Finding)
    return one


class Recorded:
    """A session that answers as the PBX did when its replies were recorded."""

    def __init__(self, name: str, **instead: list[dict[str, str]]) -> None:
        recorded = json.loads((REPLIES / f"{name}.json").read_text())
        self._replies = {self._key(**one["action"]): one["frames"] for one in recorded}
        self._instead = instead

    @staticmethod
    def _key(**fields: str) -> tuple[tuple[str, str], ...]:
        return tuple(sorted(fields.items()))

    async def action(self, name: str, /, **fields: str) -> list[dict[str, str]]:
        """The recorded frames."""
        frames = self._instead.get(name) or self._replies[self._key(Action=name, **fields)]
        if frames[0].get("Response") == "Error":
            raise ActionRefusedError(name, frames[0]["Message"])
        return list(frames)
