"""One client, one phone."""

import asyncio

from tests.lab.scenarios.acts import talk_with
from tests.lab.stage import Stage, pause, scenario


@scenario()
async def answered_client_hangs(stage: Stage) -> None:
    """101 answers, the client hangs up."""
    caller, _ = await talk_with(stage, "101")
    await caller.bye()


@scenario()
async def answered_operator_hangs(stage: Stage) -> None:
    """101 answers and hangs up."""
    _, operator = await talk_with(stage, "101")
    await operator.bye()


@scenario()
async def no_answer(stage: Stage) -> None:
    """101 lets it ring until the PBX gives up."""
    await stage.call_in("10")
    offered = await stage.rings("101")
    await offered.until_over()


@scenario()
async def busy(stage: Stage) -> None:
    """101 is busy (486)."""
    await stage.call_in("01")
    (await stage.phones["101"].incoming()).reject(486)


@scenario()
async def unavailable(stage: Stage) -> None:
    """101's phone is out of service (503)."""
    await stage.call_in("01")
    (await stage.phones["101"].incoming()).reject(503)


@scenario()
async def declined(stage: Stage) -> None:
    """101 declines (603)."""
    await stage.call_in("01")
    (await stage.rings("101")).reject(603)


@scenario()
async def abandoned_ringing(stage: Stage) -> None:
    """The client gives up while 101 rings."""
    caller = await stage.call_in("01")
    await stage.rings("101", 1.5)
    caller.cancel()


@scenario()
async def instant_hangup(stage: Stage) -> None:
    """The client hangs up as soon as it is connected."""
    caller = await stage.call_in("01")
    await stage.answers("101")
    await caller.until_up()
    await pause(0.1)  # at once it might be gone before the bridge is made
    await caller.bye()


@scenario()
async def cancel_answer_race(stage: Stage) -> None:
    """CANCEL and answer cross each other: what the client's channel did counts."""
    caller = await stage.call_in("01", unscored=("legs",))
    operator = await stage.rings("101")
    caller.cancel()
    await operator.answer()
    await caller.until_over()


@scenario()
async def hold_unhold(stage: Stage) -> None:
    """101 holds the client for two seconds."""
    caller, operator = await talk_with(stage, "101")
    await operator.hold()
    await pause(2)
    await operator.unhold()
    await pause(1.5)
    await caller.bye()


@scenario()
async def hold_abandon(stage: Stage) -> None:
    """The client hangs up while held."""
    caller, operator = await talk_with(stage, "101")
    await operator.hold()
    await pause(2)
    await caller.bye()


@scenario()
async def voicemail(stage: Stage) -> None:
    """Nobody answers, the client speaks to the mailbox: not answered by a person."""
    caller = await stage.call_in("05", mailbox=True)
    offered = await stage.rings("101")
    await offered.until_over()
    await caller.until_up()
    await pause(3)
    await caller.bye()


@scenario()
async def menu_choice(stage: Stage) -> None:
    """The client presses 3 in the menu and is put through to 103."""
    caller = await stage.call_in("04", menu=True)
    await caller.until_up()
    await pause(1)
    await caller.press("3")
    await stage.answers("103")
    await pause(1.5)
    await caller.bye()


@scenario()
async def menu_abandon(stage: Stage) -> None:
    """The client hangs up in the menu."""
    caller = await stage.call_in("04", menu=True)
    await caller.until_up()
    await pause(1.5)
    await caller.bye()


@scenario()
async def local_channel(stage: Stage) -> None:
    """A Local channel stands between client and phone."""
    caller = await stage.call_in("06")
    await stage.answers("101")
    await pause(2)
    await caller.bye()


@scenario()
async def anonymous(stage: Stage) -> None:
    """The client withholds its number."""
    caller, _ = await talk_with(
        stage, "101", shown="anonymous", title="Anonymous", unscored=("caller_name",)
    )
    await caller.bye()


@scenario()
async def name_utf8(stage: Stage) -> None:
    """The client's display name is Cyrillic."""
    caller, _ = await talk_with(stage, "101", title="Иван Петров")
    await caller.bye()


@scenario()
async def interleaved(stage: Stage) -> None:
    """Three clients at a time, each with its own operator."""
    one = await stage.call_in("01", operators=("101",))
    two = await stage.call_in("02", "client2", "79160000002", queue="sales", operators=("102",))
    three = await stage.call_in("03", "client3", "79160000003", operators=("105", "106", "107"))
    at = await asyncio.gather(
        *(stage.rings(number, 0) for number in ("101", "102", "105", "106", "107"))
    )
    await pause(1)
    for call in (at[0], at[1], at[3]):
        await call.answer()
        await pause(0.4)
    await pause(1)
    for caller in (two, one, three):
        await caller.bye()
        await pause(0.4)


@scenario()
async def hangup_ami(stage: Stage) -> None:
    """The call is cut from outside (AMI Hangup)."""
    caller, _ = await talk_with(stage, "101")
    await stage.tap.action("Hangup", Channel=stage.tap.channel("PJSIP/trunk-"))
    await caller.until_over()
