"""What is pressed on phones."""

import asyncio

from tests.lab.scenarios.acts import talk_with
from tests.lab.stage import Stage, pause, scenario


@scenario()
async def tag_keys(stage: Stage) -> None:
    """The operator presses *71 and 5 while talking."""
    caller, operator = await talk_with(stage, "101")
    await operator.press("*71")
    await pause(0.7)
    await operator.press("5")
    await pause(0.7)
    await caller.bye()


@scenario()
async def tag_keys_unheard(stage: Stage) -> None:
    """The feature group swallows *71: the client does not hear it; 4 passes."""
    caller, operator = await talk_with(stage, "101", did="15")
    await operator.press("*71")
    await pause(1)
    await operator.press("4")
    await pause(1)
    await caller.bye()


@scenario()
async def tag_keys_unheard_queue(stage: Stage) -> None:
    """The same with an operator of a queue."""
    caller, operator = await talk_with(stage, "102", did="17", queue="sales")
    await operator.press("*71")
    await pause(1)
    await operator.press("4")
    await pause(1)
    await caller.bye()


@scenario()
async def keys_fast_and_long(stage: Stage) -> None:
    """Keys of 40 ms in a row and one of two seconds."""
    caller, operator = await talk_with(stage, "101")
    await operator.press("123", milliseconds=40, gap=0.02)
    await pause(0.5)
    await operator.press("9", milliseconds=2000)
    await pause(0.5)
    await caller.bye()


@scenario()
async def both_sides_dtmf(stage: Stage) -> None:
    """Client and operator press keys at the same time."""
    caller, operator = await talk_with(stage, "101")
    await asyncio.gather(operator.press("123"), caller.press("789"))
    await pause(1)
    await caller.bye()


@scenario()
async def sip_info_dtmf(stage: Stage) -> None:
    """The operator's keys travel as SIP INFO."""
    caller, operator = await talk_with(stage, "101")
    for key in "52":
        await operator.press_info(key)
        await pause(0.5)
    await caller.bye()


@scenario()
async def transfer_typed_only(stage: Stage) -> None:
    """AMI Atxfer on a Dial without `t` only types its code: the client hears it, no transfer."""
    caller, _ = await talk_with(stage, "101")
    await stage.tap.action(
        "Atxfer", Channel=stage.tap.channel("PJSIP/101-"), Context="from-internal", Exten="102"
    )
    await pause(2)
    await caller.bye()


@scenario()
async def tone_for_operator(stage: Stage) -> None:
    """A confirmation tone that only the operator hears is no key press and no call."""
    caller, _ = await talk_with(stage, "101")
    await stage.tap.action("PlayDTMF", Channel=stage.tap.channel("PJSIP/101-"), Digit="1")
    await pause(1.5)
    await caller.bye()


@scenario()
async def recording_stopped(stage: Stage) -> None:
    """The recording is stopped while they talk (AMI StopMixMonitor)."""
    caller, _ = await talk_with(stage, "101")
    await stage.tap.action("StopMixMonitor", Channel=stage.tap.channel("PJSIP/trunk-"))
    await pause(1)
    await caller.bye()
