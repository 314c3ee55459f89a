"""Queues, fifo, and what rings one after another."""

from tests.lab.freeswitch_scenarios.registry import freeswitch
from tests.lab.scenarios.acts import consulted_and_joined
from tests.lab.stage import Stage, pause


@freeswitch()
async def queue_timeout_exit(stage: Stage) -> None:
    """Nobody answers; the queue gives up after six seconds and the PBX says good-bye."""
    caller = await stage.call_in("11", queue="sales-6", unscored=("ivr_s", "queue_s", "wait_s"))
    first = await stage.rings("102")
    await first.until_over()
    second = await stage.rings("103")
    await second.until_over()
    await caller.until_over()


@freeswitch()
async def two_queues(stage: Stage) -> None:
    """The first queue gives up after six seconds, the second one's phone answers."""
    caller = await stage.call_in("12", queue="support")
    for operator in ("102", "103"):
        offered = await stage.rings(operator, 0.5)
        await offered.until_over()
    await stage.answers("105")
    await pause(1.5)
    await caller.bye()


@freeswitch()
async def queue_two_clients(stage: Stage) -> None:
    """Two clients in one queue, each gets an operator."""
    one = await stage.call_in("02", queue="sales", operators=("102",))
    await stage.answers("102")
    two = await stage.call_in("02", "client2", "79160000002", queue="sales", operators=("103",))
    await stage.answers("103")
    await pause(1.5)
    await one.bye()
    await pause(0.5)
    await two.bye()


@freeswitch()
async def queue_attended(stage: Stage) -> None:
    """102 answers from the queue, consults 101 and joins them."""
    await consulted_and_joined(stage, "102", "101", did="02", queue="sales")


@freeswitch()
async def sequential(stage: Stage) -> None:
    """101 lets it ring for three seconds, 102 answers."""
    caller = await stage.call_in("18")
    first = await stage.rings("101")
    await first.until_over()
    await stage.answers("102")
    await pause(1.5)
    await caller.bye()


@freeswitch()
async def ring_group_enterprise(stage: Stage) -> None:
    """Two phones ring, each dialled by a thread of its own (`:_:`); 106 answers."""
    caller = await stage.call_in("23")
    await stage.rings("105", 0)
    await stage.answers("106")
    await pause(1.5)
    await caller.bye()


@freeswitch()
async def confirmed(stage: Stage) -> None:
    """101 picks up and has to press 1 before it gets the client."""
    caller = await stage.call_in("24", unscored=("digits_scope",))
    operator = await stage.answers("101")
    await pause(1.5)
    await operator.press("1")
    await caller.until_up()
    await pause(1.5)
    await caller.bye()


@freeswitch()
async def fifo_taken(stage: Stage) -> None:
    """A client waits in a fifo, 103 takes it."""
    caller = await stage.call_in("19", queue="desk")
    await caller.until_up()
    await pause(1.5)
    taker = await stage.dials("103", "750")
    await taker.until_up()
    await pause(1.5)
    await caller.bye()


@freeswitch()
async def fifo_abandon(stage: Stage) -> None:
    """A client waits in a fifo and gives up."""
    caller = await stage.call_in("19", queue="desk")
    await caller.until_up()
    await pause(1.5)
    await caller.bye()


@freeswitch()
async def conference_two_operators(stage: Stage) -> None:
    """A client and two operators in one room; the first one leaves."""
    caller = await stage.call_in(
        "07", conference=True, unscored=("ivr_s", "talk_s", "clean_talk_s")
    )
    await caller.until_up()
    await pause(1)
    one = await stage.dials("103", "8000")
    await one.until_up()
    await pause(1.5)
    two = await stage.dials("104", "8000")
    await two.until_up()
    await pause(1.5)
    await one.bye()
    await pause(1)
    await caller.bye()
    await two.bye()
