"""One connection to an event socket: login, replies in order, jobs, and every way to fail."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from calltrackd.pbx.errors import (
    ActionTimeoutError,
    LinkDownError,
    LoginRefusedError,
)
from calltrackd.pbx.esl import EslCodec
from calltrackd.pbx.esl_connection import EslConnection
from calltrackd.pbx.esl_session import connect
from calltrackd.pbx.freeswitch import WANTED
from calltrackd.settings import FreeswitchPbx
from tests.fakes.esl import NOTICE, REJECTION, FakeEsl, event


@pytest.fixture
async def esl() -> AsyncIterator[FakeEsl]:
    """An event socket that behaves, until told."""
    async with FakeEsl() as server:
        yield server


def settings(esl: FakeEsl, secret: str = "labsecret", user: str | None = None) -> FreeswitchPbx:
    """The attachment to it."""
    return FreeswitchPbx(kind="freeswitch", name="fs", port=esl.port, secret=secret, user=user)


@pytest.fixture
async def connection(esl: FakeEsl) -> AsyncIterator[EslConnection]:
    """A connection that is logged in."""
    one = await connect(settings(esl), lambda _: None)
    yield one
    one.close()


async def test_all_wanted_events_are_subscribed(esl: FakeEsl, connection: EslConnection) -> None:
    """As FreeSWITCH takes the names, they are those that the translator reads."""
    assert set(esl.subscribed) == WANTED


async def test_answer_is_the_jobs_body(esl: FakeEsl, connection: EslConnection) -> None:
    """Asked by bgapi, found again by the job's id, as FreeSWITCH wrote it."""
    esl.channels = [{"uuid": "a", "name": "sofia/external/+7 916"}]
    answer = await connection.ask("show channels as json", 5)
    assert answer == '{"row_count":1,"rows":[{"uuid":"a","name":"sofia/external/+7 916"}]}'


async def test_answers_in_another_order_find_their_questions(
    esl: FakeEsl, connection: EslConnection
) -> None:
    """Jobs end when they end; each answer goes to who asked."""
    esl.jobless = {"uptime"}
    slow = asyncio.create_task(connection.ask("uptime", 5))
    await esl.wait_for("uptime")
    quick = await connection.ask("show calls as json", 5)
    (job,) = connection._jobs
    esl.tell("BACKGROUND_JOB", "7\n", Job_UUID=job)
    assert (quick, await slow) == ('{"row_count":0}', "7\n")


async def test_late_reply_is_thrown_away(esl: FakeEsl, connection: EslConnection) -> None:
    """Who gave up keeps his place in the row: the next one does not get his reply."""
    esl.held = {"noevents": []}
    with pytest.raises(ActionTimeoutError, match="noevents"):
        await connection.command("noevents", 0.01)
    esl.release("noevents")
    assert await connection.ask("uptime", 5) == "856\n"


async def test_cancelled_question_leaves_its_place(esl: FakeEsl, connection: EslConnection) -> None:
    """Cancelling one who waits costs nobody else an answer."""
    esl.held = {"uptime": []}
    gone = asyncio.create_task(connection.ask("uptime", 5))
    await esl.wait_for("uptime")
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    esl.release("uptime")
    assert await connection.ask("show calls as json", 5) == '{"row_count":0}'


async def test_lost_answer_times_out(esl: FakeEsl, connection: EslConnection) -> None:
    """A reply without the job's answer is no answer; the connection stays, nothing is left over."""
    esl.jobless = {"uptime"}
    with pytest.raises(ActionTimeoutError, match=r"uptime: no answer within 0\.01 s"):
        await connection.ask("uptime", 0.01)
    assert await connection.ask("show calls as json", 5)
    assert not connection._jobs


async def test_drop_in_the_middle_of_a_body(esl: FakeEsl, connection: EslConnection) -> None:
    """What waits fails with the connection; half a body is no answer."""
    esl.jobless = {"uptime"}
    asked = asyncio.create_task(connection.ask("uptime", 5))
    await esl.wait_for("uptime")
    (job,) = connection._jobs
    esl.send(event("BACKGROUND_JOB", "856\n", Job_UUID=job)[:-3])
    await esl.drained()
    esl.drop()
    with pytest.raises(LinkDownError):
        await asked


async def test_every_cut_of_the_bytes_gives_the_same_answer(
    esl: FakeEsl, connection: EslConnection
) -> None:
    """Frames that come byte by byte are the frames."""
    esl.held = {"uptime": []}
    asked = asyncio.create_task(connection.ask("uptime", 5))
    await esl.wait_for("uptime")
    for byte in b"".join(esl.held.pop("uptime")):
        connection.data_received(bytes([byte]))
    assert await asked == "856\n"


async def test_caller_cannot_forge_an_answer(esl: FakeEsl, connection: EslConnection) -> None:
    """A display name with encoded line ends stays a display name."""
    esl.jobless = {"uptime"}
    asked = asyncio.create_task(connection.ask("uptime", 0.2))
    await esl.wait_for("uptime")
    (job,) = connection._jobs
    name = f"x\nEvent-Name: BACKGROUND_JOB\nJob-UUID: {job}\n\n856"
    esl.tell("CHANNEL_CREATE", Unique_ID="a", Caller_Caller_ID_Name=name)
    esl.tell("CUSTOM fifo::info", f"Job-UUID: {job}\n\n856", Unique_ID="a")
    with pytest.raises(ActionTimeoutError):
        await asked


async def test_disconnect_notice_ends_it(esl: FakeEsl, connection: EslConnection) -> None:
    """FreeSWITCH says goodbye before it closes: from then on it is over."""
    esl.send(NOTICE)
    assert await connection.ended == "the PBX ended the connection"
    with pytest.raises(LinkDownError):
        await connection.ask("uptime", 5)


async def test_a_pbx_that_never_replies_is_no_place_for_questions(
    esl: FakeEsl, connection: EslConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Places in the row are bounded."""
    monkeypatch.setattr("calltrackd.pbx.esl_connection._MOST_UNANSWERED", 3)
    esl.mute = {"*"}
    for _ in range(3):
        with pytest.raises(ActionTimeoutError):
            await connection.command("noevents", 0.001)
    with pytest.raises(LinkDownError, match="does not read"):
        await connection.command("noevents", 5)


async def test_a_hundred_thousand_queued_events_hold_no_answer_up(
    esl: FakeEsl, connection: EslConnection
) -> None:
    """What FreeSWITCH queued while we slept is read to its end, and the answer behind it comes."""
    esl.held = {"uptime": []}
    asked = asyncio.create_task(connection.ask("uptime", 60))
    await esl.wait_for("uptime")
    burst = event("CHANNEL_HOLD", Unique_ID="a", variable_pad="x" * 200) * 1_000
    for _ in range(100):
        esl.send(burst)
        await esl.drained()
    esl.release("uptime")
    assert await asked == "856\n"
    assert connection._codec.counters["unwanted"] >= 100_000
    assert connection._codec.held == 0


async def test_address_that_is_not_allowed(esl: FakeEsl) -> None:
    """The list of addresses is the admin's to mend: no retry."""
    esl.greeting = REJECTION
    with pytest.raises(LoginRefusedError, match="apply-inbound-acl"):
        await connect(settings(esl), lambda _: None)


async def test_user_of_the_directory(esl: FakeEsl) -> None:
    """With a user, the password is the user's own."""
    one = await connect(settings(esl, user="tracker@example.com"), lambda _: None)
    one.close()
    assert esl.got("userauth") == ["userauth tracker@example.com:labsecret"]
    with pytest.raises(LoginRefusedError, match=r"the user 'other@example\.com'"):
        await connect(settings(esl, user="other@example.com"), lambda _: None)


async def test_silence_after_the_greeting_times_out(esl: FakeEsl) -> None:
    """A login without an answer costs the connect timeout, not for ever."""
    esl.mute = {"*"}
    hasty = settings(esl).model_copy(update={"connect_timeout_s": 0.05})
    with pytest.raises(LinkDownError, match=r"did not answer within 0\.05 s"):
        await connect(hasty, lambda _: None)


async def test_subscription_that_is_refused_is_told() -> None:
    """Without events there is no attachment."""
    async with FakeEsl() as strict:
        strict._answer = lambda *_: b"Content-Type: command/reply\nReply-Text: -ERR no\n\n"  # type: ignore[method-assign]
        with pytest.raises(LinkDownError, match="event: no"):
            await connect(settings(strict), lambda _: None)


async def test_every_byte_comes_before_it_acts(esl: FakeEsl) -> None:
    """The answer that a question gets was in `on_bytes` before."""
    kept: list[bytes] = []
    one = await connect(settings(esl), kept.append)
    await one.ask("uptime", 5)
    one.close()
    frames = EslCodec().feed(b"".join(kept))
    assert [frame.body for frame in frames][-1] == "856\n"
