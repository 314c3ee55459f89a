"""What the CRM or an admin commands, keys, and media past the PBX."""

import asyncio

from calltrackd.pbx.errors import ActionRefusedError
from tests.lab.facts import Facts
from tests.lab.freeswitch_scenarios.registry import freeswitch
from tests.lab.freeswitch_scenarios.transfers import CLIENTS_LEG, LINE
from tests.lab.scenarios.acts import talk_with
from tests.lab.sip.call import Call
from tests.lab.stage import Stage, pause

FAR = "79161112233"


@freeswitch()
async def hangup_api(stage: Stage) -> None:
    """The call is cut from outside (uuid_kill)."""
    caller, _ = await talk_with(stage, "101")
    await stage.tap.api(f"uuid_kill {stage.tap.channel(CLIENTS_LEG)}")
    await caller.until_over()


@freeswitch()
async def hold_api(stage: Stage) -> None:
    """The CRM holds the client for two seconds (uuid_hold on 101's leg)."""
    caller, operator = await talk_with(stage, "101")
    leg = stage.tap.channel(f"{LINE}101")
    operator.note("hold")
    await stage.tap.api(f"uuid_hold {leg}")
    await pause(2)
    await stage.tap.api(f"uuid_hold off {leg}")
    operator.note("unhold")
    await pause(1.5)
    await caller.bye()


@freeswitch()
async def loopback_bows_out(stage: Stage) -> None:
    """A loopback channel stands on the way, and goes after some seconds of talk."""
    caller = await stage.call_in("06")
    await stage.answers("101")
    await pause(5)
    await caller.bye()


@freeswitch()
async def reloadxml(stage: Stage) -> None:
    """`reloadxml` while they talk changes nothing."""
    caller, _ = await talk_with(stage, "101")
    await stage.tap.api("reloadxml")
    await pause(1)
    await caller.bye()


@freeswitch()
async def tone_for_operator(stage: Stage) -> None:
    """A confirmation tone that only the operator hears is no key press and no call."""
    caller, _ = await talk_with(stage, "101")
    leg = stage.tap.channel(f"{LINE}101")
    await stage.tap.api(f"uuid_displace {leg} start tone_stream://%(300,0,1150);loops=1 0 mux")
    await pause(1.5)
    await caller.bye()


@freeswitch()
async def listened_dialled(stage: Stage) -> None:
    """104 listens to the talk by a code: no call, and no operator of the client's."""
    caller, _ = await talk_with(stage, "101", operators=("101",))
    supervisor = await stage.dials("104", "88")
    await supervisor.until_up()
    await pause(1.5)
    await supervisor.bye()
    await pause(0.5)
    await caller.bye()


@freeswitch()
async def listened_by_crm(stage: Stage) -> None:
    """The CRM rings 104 and lets it listen to the talk (originate, eavesdrop)."""
    caller, _ = await talk_with(stage, "101", operators=("101",))
    client = stage.tap.channel(CLIENTS_LEG)
    command = f"originate {{originate_timeout=4}}user/104 &eavesdrop({client})"
    asked = asyncio.create_task(_tried(stage, command))
    supervisor = await stage.answers("104")
    await asked
    await pause(1.5)
    await caller.bye()
    await supervisor.bye()


@freeswitch()
async def typed_by_api(stage: Stage) -> None:
    """Digits that the CRM types for the operator (uuid_recv_dtmf, uuid_send_dtmf) are no keys."""
    caller, _ = await talk_with(stage, "101")
    leg = stage.tap.channel(f"{LINE}101")
    await stage.tap.api(f"uuid_recv_dtmf {leg} 12@100")
    await stage.tap.api(f"uuid_send_dtmf {leg} 34@100")
    await pause(1.5)
    await caller.bye()


@freeswitch()
async def keys_while_ringing(stage: Stage) -> None:
    """The client presses keys while the phone rings: told as they meet."""
    caller = await stage.call_in("01", keys_late=True)
    operator = await stage.rings("101")
    await caller.press("12")
    await operator.answer()
    await caller.until_up()
    await pause(1.5)
    await caller.bye()


@freeswitch()
async def bound_action(stage: Stage) -> None:
    """The operator's *71 is bound to an action, 4 is not: each key counts once."""
    caller, operator = await talk_with(stage, "101", did="21")
    await operator.press("*71")
    await pause(2.5)
    await operator.press("4")
    await pause(2.5)
    await caller.bye()


@freeswitch()
async def hidden_number_known(stage: Stage) -> None:
    """The client hides its number, which the line tells the PBX (P-Asserted-Identity)."""
    headers = f"P-Asserted-Identity: <sip:{FAR}@127.0.0.50>\r\nPrivacy: id\r\n"
    stage.facts.append(Facts(unscored=("caller_name",)))
    caller = await stage.phones["client"].dial("74950000001", "anonymous", "Anonymous", headers)
    await stage.answers("101")
    await caller.until_up()
    await pause(1.5)
    await caller.bye()


@freeswitch()
async def bypass_media(stage: Stage) -> None:
    """The sound goes from phone to phone past the PBX."""
    caller, _ = await talk_with(stage, "101", did="17")
    await caller.bye()


async def _client_rings(stage: Stage) -> Call:
    call = await stage.phones["client"].incoming()
    call.ring()
    await pause(1)
    return call


async def _originate(stage: Stage) -> "asyncio.Task[str]":
    """Does not wait: `originate` answers when the operator has answered, or has not."""
    variables = f"origination_caller_id_number={FAR},originate_timeout=4,hangup_after_bridge=true"
    command = f"originate {{{variables}}}user/101 {FAR} XML company"
    return asyncio.create_task(_tried(stage, command))


async def _tried(stage: Stage, command: str) -> str:
    try:
        return await stage.tap.api(command)
    except ActionRefusedError as error:
        return error.message


@freeswitch()
async def click_to_call(stage: Stage) -> None:
    """The CRM calls 101, then the client, who answers; the operator hangs up."""
    stage.fact(direction="outbound", number=FAR, callback=True)
    asked = await _originate(stage)
    operator = await stage.answers("101")
    await (await _client_rings(stage)).answer()
    await pause(1.5)
    await operator.bye()
    await asked


@freeswitch()
async def click_to_call_operator_silent(stage: Stage) -> None:
    """The CRM calls 101, who does not pick up: the client was never called."""
    stage.fact(
        direction="outbound", number=FAR, callback=True, phone="nobody", outcome="no_answer",
        unscored=("t_ended", "t_answered"),
    )  # fmt: skip
    asked = await _originate(stage)
    offered = await stage.rings("101")
    await offered.until_over()
    await asked


@freeswitch()
async def click_to_call_client_busy(stage: Stage) -> None:
    """The CRM calls 101, then the client, who is busy."""
    stage.fact(direction="outbound", number=FAR, callback=True, unscored=("hung_up_by",))
    asked = await _originate(stage)
    await stage.answers("101")
    (await _client_rings(stage)).reject(486)
    await asked
