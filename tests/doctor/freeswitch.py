"""Helpers: a healthy FreeSWITCH to spoil, and the recorded answers of a real one."""

import json
from pathlib import Path
from typing import Any

from calltrackd.doctor.freeswitch.facts import EventSocket, FreeswitchFacts, Profile, Step
from calltrackd.pbx.errors import ActionRefusedError
from calltrackd.settings import FreeswitchPbx, RecordingSettings
from tests.doctor.seeds import REPLIES

HERE = RecordingSettings(folders=[Path("/var/spool/asterisk/monitor")])
RECORDS = (
    Step("public", "calltrackd-record", "set", "RECORD_STEREO=true"),
    Step("public", "calltrackd-record", "set", "RECORD_BRIDGE_REQ=true"),
    Step(
        "public",
        "calltrackd-record",
        "set",
        "execute_on_answer=record_session /rec/${uuid}.wav",
    ),
)


def attachment(**more: Any) -> FreeswitchPbx:
    """Settings of one attachment, by a user with few rights."""
    few = {"kind": "freeswitch", "name": "hq", "secret": "x", "user": "calltrackd@calltrackd"}
    return FreeswitchPbx.model_validate(few | more)


def socket(**more: Any) -> EventSocket:
    """Loopback only, a password of its own."""
    good = {"listen_ip": "127.0.0.1", "default_password": False, "lists": ("loopback.auto",)}
    return EventSocket(**({"admits_strangers": False} | good | more))


def profile(name: str, **more: Any) -> Profile:
    """One that hides nothing."""
    return Profile(**({"name": name, "context": "public"} | more))


def pbx(**more: Any) -> FreeswitchFacts:
    """A FreeSWITCH at which nothing is wrong, but for what `more` says."""
    modules = ("mod_sofia", "mod_commands", "mod_dptools", "mod_tone_stream", "mod_sndfile")
    healthy = {
        "settings": attachment(),
        "version": "1.11.1-release",
        "denied": frozenset(),
        "socket": socket(),
        "modules": dict.fromkeys(modules, True),
        "profiles": (
            profile("internal", registrations=3),
            profile("external", gateways=("provider",)),
        ),
        "variables": {"recordings_dir": "/var/spool/asterisk/monitor"},
        "steps": RECORDS,
        "features": (),
        "clock_ahead_s": 0.01,
    }
    return FreeswitchFacts(**(healthy | more))


class Recorded:
    """A session that answers as the PBX did when its answers were recorded."""

    def __init__(self, name: str, **instead: str) -> None:
        self.answers: dict[str, str] = json.loads((REPLIES / f"{name}.json").read_text())
        self._instead = instead

    async def ask(self, command: str, timeout_s: float) -> str:
        """The recorded text; a refusal is raised, as EslConnection does."""
        assert timeout_s > 0
        text = self._instead.get(command.partition(" ")[0]) or self.answers[command]
        for word in ("-ERR", "-USAGE"):
            if text.startswith(word):
                raise ActionRefusedError(command, text.removeprefix(word).strip(": \n") or word)
        return text
