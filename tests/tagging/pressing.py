"""Helpers: a call, and keys typed into it."""

from calltrackd.model.call import CallRecord, KeyPress, Party
from calltrackd.settings import Keypad as Rules
from calltrackd.tagging.keypad import Keypad, Verdict

T0 = 1_795_423_338.0


def call(call_id: str = "c1", did: str = "+74950000001", queue: str | None = None) -> CallRecord:
    """A call in progress."""
    return CallRecord(
        id=call_id, pbx="hq", direction="inbound", did=did, queue=queue, started_at=T0
    )


def rules(keys: dict[str, str], **more: object) -> Rules:
    """Settings with one map for all calls and no feature codes but the given ones."""
    plain = {"ignore": [], "transfer_codes": [], "map": [{"keys": keys}]}
    return Rules.model_validate(plain | more)


def typed(
    pad: Keypad,
    keys: str,
    *,
    at: float = 0.0,
    every: float = 0.3,
    operator: str | None = "101",
    record: CallRecord | None = None,
    by: Party = "operator",
    talking: bool = True,
) -> list[Verdict]:
    """Types `keys`, one each `every` seconds from T0 + `at`."""
    verdicts = []
    for n, digit in enumerate(keys):
        press = KeyPress(by=by, party=operator, digit=digit, at=T0 + at + n * every)
        verdicts += pad.press(record or call(), press, talking)
    return verdicts


def brief(verdicts: list[Verdict]) -> list[tuple[str, str, str]]:
    """Kind, tag and keys of each."""
    return [(v.kind, v.tag, v.keys) for v in verdicts]
