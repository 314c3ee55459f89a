"""The link and the PBX come and go."""

import asyncio

from tests.lab.scenarios.acts import talk_with
from tests.lab.stage import Stage, pause, scenario


@scenario()
async def core_reload(stage: Stage) -> None:
    """`core reload` while they talk changes nothing."""
    caller, _ = await talk_with(stage, "101")
    await asyncio.to_thread(stage.pbx.cli, "core reload")
    await pause(1)
    await caller.bye()


@scenario()
async def manager_reload(stage: Stage) -> None:
    """`manager reload` while they talk does not drop the link."""
    caller, _ = await talk_with(stage, "101")
    await asyncio.to_thread(stage.pbx.cli, "manager reload")
    await pause(1)
    await caller.bye()


async def _back(stage: Stage) -> None:
    await stage.attach()
    await stage.tap.snapshot()
    await stage.attached()


@scenario()
async def link_cut_talking(stage: Stage) -> None:
    """The link is lost for a second while they talk: the call goes on, recovered."""
    caller, _ = await talk_with(stage, "101", certainty="recovered")
    await stage.tap.close()
    await pause(1)
    await _back(stage)
    await pause(1)
    await caller.bye()


@scenario()
async def link_cut_ended_unseen(stage: Stage) -> None:
    """The call ends while the link is down: a gap, known alive until the link was lost."""
    caller, _ = await talk_with(stage, "101", certainty="gap")
    await stage.tap.close()
    stage.facts[0].lost_at = stage.tap.lost_at
    await caller.bye()
    await pause(1)
    await _back(stage)


@scenario()
async def link_cut_answered_unseen(stage: Stage) -> None:
    """The phone is picked up while the link is down: recovered, answered by 101."""
    caller = await stage.call_in("01", certainty="recovered")
    operator = await stage.rings("101")
    await stage.tap.close()
    await operator.answer()
    await pause(1)
    await _back(stage)
    await pause(1)
    await caller.bye()


async def _another_call(stage: Stage) -> None:
    caller = await stage.call_in("01", "client2", "79160000002", operators=("101",))
    await stage.answers("101", 0.5)
    await pause(1)
    await caller.bye()


@scenario()
async def z_restart(stage: Stage) -> None:
    """The PBX is stopped in order and comes again: hung up by the PBX, then a call as ever."""
    caller, operator = await talk_with(stage, "101", hung_up_by="pbx")
    await asyncio.to_thread(stage.pbx.stop)
    await stage.tap.closed.wait()
    stage.cut(caller, operator)
    await asyncio.to_thread(stage.pbx.start)
    await _back(stage)
    await _another_call(stage)


@scenario()
async def z_kill9(stage: Stage) -> None:
    """The PBX dies: a gap at the moment the link was lost, then a call as ever."""
    caller, operator = await talk_with(stage, "101", certainty="gap")
    await asyncio.to_thread(stage.pbx.kill)
    await stage.tap.closed.wait()
    stage.facts[0].lost_at = stage.tap.lost_at
    stage.cut(caller, operator)
    await asyncio.to_thread(stage.pbx.start)
    await _back(stage)
    await _another_call(stage)
