"""The client goes from one phone to another."""

from tests.lab.scenarios.acts import (
    consulted_and_joined,
    hand_over,
    park,
    parked_and_retrieved,
    talk_with,
)
from tests.lab.stage import Stage, pause, scenario


@scenario()
async def pickup(stage: Stage) -> None:
    """103 takes the call that rings at 101."""
    transfer = {"kind": "pickup", "by": "103", "to": "103"}
    caller = await stage.call_in("01", transfers=[transfer])
    await stage.rings("101")
    taker = await stage.dials("103", "*8")
    await taker.until_up()
    await pause(2)
    await caller.bye()


@scenario()
async def park_retrieve(stage: Stage) -> None:
    """101 parks the client, 103 retrieves it."""
    await parked_and_retrieved(stage, "101")


@scenario()
async def park_timeout(stage: Stage) -> None:
    """Nobody retrieves the parked client: the PBX calls 101 again, who answers."""
    caller, operator = await talk_with(
        stage, "101", transfers=[{"kind": "park", "by": "101", "to": "101"}]
    )
    await park(operator)
    await stage.answers("101")
    await pause(1.5)
    await caller.bye()


@scenario()
async def park_abandon(stage: Stage) -> None:
    """The client hangs up while parked: answered before, so not lost."""
    caller, operator = await talk_with(
        stage,
        "101",
        transfers=[{"kind": "park", "by": "101", "to": None, "completed": False}],
    )
    await park(operator)
    await pause(1.2)
    await caller.bye()


@scenario()
async def redirect_ami(stage: Stage) -> None:
    """Something outside moves the client to 102 (AMI Redirect)."""
    caller, _ = await talk_with(
        stage, "101", transfers=[{"kind": "redirect", "by": None, "to": "102"}]
    )
    await stage.tap.action(
        "Redirect", Channel=stage.tap.channel("PJSIP/trunk-"), Context="from-internal",
        Exten="102", Priority="1",
    )  # fmt: skip
    await stage.answers("102")
    await pause(1.5)
    await caller.bye()


@scenario()
async def refer_unanswered(stage: Stage) -> None:
    """The blind transfer's target never picks up; the client gives up."""
    caller, operator = await talk_with(
        stage, "101", transfers=[{"kind": "blind", "by": "101", "to": "102"}]
    )
    await hand_over(operator, "102")
    await stage.rings("102", 2)
    await caller.bye()


@scenario()
async def transfer_to_queue(stage: Stage) -> None:
    """101 sends the client on to the queue, where 102 answers."""
    caller, operator = await talk_with(
        stage, "101", queue="sales", transfers=[{"kind": "blind", "by": "101", "to": "102"}]
    )
    stage.facts[0].queue_from = await hand_over(operator, "600")
    await stage.answers("102")
    await pause(1.5)
    await caller.bye()


@scenario()
async def attended_to_queue(stage: Stage) -> None:
    """101 holds the client, reaches 102 by way of the queue and joins them."""
    await consulted_and_joined(stage, "101", "102", "600", queue="sales", unscored=("queue_s",))


@scenario()
async def transfer_to_outside(stage: Stage) -> None:
    """101 sends the client on to a number outside, which answers."""
    caller, operator = await talk_with(
        stage,
        "101",
        transfers=[{"kind": "blind", "by": "101", "to": "79167770000", "completed": True}],
        unscored=("talks", "talk_s", "clean_talk_s", "operators", "legs", "transfers"),
    )
    await hand_over(operator, "79167770000")
    outside = await stage.phones["client"].incoming()
    outside.ring()
    await pause(1)
    await outside.answer()
    await pause(1.5)
    await caller.bye()


@scenario()
async def attended_dtmf(stage: Stage) -> None:
    """101 consults 102 by *2 and hands the client over by hanging up."""
    caller, operator = await talk_with(
        stage, "101", did="08", transfers=[{"kind": "attended", "by": "101", "to": "102"}]
    )
    await operator.press("*2", feature=True)
    await pause(1)
    await operator.press("102")
    await stage.answers("102")
    await pause(1.5)
    await operator.bye()
    await pause(1.5)
    await caller.bye()


@scenario()
async def attended_dtmf_unanswered(stage: Stage) -> None:
    """102 does not answer the consultation: the client comes back to 101."""
    caller, operator = await talk_with(
        stage,
        "101",
        did="08",
        transfers=[{"kind": "attended", "by": "101", "to": "102", "completed": False}],
    )
    await operator.press("*2", feature=True)
    await pause(1)
    await operator.press("102")
    consulted = await stage.rings("102")
    await consulted.until_over()
    await pause(3)
    await caller.bye()


@scenario()
async def attended_ami(stage: Stage) -> None:
    """The CRM makes 101 consult 102 (AMI Atxfer), 101 hangs up."""
    caller, operator = await talk_with(
        stage, "101", did="08", transfers=[{"kind": "attended", "by": "101", "to": "102"}]
    )
    operator.note("hold")
    await stage.tap.action(
        "Atxfer", Channel=stage.tap.channel("PJSIP/101-"), Context="from-internal", Exten="102"
    )
    await stage.answers("102")
    await pause(1.5)
    await operator.bye()
    await pause(1.5)
    await caller.bye()


@scenario()
async def attended_refer(stage: Stage) -> None:
    """101 holds the client, calls 102 on a second line and joins them (REFER with Replaces)."""
    await consulted_and_joined(stage, "101", "102")


@scenario()
async def blind_refer(stage: Stage) -> None:
    """101 sends the client to 102 (REFER)."""
    caller, operator = await talk_with(
        stage, "101", transfers=[{"kind": "blind", "by": "101", "to": "102"}]
    )
    await hand_over(operator, "102")
    await stage.answers("102")
    await pause(1.5)
    await caller.bye()


@scenario()
async def blind_ami(stage: Stage) -> None:
    """The CRM sends 101's client to 102 (AMI BlindTransfer)."""
    caller, _ = await talk_with(
        stage, "101", transfers=[{"kind": "blind", "by": "101", "to": "102"}]
    )
    await stage.tap.action(
        "BlindTransfer", Channel=stage.tap.channel("PJSIP/101-"), Context="from-internal",
        Exten="102",
    )  # fmt: skip
    await stage.answers("102")
    await pause(1.5)
    await caller.bye()


@scenario()
async def blind_dtmf(stage: Stage) -> None:
    """101 sends the client to 102 by the keys #1."""
    caller, operator = await talk_with(
        stage, "101", did="08", transfers=[{"kind": "blind", "by": "101", "to": "102"}]
    )
    await operator.press("#1", feature=True)
    await pause(1)
    await operator.press("102")
    await stage.answers("102")
    await pause(1.5)
    await caller.bye()


@scenario()
async def redirect_302(stage: Stage) -> None:
    """101's phone forwards every call to 102."""
    caller = await stage.call_in("01", transfers=[{"kind": "redirect", "by": "101", "to": "102"}])
    forwarded = await stage.phones["101"].incoming()
    forwarded.redirect("102")
    await stage.answers("102")
    await pause(1.5)
    await caller.bye()
