"""Modules without which something is missing."""

from collections.abc import Iterator

from calltrackd.doctor.finding import Finding, Severity
from calltrackd.doctor.freeswitch.facts import FreeswitchFacts
from calltrackd.settings import Keypad

COSTS: dict[str, tuple[Severity, str]] = {
    "mod_sofia": ("error", "there are no SIP calls to follow"),
    "mod_commands": ("error", "calls in progress at a (re)connect are lost"),
    "mod_dptools": ("error", "no call is bridged, nothing is recorded"),
    "mod_tone_stream": ("warning", "operators hear no confirmation of their keys"),
    "mod_sndfile": ("warning", "no .wav is written: there is nothing to listen to"),
}


def check(pbx: FreeswitchFacts, keypad: Keypad) -> Iterator[Finding]:
    """One finding for each that is not loaded and of use here."""
    for name, loaded in (pbx.modules or {}).items():
        unused = name == "mod_tone_stream" and (not keypad.map or keypad.tone == "off")
        if loaded or unused:
            continue
        severity, means = COSTS[name]
        yield Finding(
            check="modules",
            severity=severity,
            pbx=pbx.settings.name,
            what=f"{name} is not loaded",
            means=means,
            mend=(
                "# autoload_configs/modules.conf.xml",
                f'<load module="{name}"/>',
                f"fs_cli -x 'load {name}'",
            ),
        )
