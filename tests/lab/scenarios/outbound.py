"""Calls that begin inside: an operator dials, the CRM dials, phones among themselves."""

from tests.lab.sip.call import Call
from tests.lab.sip.message import token
from tests.lab.stage import Stage, pause, scenario

FAR = "79161112233"


async def _client_rings(stage: Stage, phone: str = "client") -> Call:
    call = await stage.phones[phone].incoming()
    call.ring()
    await pause(1)
    return call


@scenario()
async def outbound_answered(stage: Stage) -> None:
    """101 dials a client, who answers; the operator hangs up."""
    stage.fact(direction="outbound", number=FAR)
    call = await stage.dials("101", FAR)
    await (await _client_rings(stage)).answer()
    await call.until_up()
    await pause(1.5)
    await call.bye()


@scenario()
async def outbound_busy(stage: Stage) -> None:
    """101 dials a client, who is busy."""
    stage.fact(direction="outbound", number=FAR, unscored=("hung_up_by",))
    await stage.dials("101", FAR)
    (await _client_rings(stage)).reject(486)


@scenario()
async def outbound_no_answer(stage: Stage) -> None:
    """101 dials a client, who lets it ring until the PBX gives up."""
    stage.fact(direction="outbound", number=FAR)
    await stage.dials("101", f"8{FAR}")
    await (await _client_rings(stage)).until_over()


@scenario()
async def outbound_early_media(stage: Stage) -> None:
    """The far network speaks before the answer (183): that is no talk yet."""
    stage.fact(direction="outbound", number=FAR)
    call = await stage.dials("101", FAR)
    far = await stage.phones["client"].incoming()
    await far.early()
    await pause(2)
    await far.answer()
    await call.until_up()
    await pause(1.5)
    await far.bye()


@scenario()
async def outbound_trunk_failover(stage: Stage) -> None:
    """The first trunk refuses (503), the second one's client answers: one call."""
    stage.fact(direction="outbound", number=FAR, phone="trunk2")
    call = await stage.dials("101", f"9{FAR}")
    (await stage.phones["client"].incoming()).reject(503)
    await (await _client_rings(stage, "trunk2")).answer()
    await call.until_up()
    await pause(1.5)
    await call.bye()


@scenario()
async def internal(stage: Stage) -> None:
    """101 calls 102."""
    stage.fact(direction="internal", phone="101")
    call = await stage.dials("101", "102")
    await stage.answers("102")
    await call.until_up()
    await pause(1.5)
    await call.bye()


async def _originate(stage: Stage) -> None:
    await stage.tap.action(
        "Originate", Channel="PJSIP/101", Context="from-internal", Exten=FAR, Priority="1",
        CallerID=f"Client <{FAR}>", Timeout="4000", Async="true", ChannelId=f"crm-{token()}",
    )  # fmt: skip


@scenario()
async def click_to_call(stage: Stage) -> None:
    """The CRM calls 101, then the client, who answers; the operator hangs up."""
    stage.fact(direction="outbound", number=FAR, callback=True)
    await _originate(stage)
    operator = await stage.answers("101")
    await (await _client_rings(stage)).answer()
    await pause(1.5)
    await operator.bye()


@scenario()
async def click_to_call_operator_silent(stage: Stage) -> None:
    """The CRM calls 101, who does not pick up: the client was never called."""
    stage.fact(
        direction="outbound", number=FAR, callback=True, phone="nobody", outcome="no_answer",
        unscored=("t_ended", "t_answered"),
    )  # fmt: skip
    await _originate(stage)
    offered = await stage.rings("101")
    await offered.until_over()


@scenario()
async def click_to_call_client_busy(stage: Stage) -> None:
    """The CRM calls 101, then the client, who is busy."""
    stage.fact(direction="outbound", number=FAR, callback=True, unscored=("hung_up_by",))
    await _originate(stage)
    await stage.answers("101")
    (await _client_rings(stage)).reject(486)
