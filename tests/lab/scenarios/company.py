"""Conferences, several calls of one number, unusual media, and a tap that comes late."""

from tests.lab.facts import Facts
from tests.lab.scenarios.acts import talk_with
from tests.lab.stage import Stage, pause, scenario


@scenario()
async def conference(stage: Stage) -> None:
    """A client waits in a conference room, 103 joins."""
    caller = await stage.call_in("07", conference=True, unscored=("ivr_s",))
    await caller.until_up()
    await pause(1)
    operator = await stage.dials("103", "8000")
    await operator.until_up()
    await pause(2)
    await operator.bye()
    await pause(0.5)
    await caller.bye()


@scenario()
async def conference_two_clients(stage: Stage) -> None:
    """Two clients in one room are two calls; 103 talks with both."""
    one = await stage.call_in("07", conference=True, unscored=("ivr_s",))
    two = await stage.call_in("07", "client2", "79160000002", conference=True, unscored=("ivr_s",))
    await one.until_up()
    await two.until_up()
    await pause(1)
    operator = await stage.dials("103", "8000")
    await operator.until_up()
    await pause(2)
    await one.bye()
    await pause(1.5)
    await two.bye()
    await pause(0.5)
    await operator.bye()


@scenario()
async def two_calls_of_one_caller(stage: Stage) -> None:
    """The same number calls twice at a time: two calls."""
    one = await stage.call_in("01", operators=("101",))
    await stage.answers("101")
    two = await stage.call_in("03", "client2", operators=("105", "106", "107"))
    await stage.rings("105", 0)
    await stage.rings("107", 0)
    await stage.answers("106")
    await pause(1.5)
    await one.bye()
    await pause(1)
    await two.bye()


@scenario()
async def early_media(stage: Stage) -> None:
    """101's phone speaks before it is picked up (183)."""
    caller = await stage.call_in("01", unscored=("t_rang", "wait_s"))
    operator = await stage.phones["101"].incoming()
    await operator.early()
    await pause(2)
    await operator.answer()
    await pause(1.5)
    await caller.bye()


@scenario()
async def direct_media(stage: Stage) -> None:
    """The sound goes from phone to phone past the PBX; the operator's keys travel as INFO."""
    stage.facts.append(Facts(phone="direct"))
    caller = await stage.phones["direct"].dial("74950000017", "79161234567")
    operator = await stage.answers("121")
    await caller.until_up()
    await pause(1)
    await operator.press_info("5")
    await pause(1.5)
    await caller.bye()


@scenario(attach=False)
async def late_attach_talking(stage: Stage) -> None:
    """The daemon comes while they talk."""
    caller, _ = await talk_with(stage, "101", certainty="recovered")
    await stage.attach()
    await stage.tap.snapshot()
    await pause(1.5)
    await caller.bye()


@scenario(attach=False)
async def late_attach_ringing(stage: Stage) -> None:
    """The daemon comes while the phone rings."""
    caller = await stage.call_in("01", certainty="recovered")
    operator = await stage.rings("101")
    await stage.attach()
    await stage.tap.snapshot()
    await pause(1)
    await operator.answer()
    await pause(1.5)
    await caller.bye()


@scenario(attach=False)
async def late_attach_queue(stage: Stage) -> None:
    """The daemon comes while the client waits in a queue."""
    caller = await stage.call_in("02", queue="sales", certainty="recovered")
    operator = await stage.rings("102")
    await stage.attach()
    await stage.tap.snapshot()
    await pause(1)
    await operator.answer()
    await pause(1.5)
    await caller.bye()
