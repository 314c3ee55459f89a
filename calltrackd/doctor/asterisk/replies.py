"""Replies of Asterisk to facts; shapes are those that 22.10 and 16.28 sent (tests/doctor/replies).

A frame is a dict of one AMI message, as pbx/wire.py cuts it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from calltrackd.doctor.asterisk.facts import ManagerUser, Phone
from calltrackd.doctor.facts import Feature

Frame = Mapping[str, str]

_PRIVILEGE = re.compile(r"\(Priv: [^)]*\)$")
_CHANGE = (
    "# or other keys for it: features.conf, [featuremap] or [applicationmap], then",
    "asterisk -rx 'module reload features'",
)
_DEFAULT_FEATURES = {"blindxfer": "#", "disconnect": "*"}
"""Asterisk's own featuremap where features.conf has none (`features show`, column Default)."""


def commands(frames: Iterable[Frame]) -> frozenset[str]:
    """ListCommands: it lists only what the user may use."""
    return frozenset(
        name for frame in frames for name, text in frame.items() if _PRIVILEGE.search(text)
    )


def config(frames: Iterable[Frame]) -> dict[str, list[tuple[str, str]]]:
    """GetConfig: category -> its (option, value) lines in order. Secrets are left out."""
    found: dict[str, list[tuple[str, str]]] = {}
    for frame in frames:
        categories = {
            key.removeprefix("Category-"): value
            for key, value in frame.items()
            if key.startswith("Category-")
        }
        for key, value in frame.items():
            if not key.startswith("Line-"):
                continue
            option, _, setting = value.partition("=")
            if option.strip().lower() not in ("secret", "md5secret", "password"):
                category = categories.get(key.split("-")[1], "")
                found.setdefault(category, []).append((option.strip(), setting.strip()))
    return found


def manager_user(lines: Iterable[tuple[str, str]]) -> ManagerUser:
    """A user's section of manager.conf."""
    lines = list(lines)
    return ManagerUser(
        read=_classes(lines, "read"),
        write=_classes(lines, "write"),
        filters=tuple((k, v) for k, v in lines if k.startswith("eventfilter")),
    )


def _classes(lines: Iterable[tuple[str, str]], option: str) -> frozenset[str]:
    words = [v for k, v in lines if k == option][-1:]
    return frozenset(word.strip() for text in words for word in text.split(",") if word.strip())


def features(sections: Mapping[str, list[tuple[str, str]]]) -> tuple[Feature, ...]:
    """What features.conf does during talks (so not pickupexten), defaults filled in."""
    built_in = dict(sections.get("featuremap", []))
    found = [Feature(name, keys, change=_CHANGE) for name, keys in built_in.items() if keys]
    found += [
        Feature(name, keys, default=True, change=_CHANGE)
        for name, keys in _DEFAULT_FEATURES.items()
        if name not in built_in
    ]
    found += _applications(sections.get("applicationmap", []))
    return tuple(found)


def _applications(lines: Iterable[tuple[str, str]]) -> Iterator[Feature]:
    """`name = keys,who[/by],application[,arguments]`."""
    for name, value in lines:
        parts = [part.strip() for part in value.lstrip("> ").split(",")]
        if len(parts) >= 3:
            application = parts[2].partition("(")[0]
            yield Feature(name, parts[0], application=application, change=_CHANGE)


def endpoint_names(frames: Iterable[Frame]) -> list[str]:
    """PJSIPShowEndpoints."""
    return [f["ObjectName"] for f in frames if f.get("Event") == "EndpointList"]


def peer_names(frames: Iterable[Frame]) -> list[str]:
    """SIPpeers (chan_sip)."""
    return [f["ObjectName"] for f in frames if f.get("Event") == "PeerEntry"]


def endpoint(frames: Iterable[Frame]) -> Phone | None:
    """PJSIPShowEndpoint; None when the reply has no detail."""
    for frame in frames:
        if frame.get("Event") == "EndpointDetail":
            return Phone(
                name=f"PJSIP/{frame.get('ObjectName', '')}",
                direct_media=frame.get("DirectMedia") in ("true", "yes"),
                dtmf_mode=frame.get("DtmfMode", ""),
                codecs=_codecs(frame.get("Allow", "")),
                context=frame.get("Context", ""),
            )
    return None


def peer(frames: Iterable[Frame]) -> Phone | None:
    """SIPshowpeer (chan_sip)."""
    for frame in frames:
        if frame.get("ChanObjectType") == "peer":
            mode = frame.get("SIP-DTMFmode", "").lower()
            return Phone(
                name=f"SIP/{frame.get('ObjectName', '')}",
                direct_media=frame.get("SIP-DirectMedia", "N").upper() == "Y",
                dtmf_mode="rfc4733" if mode == "rfc2833" else mode,
                codecs=_codecs(frame.get("Codecs", "")),
                context=frame.get("Context", ""),
            )
    return None


def _codecs(text: str) -> tuple[str, ...]:
    """`(alaw|ulaw)` and chan_sip's `(alaw,ulaw)`."""
    return tuple(word for word in re.split(r"[|,\s]+", text.strip("() ")) if word)
