"""Key maps beside the feature codes on which the PBX itself acts.

Asterisk collects keys of a talk for its feature codes when Dial or Queue has an option for them
(tTkKwWxXhH; FreePBX sets them), FreeSWITCH for bind_meta_app and bind_digit_action. A code that is
also a tag, or begins one, is taken by the PBX: it transfers or hangs up while the operator wanted
to tag. A code that does nothing, on the very keys of a tag, is on purpose: so the client does not
hear them.
"""

import json
import re
from collections.abc import Iterator

from calltrackd.doctor.facts import Feature, PbxFacts
from calltrackd.doctor.finding import Finding, names
from calltrackd.settings import Keypad

SILENT = frozenset({"noop", "userevent", "calltrackd-key"})
"""Applications that do nothing; the last is what our bind_digit_action lines name."""
DIALLING = frozenset({"blindxfer", "atxfer", "att_xfer", "dx"})
"""Features after which the operator dials a number."""


def check(pbx: PbxFacts, keypad: Keypad) -> Iterator[Finding]:
    """Clashes first, then codes that would count as unknown sequences."""
    if pbx.features is None or not keypad.map:
        return
    loud = [one for one in pbx.features if one.application.lower() not in SILENT]
    for feature in loud:
        yield from _clash(pbx, feature, keypad)
    literal = [one for one in loud if not (one.default or one.pattern)]
    strange = [one for one in literal if one.keys not in sequences(keypad)]
    dialling = [one for one in strange if one.name in DIALLING]
    others = [one for one in strange if one.name not in DIALLING]
    yield from _unlisted(pbx, dialling, "transfer_codes", keypad.transfer_codes, keypad)
    yield from _unlisted(pbx, others, "ignore", keypad.ignore + keypad.transfer_codes, keypad)


def _clash(pbx: PbxFacts, feature: Feature, keypad: Keypad) -> Iterator[Finding]:
    """Sequences that the feature's code begins, or is."""
    hit = sorted(keys for keys in sequences(keypad) if _takes(feature, keys))
    if hit:
        yield Finding(
            check="keys.clash",
            severity="warning" if feature.default else "error",
            pbx=pbx.settings.name,
            what=f"{', '.join(hit)} of the map begins with {feature.keys}, which is {feature.name}",
            means=f"the PBX does {feature.name} when an operator types the tag"
            + (", where Dial has the option for it" if feature.default else ""),
            mend=(
                f"# settings, [keypad]: give other keys than {', '.join(hit)}",
                *feature.change,
            ),
        )


def _takes(feature: Feature, keys: str) -> bool:
    if not feature.pattern:
        return keys.startswith(feature.keys)
    try:
        return re.search(feature.keys, keys) is not None
    except re.error:
        return False


def _unlisted(
    pbx: PbxFacts, features: list[Feature], option: str, listed: list[str], keypad: Keypad
) -> Iterator[Finding]:
    """Codes that the settings don't know for codes, and the option with all of them."""
    new = [one for one in features if one.keys not in listed]
    if new:
        means = {
            "transfer_codes": "the number dialled after it may set tags",
            "ignore": "operators hear that it is unknown, or its keys set tags",
        }
        codes = dict.fromkeys([*getattr(keypad, option), *(one.keys for one in new)])
        yield Finding(
            check="keys.unlisted",
            severity="warning",
            pbx=pbx.settings.name,
            what=f"not in keypad.{option}: " + names([f"{one.keys} ({one.name})" for one in new]),
            means=means[option],
            mend=("# settings, [keypad]", f"{option} = {json.dumps(list(codes))}"),
        )


def sequences(keypad: Keypad) -> set[str]:
    """All sequences that mean something to calltrackd."""
    mapped = {keys for entry in keypad.map for keys in entry.keys}
    return mapped | ({keypad.undo} if keypad.undo else set())
