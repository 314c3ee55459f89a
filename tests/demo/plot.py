"""What happens in the demo's minute, and what calltrackd must make of it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.demo.company import TRUNK, Company, pause
from tests.demo.lines import BOOKING, COMPLAINT, CONFIRMED, DAY, PRICE, VISIT, WELCOME, Line
from tests.lab.scenarios.acts import hand_over

ONE, QUEUE, GROUP = "74950000001", "74950000002", "74950000003"
"""Numbers that ring one phone, a queue, a group of three phones."""
ANNA, VIKTOR, DARIA, IGOR, ELENA, PAVEL, OLGA = (
    "79161234567", "79031112233", "79262223344", "79105556677",
    "79857778899", "79154445566", "79161112233",
)  # fmt: skip
TAGS = {"1": "service", "2": "sale", "71": "new car"}
UNKNOWN_KEY = "9"
MOMENT_S = 2.0
"""Between the answer and the first word; people take a breath, and a tap a tenth of it."""


@dataclass(frozen=True)
class Expected:
    """The record of one call, as far as the plot decides it. Names are the record's."""

    caller: str | None
    did: str | None
    outcome: str
    operators: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    """By phone keys."""
    words: tuple[str, ...] = ()
    """Tags by what is said, in the alphabet's order."""
    transfers: tuple[str, ...] = ()
    abandoned_in: str | None = None
    direction: str = "inbound"
    kind: str | None = "first"


@dataclass(frozen=True)
class Scene:
    """One call: `act` begins `after` so many seconds; `said`: all that is said in it."""

    after: float
    act: Callable[[Company], Awaitable[None]]
    expected: Expected
    said: tuple[Line, ...] = ()


async def play(company: Company) -> None:
    """Every scene at its time; returns when the last phone is down."""
    async with asyncio.TaskGroup() as stage:
        for scene in SCENES:
            stage.create_task(_play_one(company, scene), name=scene.act.__name__)


async def _play_one(company: Company, scene: Scene) -> None:
    await pause(scene.after)
    await scene.act(company)


async def queue_answered(company: Company) -> None:
    """The queue's first phone answers; a phrase that alerts; one known key, one unknown."""
    company.say("Anna saw an ad on Google and calls; the sales queue rings 102")
    client = await company.calls_in(QUEUE, ANNA, "Anna")
    operator = await company.answers("102", 2.5)
    await pause(MOMENT_S)
    await company.talk("Anna", client, operator, COMPLAINT)
    await pause(1.5)
    company.say("102 presses 1 while talking: tag 'service', and one beep that Anna can't hear")
    await operator.press("1")
    await pause(2)
    company.say("102 presses 9, which means nothing here: two beeps, no tag")
    await operator.press(UNKNOWN_KEY)
    await pause(2)
    await client.bye()


async def queue_missed(company: Company) -> None:
    """Two phones of the queue ring in vain."""
    company.say("Viktor waits in the queue; 103 and 104 let it ring, he gives up: missed")
    client = await company.calls_in(QUEUE, VIKTOR, "Viktor")
    (await company.rings("103", 0)).note("ignored")
    (await company.rings("104", 2.5)).note("ignored")
    await client.bye()


async def ring_group(company: Company) -> None:
    """Three phones ring, one answers; a talk in Russian; a key."""
    company.say("Daria holds a flyer and calls: three phones ring, still one call")
    client = await company.calls_in(GROUP, DARIA, "Daria")
    await company.rings("105", 0)
    await company.rings("107", 0)
    operator = await company.answers("106", 2)
    await pause(MOMENT_S)
    await company.talk("Daria", client, operator, VISIT)
    company.say("106 presses 2: tag 'sale'")
    await operator.press("2")
    await pause(2)
    await operator.bye()
    await client.until_over()


async def blind_transfer(company: Company) -> None:
    """REFER to a third party, who is heard as well."""
    company.say("Igor reaches 101")
    client = await company.calls_in(ONE, IGOR, "Igor")
    operator = await company.answers("101")
    await pause(MOMENT_S)
    await company.talk("Igor", client, operator, WELCOME)
    company.say("101 sends Igor on to 105 (blind transfer): still one call")
    await hand_over(operator, "105")
    colleague = await company.answers("105")
    await pause(MOMENT_S)
    await company.talk("Igor", client, colleague, PRICE)
    await pause(1)
    await client.bye()


async def outbound(company: Company) -> None:
    """An operator calls a client."""
    company.say("104 calls Olga from inside: outbound")
    call = await company.dials("104", OLGA)
    client = await company.answers(TRUNK, 2)
    await call.until_up()
    await pause(MOMENT_S)
    await company.talk("Olga", client, call, CONFIRMED)
    await client.bye()
    await call.until_over()


async def attended_transfer(company: Company) -> None:
    """Hold, a second line, REFER with Replaces; keys of the second operator."""
    company.say("Elena reaches 101")
    client = await company.calls_in(ONE, ELENA, "Elena")
    operator = await company.answers("101")
    await pause(MOMENT_S)
    await company.talk("Elena", client, operator, BOOKING)
    company.say("101 puts Elena on hold and asks 102 on a second line")
    await operator.hold()
    consultation = await company.dials("101", "102")
    colleague = await company.answers("102")
    await consultation.until_up()
    await pause(2)
    company.say("101 joins the two (attended transfer): still one call")
    await hand_over(operator, "102", replaces=consultation)
    await pause(MOMENT_S)
    await company.talk("Elena", client, colleague, DAY)
    company.say("102 presses 7 1: tag 'new car'")
    await colleague.press("71")
    await pause(2)
    await client.bye()


async def anonymous(company: Company) -> None:
    """A hidden number gives up while three phones ring."""
    company.say("Somebody with a hidden number calls the group and gives up: missed")
    client = await company.calls_in(GROUP, "anonymous")
    for operator in ("105", "106", "107"):
        await company.rings(operator, 0)
    await pause(4)
    client.cancel()
    await client.until_over()


async def calls_again(company: Company) -> None:
    """A client whom the company knows by now."""
    company.say("Anna again ('repeat', the CRM learns at once), Pavel in the same second")
    client = await company.calls_in(ONE, ANNA, "Anna")
    await company.answers("101", 2)
    await pause(5)
    await client.bye()


async def at_the_same_moment(company: Company) -> None:
    """Another client in the same second."""
    client = await company.calls_in(GROUP, PAVEL, "Pavel")
    await company.rings("105", 0)
    await company.rings("106", 0)
    await company.answers("107", 2.5)
    await pause(5)
    await client.bye()


SCENES = (
    Scene(
        0, queue_answered,
        Expected(ANNA, QUEUE, "answered", ("102",), ("service",), ("costly", "refund")),
        COMPLAINT,
    ),
    Scene(4, queue_missed, Expected(VIKTOR, QUEUE, "abandoned", abandoned_in="queue")),
    Scene(
        9, ring_group,
        Expected(
            DARIA, GROUP, "answered", ("106",), ("sale",),
            ("costly", "price", "visit"),
        ),
        VISIT,
    ),
    Scene(
        16, blind_transfer,
        Expected(
            IGOR, ONE, "answered", ("101", "105"), words=("price",), transfers=("blind",)
        ),
        (*WELCOME, *PRICE),
    ),
    Scene(
        20, outbound, Expected(OLGA, None, "answered", ("104",), direction="outbound"), CONFIRMED
    ),
    Scene(
        34, attended_transfer,
        Expected(
            ELENA, ONE, "answered", ("101", "102"), ("new car",), ("booking",), ("attended",)
        ),
        (*BOOKING, *DAY),
    ),
    Scene(40, anonymous, Expected(None, GROUP, "abandoned", abandoned_in="ringing", kind=None)),
    Scene(52, calls_again, Expected(ANNA, ONE, "answered", ("101",), kind="repeat")),
    Scene(52, at_the_same_moment, Expected(PAVEL, GROUP, "answered", ("107",))),
)  # fmt: skip
