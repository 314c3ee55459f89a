"""The client changes hands by means that only a FreeSWITCH has."""

from tests.lab.freeswitch_scenarios.registry import freeswitch
from tests.lab.scenarios.acts import hand_over, talk_with
from tests.lab.sip.call import Call
from tests.lab.stage import Stage, pause

CLIENTS_LEG, LINE = "sofia/external/", "sofia/internal/"
MOVED = {"kind": {"$any": ["blind", "redirect"]}, "to": "102"}
"""By uuid_transfer -bleg: FreeSWITCH does not tell who wanted it."""


@freeswitch()
async def redirect_api(stage: Stage) -> None:
    """Something outside moves the client to 102 (uuid_transfer)."""
    caller, _ = await talk_with(
        stage, "101", transfers=[{"kind": "redirect", "by": None, "to": "102"}]
    )
    await stage.tap.api(f"uuid_transfer {stage.tap.channel(CLIENTS_LEG)} 102 XML company")
    await stage.answers("102")
    await pause(1.5)
    await caller.bye()


@freeswitch()
async def blind_api(stage: Stage) -> None:
    """The CRM sends 101's client to 102 (uuid_transfer -bleg on 101's leg)."""
    caller, _ = await talk_with(stage, "101", transfers=[MOVED])
    leg = stage.tap.channel(f"{LINE}101")
    await stage.tap.api(f"uuid_transfer {leg} -bleg 102 XML company")
    await stage.answers("102")
    await pause(1.5)
    await caller.bye()


@freeswitch()
async def blind_dtmf(stage: Stage) -> None:
    """101 sends the client to 102 by the keys *1; that the client waits meanwhile is not told."""
    caller, operator = await talk_with(
        stage, "101", did="08", transfers=[MOVED], unscored=("hold_s", "clean_talk_s", "talks")
    )
    await operator.press("*1", feature=True)
    await pause(1)
    await operator.press("102")
    await stage.answers("102")
    await pause(1.5)
    await caller.bye()


async def _consult(stage: Stage, operator: Call) -> Call:
    """*2 and 102's number; 102 rings.

    FreeSWITCH tells of the client's hold no sooner than it dials.
    """
    await operator.press("*2")
    await pause(1)
    await operator.press("102")
    consulted = await stage.phones["102"].incoming()
    operator.note("hold", at=stage.moment(consulted, "invite_in"))
    consulted.ring()
    await pause(1)
    return consulted


@freeswitch()
async def attended_dtmf(stage: Stage) -> None:
    """101 consults 102 by *2 and hands the client over by hanging up."""
    caller, operator = await talk_with(
        stage, "101", did="08", transfers=[{"kind": "attended", "by": "101", "to": "102"}]
    )
    await (await _consult(stage, operator)).answer()
    await pause(1.5)
    await operator.bye()
    await pause(1.5)
    await caller.bye()


@freeswitch()
async def attended_dtmf_unanswered(stage: Stage) -> None:
    """102 does not answer the consultation: the client comes back to 101."""
    caller, operator = await talk_with(
        stage,
        "101",
        did="08",
        transfers=[{"kind": "attended", "by": "101", "to": "102", "completed": False}],
    )
    consulted = await _consult(stage, operator)
    await consulted.until_over()
    await pause(3)
    await caller.bye()


@freeswitch()
async def attended_dtmf_while_ringing(stage: Stage) -> None:
    """101 hangs up while 102 still rings: FreeSWITCH 1.11 bridges too early and drops all three."""
    caller, operator = await talk_with(
        stage,
        "101",
        did="08",
        transfers=[{"kind": "attended", "by": "101", "to": "102", "completed": False}],
        unscored=("hung_up_by",),
    )
    await _consult(stage, operator)
    await operator.bye()
    await caller.until_over()


@freeswitch()
async def attended_refer_while_ringing(stage: Stage) -> None:
    """101 holds the client, calls 102 on a second line and joins them while 102 still rings."""
    caller, operator = await talk_with(
        stage, "101", transfers=[{"kind": "attended", "by": "101", "to": "102"}]
    )
    await operator.hold()
    second = await stage.dials("101", "102")
    consulted = await stage.rings("102")
    await operator.refer("102", second)
    await operator.until_over()
    await pause(1)
    await consulted.answer()
    await pause(1.5)
    await caller.bye()


@freeswitch()
async def park_api(stage: Stage) -> None:
    """The CRM parks 101's client (uuid_park) and gives it to 103 (uuid_bridge)."""
    caller, _ = await talk_with(stage, "101", transfers=[{"kind": "park", "by": None, "to": "103"}])
    client = stage.tap.channel(CLIENTS_LEG)
    await stage.tap.api(f"uuid_park {client}")
    await pause(1.2)
    taker = await stage.dials("103", "9999")
    await taker.until_up()
    await pause(1.2)
    await stage.tap.api(f"uuid_bridge {client} {stage.tap.channel(f'{LINE}103')}")
    await pause(1.5)
    await caller.bye()


@freeswitch()
async def parked_by_dialplan(stage: Stage) -> None:
    """A client waits in valet space 720, where the dialplan put it; 103 takes it."""
    caller = await stage.call_in("22", unscored=("ivr_s", "transfers", "wait_s"))
    await caller.until_up()
    await pause(1.2)
    taker = await stage.dials("103", "720")
    await taker.until_up()
    await pause(1.5)
    await caller.bye()


@freeswitch()
async def pickup_api(stage: Stage) -> None:
    """103 dials a number, and the CRM gives it the call that rings at 101 (inline intercept)."""
    transfer = {"kind": "pickup", "by": "103", "to": "103"}
    caller = await stage.call_in("01", transfers=[transfer])
    await stage.rings("101")
    taker = await stage.dials("103", "9999")
    await taker.until_up()
    await pause(0.3)
    leg, client = stage.tap.channel(f"{LINE}103"), stage.tap.channel(CLIENTS_LEG)
    await stage.tap.api(f"uuid_transfer {leg} intercept:{client} inline")
    await pause(2)
    await caller.bye()


@freeswitch()
async def talk_taken(stage: Stage) -> None:
    """103 takes the client away while it talks with 101 (intercept)."""
    transfer = {"kind": "pickup", "by": "103", "to": "103"}
    caller, _ = await talk_with(stage, "101", transfers=[transfer])
    taker = await stage.dials("103", "*8")
    await taker.until_up()
    await pause(2)
    await caller.bye()


@freeswitch()
async def keys_after_transfer(stage: Stage) -> None:
    """102, who got the client by a transfer, presses tag keys."""
    caller, operator = await talk_with(
        stage, "101", transfers=[{"kind": "blind", "by": "101", "to": "102"}]
    )
    await hand_over(operator, "102")
    second = await stage.answers("102")
    await pause(1)
    await second.press("*71")
    await pause(0.5)
    await caller.bye()


@freeswitch()
async def keys_after_consultation(stage: Stage) -> None:
    """102, who got the client by REFER with Replaces, presses tag keys."""
    caller, operator = await talk_with(
        stage, "101", transfers=[{"kind": "attended", "by": "101", "to": "102"}]
    )
    await operator.hold()
    second = await stage.dials("101", "102")
    consulted = await stage.answers("102")
    await second.until_up()
    await pause(1.2)
    await hand_over(operator, "102", replaces=second)
    await pause(1)
    await consulted.press("*71")
    await pause(0.5)
    await caller.bye()
