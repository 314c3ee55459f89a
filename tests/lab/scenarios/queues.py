"""Queues and ring groups."""

from tests.lab.scenarios.acts import hand_over, parked_and_retrieved, talk_with
from tests.lab.stage import Stage, pause, scenario


@scenario()
async def queue_answered(stage: Stage) -> None:
    """The queue's first phone answers; the operator hangs up."""
    _, operator = await talk_with(stage, "102", did="02", queue="sales")
    await operator.bye()


@scenario()
async def queue_abandon(stage: Stage) -> None:
    """The client gives up while a queue's phone rings."""
    caller = await stage.call_in("02", queue="sales")
    await stage.rings("102", 2)
    await caller.bye()


@scenario()
async def queue_first_times_out(stage: Stage) -> None:
    """102 lets it ring, 103 answers."""
    caller = await stage.call_in("02", queue="sales")
    first = await stage.rings("102")
    await first.until_over()
    await stage.answers("103")
    await pause(1.5)
    await caller.bye()


@scenario()
async def queue_first_busy(stage: Stage) -> None:
    """102 is busy, 103 answers."""
    caller = await stage.call_in("02", queue="sales")
    first = await stage.phones["102"].incoming()
    first.reject(486)
    await stage.answers("103")
    await pause(1.5)
    await caller.bye()


@scenario()
async def queue_timeout_exit(stage: Stage) -> None:
    """Nobody answers; the queue gives up after six seconds and the PBX says good-bye."""
    caller = await stage.call_in("11", queue="sales", unscored=("ivr_s", "queue_s", "wait_s"))
    for operator in ("102", "103"):
        offered = await stage.rings(operator)
        await offered.until_over()
    await caller.until_over()


@scenario()
async def two_queues(stage: Stage) -> None:
    """The first queue gives up after seven seconds, the second one's phone answers."""
    caller = await stage.call_in("12", queue="support")
    for operator in ("102", "103"):
        offered = await stage.rings(operator, 0.5)
        await offered.until_over()
    await stage.answers("105")
    await pause(1.5)
    await caller.bye()


@scenario()
async def queue_all_ring(stage: Stage) -> None:
    """A queue rings all its phones; 106 answers."""
    caller = await stage.call_in("13", queue="everyone")
    await stage.rings("105", 0)
    await stage.answers("106")
    await pause(1.5)
    await caller.bye()


@scenario()
async def queue_local_members(stage: Stage) -> None:
    """The queue's members are Local channels."""
    caller, _ = await talk_with(stage, "105", did="09", queue="locals")
    await caller.bye()


async def _handed_on(stage: Stage, operator: str, did: str, queue: str) -> None:
    blind = {"kind": "blind", "by": operator, "to": "101"}
    caller, answered = await talk_with(stage, operator, did=did, queue=queue, transfers=[blind])
    await hand_over(answered, "101")
    await stage.answers("101")
    await pause(1.5)
    await caller.bye()


@scenario()
async def queue_transfer(stage: Stage) -> None:
    """102 answers from the queue and sends the client to 101."""
    await _handed_on(stage, "102", did="02", queue="sales")


@scenario()
async def local_member_transfer(stage: Stage) -> None:
    """105 answers over a Local channel that stays, and sends the client to 101."""
    await _handed_on(stage, "105", did="09", queue="locals")


@scenario()
async def local_member_park(stage: Stage) -> None:
    """105 answers over a Local channel that stays, and parks the client; 103 retrieves it."""
    await parked_and_retrieved(stage, "105", did="09", queue="locals")


@scenario()
async def announcement_then_queue(stage: Stage) -> None:
    """An announcement first, then the queue."""
    caller = await stage.call_in("16", queue="sales", menu=True)
    operator = await stage.rings("102")
    stage.facts[0].queue_from = stage.moment(operator, "invite_in")
    await operator.answer()
    await pause(1.5)
    await caller.bye()


@scenario()
async def ring_group(stage: Stage) -> None:
    """Three phones ring, 106 answers."""
    caller = await stage.call_in("03")
    await stage.rings("105", 0)
    await stage.rings("107", 0)
    await stage.answers("106")
    await pause(1.5)
    await caller.bye()


@scenario()
async def ring_group_abandon(stage: Stage) -> None:
    """Three phones ring, the client gives up."""
    caller = await stage.call_in("03")
    for operator in ("105", "106", "107"):
        await stage.rings(operator, 0)
    await pause(1.5)
    caller.cancel()
