"""Acts that many plots share."""

import time
from typing import Any

from tests.lab.sip.call import Call
from tests.lab.stage import Stage, pause


async def talk_with(
    stage: Stage, operator: str, did: str = "01", seconds: float = 1.5, **facts: Any
) -> tuple[Call, Call]:
    """A client calls, the operator answers after a second, they talk; (client's, operator's)."""
    caller = await stage.call_in(did, **facts)
    answered = await stage.answers(operator)
    await caller.until_up()
    await pause(seconds)
    return caller, answered


async def hand_over(operator: Call, number: str, replaces: Call | None = None) -> float:
    """REFER, then BYE when the PBX reports success, as phones do; the unix second of the REFER."""
    at = time.time()
    await operator.refer(number, replaces)
    for _ in range(20):
        if any(" 200 " in report for report in operator.notified):
            break
        await pause(0.05)
    await operator.bye()
    return at


async def park(operator: Call) -> None:
    """REFER to the parking extension, listen to the number of the space, hang up."""
    await operator.refer("700")
    await pause(1)
    await operator.bye()


async def parked_and_retrieved(stage: Stage, operator: str, **facts: Any) -> None:
    """The operator parks the client, 103 retrieves it."""
    parking = {"kind": "park", "by": operator, "to": "103"}
    caller, answered = await talk_with(stage, operator, transfers=[parking], **facts)
    await park(answered)
    await pause(1.2)
    taker = await stage.dials("103", "701")
    await taker.until_up()
    await pause(1.5)
    await caller.bye()


async def consulted_and_joined(
    stage: Stage, operator: str, to: str, number: str = "", **facts: Any
) -> None:
    """The operator holds the client, reaches `to` on a second line and joins them.

    `number`: what is dialled where that is not the phone itself.
    """
    attended = {"kind": "attended", "by": operator, "to": to}
    caller, answered = await talk_with(stage, operator, transfers=[attended], **facts)
    await answered.hold()
    second = await stage.dials(operator, number or to)
    await stage.answers(to)
    await second.until_up()
    await pause(1.2)
    await hand_over(answered, number or to, replaces=second)
    await pause(2)
    await caller.bye()
