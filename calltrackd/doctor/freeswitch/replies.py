"""Answers of FreeSWITCH to facts; shapes are those that 1.11.1 sent (tests/doctor/replies).

`xml_locate` shows passwords (of gateways, of the socket): only what is named here is taken.
"""

import re
from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element, ParseError, fromstring

from calltrackd.doctor.facts import Feature
from calltrackd.doctor.freeswitch.facts import EventSocket, Profile, Step
from calltrackd.pbx.errors import ActionRefusedError

DEFAULT_PASSWORD = "ClueCon"  # noqa: S105 - known to everybody, which is the point
LOOPBACK = "loopback.auto"

APPLICATIONS = frozenset(
    {"record_session", "bind_meta_app", "bind_digit_action", "start_dtmf", "spandsp_start_dtmf"}
)
SETTING = frozenset({"set", "export", "multiset", "set_global"})
VARIABLES = (
    "bypass_media",
    "bypass_media_after_bridge",
    "proxy_media",
    "recordings_dir",
    "RECORD_STEREO",
    "RECORD_BRIDGE_REQ",
    "RECORD_ANSWER_REQ",
    "enable_file_write_buffering",
)
"""What the checks want to know, of the global variables and of the dialplan's."""

_TRUE = frozenset({"true", "yes", "on", "enable", "enabled", "active", "t", "allow", "1"})
"""switch_true of switch_utils.h; any other number than 0 is true there as well."""
_CHANGE = ("# or other keys for it in the dialplan, then", "fs_cli -x reloadxml")


def true(value: str) -> bool:
    """FreeSWITCH's idea of true."""
    return value.lower() in _TRUE or bool(re.fullmatch(r"\d+", value) and int(value))


def parsed(command: str, text: str) -> Element:
    """The XML of an answer. ActionRefusedError, with what it is instead, when it is none."""
    text = text.strip()
    if not text.startswith("<") or "<!DOCTYPE" in text:
        raise ActionRefusedError(command, text.partition("\n")[0][:200] or "an empty answer")
    try:
        return fromstring(re.sub(r"^<\?xml[^>]*\?>", "", text))  # noqa: S314 - it has no DTD
    except ParseError as error:
        raise ActionRefusedError(command, f"no XML: {error}") from error


def params(section: Element) -> Iterator[tuple[str, str]]:
    """`<param name= value=/>` below it."""
    for one in section.iter("param"):
        yield one.get("name", ""), one.get("value", "")


def socket(configuration: Element, admits: bool) -> EventSocket:
    """event_socket.conf; `admits`: what the lists say of a stranger."""
    found = dict(params(configuration))
    return EventSocket(
        listen_ip=found.get("listen-ip") or "127.0.0.1",
        default_password=found.get("password", "") in ("", DEFAULT_PASSWORD),
        lists=lists(configuration),
        admits_strangers=admits,
    )


def lists(configuration: Element) -> tuple[str, ...]:
    """Names or networks of apply-inbound-acl."""
    named = [value for name, value in params(configuration) if name.lower() == "apply-inbound-acl"]
    return tuple(value for value in named if value) or (LOOPBACK,)


def profile_names(summary: Element) -> list[str]:
    """`sofia xmlstatus`; a profile with TLS or WS stands there once a transport."""
    return list(dict.fromkeys(one.findtext("name", "") for one in summary.iter("profile")))


def gateways(listing: Element) -> list[tuple[str, str]]:
    """`sofia xmlstatus gateway`: (name, profile)."""
    return [
        (one.findtext("name", ""), one.findtext("profile", "")) for one in listing.iter("gateway")
    ]


def profile(status: Element, lines: Iterable[str], *, pass_rfc2833: bool) -> Profile:
    """`sofia xmlstatus profile NAME`; `lines`: its gateways."""
    info = status.find("profile-info")
    if info is None:
        raise ActionRefusedError("sofia xmlstatus profile", "it has no profile-info")
    return Profile(
        name=info.findtext("name", ""),
        context=info.findtext("context", ""),
        dtmf=info.findtext("dtmf-mode", ""),
        bypass=true(info.findtext("nomedia", "")),
        proxy=true(info.findtext("proxy-media", "")),
        pass_rfc2833=pass_rfc2833,
        gateways=tuple(lines),
        registrations=int(info.findtext("registrations", "") or 0),
    )


def passing(sofia: Element) -> frozenset[str]:
    """sofia.conf: profiles with pass-rfc2833, which no status shows."""
    return frozenset(
        one.get("name", "")
        for one in sofia.iter("profile")
        for name, value in params(one)
        if name == "pass-rfc2833" and true(value)
    )


def steps(dialplan: Element) -> tuple[Step, ...]:
    """The actions that matter of the dialplan, in order; ActionRefusedError when it is elsewhere.

    One out of a database (xml_curl, FusionPBX's Lua) is made for each call and can't be asked.
    """
    contexts = list(dialplan.iter("context"))
    if not contexts:
        raise ActionRefusedError("xml_locate dialplan", "no context: it is made for each call")
    return tuple(step for context in contexts for step in _of_context(context))


def _of_context(context: Element) -> Iterator[Step]:
    for extension in context.iter("extension"):
        for action in extension.iter():
            if action.tag not in ("action", "anti-action"):
                continue
            application, data = action.get("application", ""), action.get("data", "")
            if application in APPLICATIONS or (application in SETTING and _matters(data)):
                names = context.get("name", ""), extension.get("name", "")
                yield Step(*names, application, data)


def _matters(data: str) -> bool:
    """It sets a variable that we judge, or one that runs an application that we judge."""
    name, _, value = data.removeprefix("nolocal:").partition("=")
    return name in VARIABLES or any(word in value for word in APPLICATIONS)


def features(found: Iterable[Step]) -> tuple[Feature, ...]:
    """Keys on which the dialplan acts. bind_meta_app: `KEY LEGS FLAGS APP::DATA`, after `*`."""
    bound = [one for step in found for one in _feature(step)]
    return tuple(dict.fromkeys(bound))


def _feature(step: Step) -> Iterator[Feature]:
    if step.application == "bind_meta_app":
        words = step.data.split(None, 3)
        if len(words) == 4:
            application, _, data = words[3].partition("::")
            name = data.split()[0] if application == "execute_extension" and data else application
            yield Feature(name, f"*{words[0]}", application=application, change=_CHANGE)
    elif step.application == "bind_digit_action":
        words = step.data.split(",")
        if len(words) >= 3:
            keys, action = words[1], words[2].removeprefix("exec:")
            pattern = keys.startswith("~")
            name = f"bind_digit_action {action}"
            yield Feature(name, keys.removeprefix("~"), action, pattern=pattern, change=_CHANGE)
