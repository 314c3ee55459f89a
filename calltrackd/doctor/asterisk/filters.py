"""The AMI user's eventfilter lines: is one advised, does one throw away what we need.

Asterisk's rule (manager.conf.sample): a filter that begins with `!` drops what it matches; without
`!` it lets pass. When there is any of the second kind, what none of them matches is dropped. A
filter is a POSIX extended regular expression over the event's whole text. Newer ones are options of
their own, `eventfilter(action(exclude),name(VarSet))`, without a value.

Only the first line, `Event: NAME`, is known beforehand; a filter that looks at other lines is
not judged.
"""

import re
from collections.abc import Iterable, Iterator

from calltrackd.doctor.asterisk.facts import AsteriskFacts
from calltrackd.doctor.finding import Finding, Severity, names
from calltrackd.pbx.asterisk import WANTED

ADVISED = (
    (
        "eventfilter = ^Event: (Newchannel|Newstate|NewCallerid|Rename|Hangup|HangupRequest"
        "|DialBegin|DialState|DialEnd|BridgeEnter|BridgeLeave|LocalBridge|Hold|Unhold|DTMFBegin|DTMFEnd"
        "|QueueCallerJoin|QueueCallerLeave|BlindTransfer|AttendedTransfer|ParkedCall|UnParkedCall"
        "|ParkedCallGiveUp|ParkedCallTimeOut|Pickup|ConfbridgeJoin|MeetmeJoin|MessageWaiting"
        "|MixMonitorStop|OriginateResponse|FullyBooted|Shutdown)[^A-Za-z]"
    ),
    "eventfilter = Application: (MixMonitor|VoiceMail|MinivmRecord|ConfBridge|MeetMe)[^A-Za-z]",
    "eventfilter = Variable: MIXMONITOR_FILENAME[^A-Z_]",
    "eventfilter = !^Event: CEL",
)
"""The lines of dialplan/asterisk/manager_calltrackd.conf. Measured on 22.10: of 106 events and
46.7 KB of a recorded call they let 17 and 8.8 KB pass."""

COSTS: tuple[tuple[str, Severity, str], ...] = (
    (r"DTMF", "error", "no key press is seen: no keypad tags, no menu choices"),
    (r"MixMonitor|VarSet|Newexten", "warning", "recordings and mailboxes are not told"),
    (r"(Un)?ParkedCall", "warning", "parked calls are told wrong"),
    (r"Hold|Unhold|MusicOnHold", "warning", "time on hold counts as talk"),
    (r"Shutdown|FullyBooted", "warning", "a restart of the PBX looks like a lost connection"),
    (r"", "error", "calls are told wrong or not at all"),
)
FROM_THE_FLOOD = frozenset({"VarSet", "Newexten"})
"""Read for a few lines only (HOLDING of pbx/asterisk.py), but read."""

_OPTION = re.compile(r"(\w+)\(([^()]*)\)")


def dropped(filters: Iterable[tuple[str, str]], events: Iterable[str]) -> list[str]:
    """The event names that surely never arrive."""
    rules = [rule for option, value in filters if (rule := _rule(option, value)) is not None]
    passing = [test for drops, test in rules if not drops]
    dropping = [test for drops, test in rules if drops]
    return [
        name
        for name in sorted(events)
        if any(test(name) is True for test in dropping)
        or (passing and all(test(name) is False for test in passing))
    ]


class _Named:
    """An advanced filter: by name, perhaps with conditions on other headers."""

    def __init__(self, name: str, *, conditional: bool) -> None:
        self.name, self.conditional = name, conditional

    def __call__(self, event: str) -> bool | None:
        if self.name and event != self.name:
            return False
        return None if self.conditional or not self.name else True


class _Matching:
    """A regular expression; None = it looks at lines that we don't know."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern
        self.knowable = pattern.pattern.lstrip("^").startswith("Event:") or not re.search(
            r"\w+:", pattern.pattern
        )

    def __call__(self, event: str) -> bool | None:
        if self.pattern.search(f"Event: {event}\r\n"):
            return True
        return False if self.knowable else None


def _rule(option: str, value: str) -> tuple[bool, _Named | _Matching] | None:
    """(drops, test) of one line; None when it can't be read."""
    if option.startswith("eventfilter("):
        words = dict(_OPTION.findall(option.removeprefix("eventfilter(").removesuffix(")")))
        conditional = bool(value) or "header" in words
        drops = words.get("action", "include") == "exclude"
        return drops, _Named(words.get("name", ""), conditional=conditional)
    try:
        return value.startswith("!"), _Matching(re.compile(value.removeprefix("!")))
    except re.error:
        return None


def check(pbx: AsteriskFacts) -> Iterator[Finding]:
    """Advice where there is no filter; one finding for each kind of loss."""
    if pbx.user is None:
        return
    if not pbx.user.filters:
        yield _advice(pbx)
    lost = dropped(pbx.user.filters, WANTED | FROM_THE_FLOOD)
    for pattern, severity, means in COSTS:
        these = [name for name in lost if re.match(pattern, name)]
        lost = [name for name in lost if name not in these]
        if these:
            yield Finding(
                check="filter.strict",
                severity=severity,
                pbx=pbx.settings.name,
                what=f"eventfilter drops {names(these)}",
                means=means,
                mend=_mend(pbx),
            )


def _advice(pbx: AsteriskFacts) -> Finding:
    return Finding(
        check="filter.advised",
        severity="note",
        pbx=pbx.settings.name,
        what="the AMI user has no eventfilter",
        means="four of five events are of no use here and cost the PBX and this machine time",
        mend=_mend(pbx),
    )


def _mend(pbx: AsteriskFacts) -> tuple[str, ...]:
    return (
        f"# manager.conf (FreePBX: manager_custom.conf), section [{pbx.settings.user}]: only",
        *ADVISED,
        "asterisk -rx 'manager reload'",
    )
