"""Key maps beside the feature codes on which the PBX itself acts.

Asterisk collects keys of a talk for its feature codes when Dial or Queue has an option for them
(tTkKwWxXhH; FreePBX sets them). A code that is also a tag, or begins one, is taken by the PBX: it
transfers or hangs up while the operator wanted to tag. An applicationmap entry that runs NoOp or
UserEvent on the very keys of a tag is on purpose: so the client does not hear them.
"""

from collections.abc import Iterator

from calltrackd.doctor.facts import Feature, PbxFacts
from calltrackd.doctor.finding import Finding
from calltrackd.settings import Keypad

SILENT = frozenset({"noop", "userevent"})
DIALLING = frozenset({"blindxfer", "atxfer"})
"""Features after which the operator dials a number."""


def check(pbx: PbxFacts, keypad: Keypad) -> Iterator[Finding]:
    """Clashes first, then codes that would count as unknown sequences."""
    if pbx.features is None or not keypad.map:
        return
    for feature in pbx.features:
        if feature.application.lower() in SILENT:
            continue
        yield from _clash(pbx, feature, keypad)
        if not feature.default:
            yield from _unlisted(pbx, feature, keypad)


def _clash(pbx: PbxFacts, feature: Feature, keypad: Keypad) -> Iterator[Finding]:
    """Sequences that the feature's code begins, or is."""
    hit = sorted(keys for keys in sequences(keypad) if keys.startswith(feature.keys))
    if hit:
        yield Finding(
            check="keys.clash",
            severity="warning" if feature.default else "error",
            pbx=pbx.settings.name,
            what=f"{', '.join(hit)} of the map begins with {feature.keys}, which is {feature.name}",
            means=f"the PBX does {feature.name} when an operator types the tag"
            + (", where Dial has the option for it" if feature.default else ""),
            mend=(
                f"# settings, [keypad]: give other keys than {', '.join(hit)}; or features.conf,",
                f"# section {_section(feature)}: give {feature.name} another code, then",
                "asterisk -rx 'module reload features'",
            ),
        )


def _unlisted(pbx: PbxFacts, feature: Feature, keypad: Keypad) -> Iterator[Finding]:
    """Codes that the settings don't know for codes."""
    option = "transfer_codes" if feature.name in DIALLING else "ignore"
    listed = keypad.transfer_codes if feature.name in DIALLING else _all_codes(keypad)
    if feature.keys in listed or feature.keys in sequences(keypad):
        return
    current = [*getattr(keypad, option), feature.keys]
    numbered = option == "transfer_codes"
    yield Finding(
        check="keys.unlisted",
        severity="warning",
        pbx=pbx.settings.name,
        what=f"{feature.keys} is the PBX's {feature.name}, but not in keypad.{option}",
        means="the number dialled after it may set tags"
        if numbered
        else "operators hear that it is unknown, or its keys set tags",
        mend=(
            "# settings, [keypad]",
            f"{option} = [{', '.join(repr(code) for code in current)}]".replace("'", '"'),
        ),
    )


def sequences(keypad: Keypad) -> set[str]:
    """All sequences that mean something to calltrackd."""
    mapped = {keys for entry in keypad.map for keys in entry.keys}
    return mapped | ({keypad.undo} if keypad.undo else set())


def _all_codes(keypad: Keypad) -> set[str]:
    return {*keypad.ignore, *keypad.transfer_codes}


def _section(feature: Feature) -> str:
    return "[applicationmap]" if feature.application else "[featuremap]"
