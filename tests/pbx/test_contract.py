"""What holds for the link to either make of PBX, whatever goes wrong."""

import asyncio
import contextlib
import errno
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from calltrackd.pbx.errors import (
    ActionRefusedError,
    ActionTimeoutError,
    LinkDownError,
    LoginRefusedError,
)
from calltrackd.pbx.intake import Intake
from calltrackd.pbx.journal import Journal
from calltrackd.pbx.wire import BadFieldError
from tests.pbx.rig import Rig, log
from tests.pbx.sides import AmiSide, EslSide, Side


@pytest.fixture
def journal(tmp_path: Path, side: Side) -> Iterator[Journal]:
    """A journal in an empty folder."""
    journal = Journal(tmp_path, "office", stream=side.kind)
    yield journal
    journal.close()


@pytest.fixture(params=[AmiSide, EslSide], ids=["asterisk", "freeswitch"])
async def side(request: pytest.FixtureRequest) -> AsyncIterator[Side]:
    """A PBX that behaves, until told."""
    side: Side = request.param()
    async with side.server:
        yield side


@pytest.fixture
def rig(journal: Journal, side: Side) -> Rig:
    """A link to it."""
    return side.rig(journal)


async def test_snapshot_is_asked_for_after_the_login(rig: Rig, side: Side) -> None:
    """Every login is followed by the questions that tell what is going on."""
    async with rig.running():
        await side.server.wait_for(side.last_asked)
        side.server.drop()
        await side.server.wait_for(side.last_asked, 2)
    assert side.server.logins == 2


async def test_sink_and_journal_see_the_same(rig: Rig, side: Side) -> None:
    """Everything from the greeting on is journalled with the numbers and times the sink got."""
    async with rig.running():
        side.server.send(side.happens(1))
        await rig.until(b"n1")
    assert list(rig.journal.read()) == rig.seen
    assert rig.seen[1].data.startswith(side.greeting)
    assert [c.seq for c in rig.seen] == list(range(1, len(rig.seen) + 1))
    assert rig.seen[-1].mark == "eof"


async def test_events_sent_one_by_one_are_read_together(rig: Rig, side: Side) -> None:
    """Else a hundred calls a second would be two thousand reads, each a line of the journal."""
    async with rig.running():
        await side.server.wait_for(side.last_asked)
        before = len(rig.seen)
        for n in range(40):
            side.server.send(side.happens(n))
            await asyncio.sleep(0.001)
        await rig.until(b"n39")
        assert len(rig.seen) - before < 20


async def test_wrong_secret_stops(rig: Rig, side: Side) -> None:
    """A wrong secret is tried once, then an error says where to mend it; nothing is kept."""
    side.server.secret = "another"
    with pytest.raises(LoginRefusedError, match=side.advice):
        await asyncio.wait_for(rig.link.run(), 10)
    assert len(side.server.got(side.login)) == 1
    assert rig.seen == []


async def test_other_refusals_are_retried(rig: Rig, side: Side) -> None:
    """A PBX that is not ready yet is asked again, and the error logged once."""
    side.not_ready()
    with log() as heard:
        run = asyncio.create_task(rig.link.run())
        async with asyncio.timeout(20):
            await heard.warned.wait()
            side.ready()
            await rig.marks("reconnect")
        run.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await run
    assert [line["event"] for line in heard.lines].count("not attached") == 1


async def test_waits_are_jittered_and_bounded(
    journal: Journal, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pauses are drawn between 0 and a bound that doubles up to `retry_cap_s`."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 6:
            raise asyncio.CancelledError

    rig = side.rig(journal, retry_cap_s=4.0)
    side.not_ready()
    monkeypatch.setattr("calltrackd.pbx.link.asyncio.sleep", sleep)
    with log(), pytest.raises(asyncio.CancelledError):
        await rig.link.run()
    assert pauses == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]


async def test_refused_connection_is_retried(rig: Rig, side: Side) -> None:
    """A PBX that is down is tried again until it is up."""
    await side.server.__aexit__(None, None, None)
    assert "Connect" in await rig.first_error()
    run = asyncio.create_task(rig.link.run())
    async with side.again(), asyncio.timeout(20):
        await rig.marks("reconnect")
    run.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await run


async def test_silent_server_times_out(journal: Journal, side: Side) -> None:
    """A port that accepts and says nothing costs one connect timeout, not for ever."""
    side.silent()
    rig = side.rig(journal, connect_timeout_s=0.05)
    assert "did not answer within 0.05 s" in await rig.first_error()


async def test_half_open_link_is_noticed(journal: Journal, side: Side) -> None:
    """A server that keeps the socket but answers no ping is left, dated at its last byte."""
    rig = side.rig(journal, ping_every_s=0.05)
    async with rig.running():
        await side.server.wait_for(side.ping)
        side.server.mute = {"*"}
        await rig.marks("reconnect", "eof")
    marks = [n for n, chunk in enumerate(rig.seen) if chunk.mark == "eof"]
    assert rig.seen[marks[0]].at == rig.seen[marks[0] - 1].at


async def test_answered_pings_keep_the_link(journal: Journal, side: Side) -> None:
    """While pings are answered, an idle link stays."""
    rig = side.rig(journal, ping_every_s=0.01, ping_timeout_s=5.0)
    async with rig.running():
        await side.server.wait_for(side.ping, 5)
    assert side.server.logins == 1


async def test_refused_pings_keep_the_link(journal: Journal, side: Side) -> None:
    """A PBX that shuts down refuses everything and hangs up when it is done: refused is alive."""
    side.server.denied = {side.ping}
    rig = side.rig(journal, ping_every_s=0.01, ping_timeout_s=5.0)
    async with rig.running() as link:
        await side.server.wait_for(side.ping, 5)
        assert link.up
    assert side.server.logins == 1


async def test_busy_server_may_answer_a_ping_late(journal: Journal, side: Side) -> None:
    """Bytes that keep coming give a ping more time, but not for ever."""
    rig = side.rig(journal, ping_every_s=0.01, ping_timeout_s=0.2)
    async with rig.running():
        side.server.mute = {side.ping}
        await side.server.wait_for(side.ping)
        asked = asyncio.get_running_loop().time()
        while "eof" not in rig.marks_seen:
            side.server.send(side.happens(1))
            await asyncio.sleep(0.02)
        waited = asyncio.get_running_loop().time() - asked
    assert waited >= 0.5


async def test_outage_is_marked_and_accounted(journal: Journal, side: Side) -> None:
    """A cut link is marked at its end, the next one at its begin, and the seconds are counted."""
    now = [1000.0]
    rig = side.rig(journal)
    rig.link = side.link(journal, rig, clock=lambda: now[0])
    async with rig.running():
        await side.server.wait_for(side.last_asked)
        before = rig.link.outage_s
        side.not_ready()
        side.server.drop()
        await rig.marks("reconnect", "eof")
        now[0] += 7.5
        assert not rig.link.up
        assert rig.link.outage_s - before == 7.5
        side.ready()
        await rig.marks("reconnect", "eof", "reconnect")
        now[0] += 5
        assert rig.link.outage_s - before == 7.5


async def test_absence_of_the_daemon_is_an_outage(journal: Journal, side: Side) -> None:
    """Seconds since the last line of the journal count as well."""
    journal.append(1000.0, b"x")
    rig = side.rig(journal)
    link = side.link(journal, rig, clock=lambda: 1060.0)
    assert link.outage_s == 60.0


async def test_nothing_is_asked_twice(rig: Rig, side: Side) -> None:
    """A question without an answer fails with the link and is not sent after the reconnect."""
    side.server.mute = {side.question}
    async with rig.running() as link:
        await side.server.wait_for(side.last_asked)
        asked = asyncio.create_task(side.ask(link))
        await side.server.wait_for(side.question)
        side.server.drop()
        with pytest.raises(LinkDownError):
            await asked
        await rig.marks("reconnect", "eof", "reconnect")
        await side.server.wait_for(side.last_asked, 2)
    assert len(side.server.got(side.question)) == 1


async def test_question_while_down_is_refused_at_once(rig: Rig, side: Side) -> None:
    """Nothing is queued for later."""
    with pytest.raises(LinkDownError):
        await side.ask(rig.link)


async def test_question_without_answer_times_out(journal: Journal, side: Side) -> None:
    """Silence after a question is an error in time; the link stays."""
    side.server.mute = {side.question}
    rig = side.rig(journal, action_timeout_s=0.05)
    async with rig.running() as link:
        with pytest.raises(ActionTimeoutError, match=side.question):
            await side.ask(link)
        assert link.up


async def test_refused_question_says_why(rig: Rig, side: Side) -> None:
    """The PBX's reason is in the error."""
    side.server.denied = {side.question}
    async with rig.running() as link:
        with pytest.raises(ActionRefusedError, match=rf"(?i){side.question}.*: permission denied"):
            await side.ask(link)


async def test_injected_question_is_refused(rig: Rig, side: Side) -> None:
    """A line break in a value is refused before a byte is written."""
    async with rig.running() as link:
        with pytest.raises(BadFieldError):
            await side.ask(link, "1\r\n\r\nAction: Originate\n\nbgapi originate")
        await side.harmless(link)
    assert not side.server.got(side.question)


async def test_not_a_pbx(side: Side, tmp_path: Path) -> None:
    """A flood instead of a login is left, with nothing in the journal."""

    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"x" * (9 << 20))
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(flood, "127.0.0.1", 0)
    journal = Journal(tmp_path, "flooded")
    rig = side.rig(journal, port=server.sockets[0].getsockname()[1])
    assert "floods" in await rig.first_error()
    server.close()
    assert journal.next_seq == 1
    journal.close()


async def test_full_disk_stops_and_goes_on(
    rig: Rig, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes that can't be kept are not acted on; with room again, the true end is marked."""
    write = os.write
    full = [False]

    def scarce(fd: int, data: bytes) -> int:
        if full[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(fd, data)

    monkeypatch.setattr("calltrackd.pbx.segment.os.write", scarce)
    with log() as heard:
        async with rig.running() as link:
            await side.server.wait_for(side.last_asked)
            await side.harmless(link)
            known = len(rig.seen)
            full[0] = True
            side.server.send(side.happens(1))
            await heard.warned.wait()
            assert not link.up
            assert len(rig.seen) == known
            full[0] = False
            await rig.marks("reconnect", "eof", "reconnect")
    assert not side.numbers(rig.frames())
    assert list(rig.journal.read()) == rig.seen
    assert "No space left" in str([line.get("error") for line in heard.lines])


async def test_slow_consumer_costs_no_memory(journal: Journal, side: Side) -> None:
    """What a stalled consumer does not take is read back from the journal, all and in order."""
    intake = Intake(journal, budget=100_000)
    link = side.link(journal, intake)
    run = asyncio.create_task(link.run())
    flood = 20_000
    async with asyncio.timeout(60):
        await side.server.wait_for(side.last_asked)
        for number in range(flood):
            side.server.send(side.happens(number))
            if number % 500 == 0:
                await side.harmless(link)
                assert intake.held <= 100_000
        await side.harmless(link)
        run.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await run
        intake.close()
        chunks = [chunk async for chunk in intake]
    assert intake.spilled > 10
    assert [chunk.seq for chunk in chunks] == list(range(1, journal.next_seq))
    rig = side.rig(journal)
    rig.seen = chunks
    assert side.numbers(rig.frames()) == [str(number) for number in range(flood)]


async def test_stop_marks_the_end(rig: Rig, side: Side) -> None:
    """A link that is cancelled closes the socket and marks the end of the connection."""
    async with rig.running():
        await side.server.wait_for(side.last_asked)
    assert rig.marks_seen == ["reconnect", "eof"]
    assert not rig.link.up
