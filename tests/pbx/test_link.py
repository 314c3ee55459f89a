"""The link against a manager interface that misbehaves in every way that was seen or measured."""

import asyncio
import contextlib
import errno
import os
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator, MutableMapping
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
import structlog
from pydantic import SecretStr

from calltrackd.pbx.ami_link import AmiLink
from calltrackd.pbx.errors import (
    ActionRefusedError,
    ActionTimeoutError,
    LinkDownError,
    LoginRefusedError,
)
from calltrackd.pbx.intake import Intake
from calltrackd.pbx.journal import Journal
from calltrackd.pbx.stream import Chunk
from calltrackd.pbx.wire import AmiCodec, BadFieldError, Frame
from tests.fakes.ami import FakeAmi, block

HANGUP = block(("Event", "Hangup"), ("Channel", "PJSIP/101-00000001"))
SNAPSHOT = [
    "CoreShowChannels",
    "Status",
    "BridgeList",
    "QueueStatus",
    "ParkedCalls",
    "ConfbridgeListRooms",
]


class Settings(msgspec.Struct, kw_only=True):
    """What a link reads of the settings."""

    port: int
    host: str = "127.0.0.1"
    tls: bool = False
    tls_ca: Path | None = None
    tls_verify_name: bool = True
    user: str = "lab"
    secret: SecretStr = SecretStr("labsecret")
    login: Literal["challenge", "plain"] = "challenge"
    events: str = "call,agent"
    ping_every_s: float = 60.0
    ping_timeout_s: float = 0.05
    retry_cap_s: float = 0.01
    connect_timeout_s: float = 5.0
    action_timeout_s: float = 5.0


class Heard:
    """The log, with an event for the first warning."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.warned = asyncio.Event()

    def __call__(self, _logger: object, method: str, event: MutableMapping[str, Any]) -> str:
        self.lines.append({**event, "log_level": method})
        if method == "warning":
            self.warned.set()
        raise structlog.DropEvent


@contextlib.contextmanager
def log() -> Iterator[Heard]:
    """What is logged inside."""
    heard = Heard()
    processors = structlog.get_config()["processors"]
    before = processors.copy()
    processors[:] = [heard]
    try:
        yield heard
    finally:
        processors[:] = before


async def first_error(rig: "Rig") -> str:
    """Run the link until it logs an error."""
    with log() as heard:
        run = asyncio.create_task(rig.link.run())
        await asyncio.wait_for(heard.warned.wait(), 20)
        run.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await run
    return str(heard.lines[0]["error"])


class Rig:
    """A link on a journal, whose sink can be waited for."""

    def __init__(self, journal: Journal, settings: Settings) -> None:
        self.journal = journal
        self.settings = settings
        self.seen: list[Chunk] = []
        self._changed = asyncio.Condition()
        self.link = AmiLink(settings, journal, self, draw=lambda: 1.0)

    def chunk(self, seq: int, at: float, data: bytes) -> None:
        self._put(Chunk(seq, at, data))

    def lost(self, seq: int, at: float) -> None:
        self._put(Chunk(seq, at, mark="eof"))

    def up(self, seq: int, at: float) -> None:
        self._put(Chunk(seq, at, mark="reconnect"))

    def _put(self, chunk: Chunk) -> None:
        self.seen.append(chunk)
        self._tell = asyncio.ensure_future(self._notify())

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def marks(self, *marks: str) -> None:
        """Until the sink has seen these marks."""
        async with self._changed:
            await self._changed.wait_for(
                lambda: [c.mark for c in self.seen if c.mark][: len(marks)] == list(marks)
            )

    async def event(self, name: str) -> None:
        """Until the sink has seen this event."""
        async with self._changed:
            await self._changed.wait_for(
                lambda: name in [frame.get("Event") for frame in self.frames()]
            )

    def frames(self) -> list[Frame]:
        codec = AmiCodec()
        found = []
        for chunk in self.seen:
            if chunk.mark:
                codec.reset()
            found += codec.feed(chunk.data)
        return found

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[AmiLink]:
        """The link runs inside, logged in at least once."""
        task = asyncio.create_task(self.link.run())
        try:
            async with asyncio.timeout(20):
                await self.marks("reconnect")
                yield self.link
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal in an empty folder."""
    journal = Journal(tmp_path, "office")
    yield journal
    journal.close()


@pytest.fixture
async def ami() -> AsyncIterator[FakeAmi]:
    """A manager interface that behaves, until told."""
    async with FakeAmi() as server:
        yield server


@pytest.fixture
def rig(journal: Journal, ami: FakeAmi) -> Rig:
    """A link to it."""
    return Rig(journal, Settings(port=ami.port))


async def test_snapshot_is_asked_for_in_order(rig: Rig, ami: FakeAmi) -> None:
    """After the login come channels, status, each bridge, queues, parked calls, conferences."""
    ami.items["BridgeList"] = [{"BridgeUniqueid": "b1"}, {"BridgeUniqueid": "b2"}]
    async with rig.running():
        await ami.wait_for("ConfbridgeListRooms")
    asked = [action["Action"] for action in ami.actions]
    expected = [*SNAPSHOT[:3], "BridgeInfo", "BridgeInfo", *SNAPSHOT[3:]]
    assert asked == ["Challenge", "Login", *expected]
    assert [a["BridgeUniqueid"] for a in ami.got("BridgeInfo")] == ["b1", "b2"]


async def test_login_by_challenge_hides_the_secret(rig: Rig, ami: FakeAmi) -> None:
    """By challenge, the secret never goes over the wire; the event mask does."""
    async with rig.running():
        pass
    (login,) = ami.got("Login")
    assert login["Events"] == "call,agent"
    assert "labsecret" not in str(ami.actions)


async def test_login_by_plain_secret(journal: Journal, ami: FakeAmi) -> None:
    """`plain` sends it, for a PBX that knows no challenge."""
    async with Rig(journal, Settings(port=ami.port, login="plain")).running():
        pass
    assert ami.got("Login")[0]["Secret"] == "labsecret"
    assert not ami.got("Challenge")


async def test_sink_and_journal_see_the_same(rig: Rig, ami: FakeAmi) -> None:
    """Everything from the banner on is journalled with the numbers and times the sink got."""
    async with rig.running():
        ami.send(HANGUP)
        await rig.event("Hangup")
    assert list(rig.journal.read()) == rig.seen
    assert rig.frames()[0] == {"Banner": "Asterisk Call Manager/11.0.0"}
    assert [c.seq for c in rig.seen] == list(range(1, len(rig.seen) + 1))
    assert rig.seen[-1].mark == "eof"


@pytest.mark.parametrize("login", ["challenge", "plain"])
async def test_wrong_secret_stops(
    journal: Journal, ami: FakeAmi, login: Literal["challenge", "plain"]
) -> None:
    """A wrong secret is tried once, then an error names the user and where to mend it."""
    ami.secret = "another"
    rig = Rig(journal, Settings(port=ami.port, login=login))
    with pytest.raises(LoginRefusedError, match=r"'lab'.*manager\.conf"):
        await asyncio.wait_for(rig.link.run(), 10)
    assert len(ami.got("Login")) == 1
    assert rig.seen == []


async def test_other_refusals_are_retried(rig: Rig, ami: FakeAmi) -> None:
    """A PBX that is not ready yet is asked again, and the error logged once."""
    ami.refusal = "Asterisk is shutting down"
    with log() as heard:
        run = asyncio.create_task(rig.link.run())
        async with asyncio.timeout(20):
            await ami.wait_for("Login", 3)
            ami.refusal = None
            await rig.marks("reconnect")
        run.cancel()
    assert [line["event"] for line in heard.lines].count("not attached") == 1


async def test_refused_connection_is_retried(journal: Journal) -> None:
    """A PBX that is down is tried again until it is up."""
    async with FakeAmi() as gone:
        port = gone.port
    rig = Rig(journal, Settings(port=port))
    assert "Connect" in await first_error(rig)
    again = FakeAmi(port=port)
    run = asyncio.create_task(rig.link.run())
    async with again, asyncio.timeout(20):
        await rig.marks("reconnect")
    run.cancel()


async def test_silent_server_times_out(journal: Journal, ami: FakeAmi) -> None:
    """A port that accepts and says nothing costs one connect timeout, not for ever."""
    ami.banner = b""
    rig = Rig(journal, Settings(port=ami.port, connect_timeout_s=0.05))
    assert "did not answer within 0.05 s" in await first_error(rig)


async def test_half_open_link_is_noticed(journal: Journal, ami: FakeAmi) -> None:
    """A server that keeps the socket but answers no ping is left, dated at its last byte."""
    rig = Rig(journal, Settings(port=ami.port, ping_every_s=0.05))
    async with rig.running():
        await ami.wait_for("Ping")
        ami.mute = {"*"}
        await rig.marks("reconnect", "eof")
    marks = [n for n, chunk in enumerate(rig.seen) if chunk.mark == "eof"]
    assert rig.seen[marks[0]].at == rig.seen[marks[0] - 1].at


async def test_answered_pings_keep_the_link(journal: Journal, ami: FakeAmi) -> None:
    """While pings are answered, an idle link stays."""
    rig = Rig(journal, Settings(port=ami.port, ping_every_s=0.01, ping_timeout_s=5.0))
    async with rig.running():
        await ami.wait_for("Ping", 5)
    assert ami.logins == 1


async def test_refused_pings_keep_the_link(journal: Journal, ami: FakeAmi) -> None:
    """A PBX that shuts down refuses everything and hangs up when it is done: refused is alive."""
    ami.denied = {"Ping"}
    rig = Rig(journal, Settings(port=ami.port, ping_every_s=0.01, ping_timeout_s=5.0))
    async with rig.running() as link:
        await ami.wait_for("Ping", 5)
        assert link.up
    assert ami.logins == 1


async def test_busy_server_may_answer_a_ping_late(journal: Journal, ami: FakeAmi) -> None:
    """Bytes that keep coming give a ping more time, but not for ever."""
    rig = Rig(journal, Settings(port=ami.port, ping_every_s=0.01, ping_timeout_s=0.2))
    async with rig.running():
        ami.mute = {"Ping"}
        await ami.wait_for("Ping")
        asked = asyncio.get_running_loop().time()
        while "eof" not in [chunk.mark for chunk in rig.seen]:
            ami.send(HANGUP)
            await asyncio.sleep(0.02)
        waited = asyncio.get_running_loop().time() - asked
    assert waited >= 0.5


async def test_outage_is_marked_and_accounted(journal: Journal, ami: FakeAmi) -> None:
    """A cut link is marked at its end, the next one at its begin, and the seconds are counted."""
    now = [1000.0]
    rig = Rig(journal, Settings(port=ami.port))
    rig.link = AmiLink(rig.settings, journal, rig, clock=lambda: now[0], draw=lambda: 1.0)
    async with rig.running():
        await ami.wait_for("ConfbridgeListRooms")
        before = rig.link.outage_s
        ami.refusal = "not yet"
        ami.drop()
        await rig.marks("reconnect", "eof")
        now[0] += 7.5
        assert not rig.link.up
        assert rig.link.outage_s - before == 7.5
        ami.refusal = None
        await rig.marks("reconnect", "eof", "reconnect")
        now[0] += 5
        assert rig.link.outage_s - before == 7.5


async def test_absence_of_the_daemon_is_an_outage(tmp_path: Path, ami: FakeAmi) -> None:
    """Seconds since the last line of the journal count as well."""
    journal = Journal(tmp_path, "office")
    journal.append(1000.0, b"x")
    rig = Rig(journal, Settings(port=ami.port))
    link = AmiLink(rig.settings, journal, rig, clock=lambda: 1060.0)
    assert link.outage_s == 60.0
    journal.close()


async def test_no_action_is_sent_twice(rig: Rig, ami: FakeAmi) -> None:
    """An Originate without an answer fails with the link and is not sent after the reconnect."""
    ami.mute = {"Originate"}
    async with rig.running() as link:
        await ami.wait_for("ConfbridgeListRooms")
        asked = asyncio.create_task(link.action("Originate", Channel="Local/1@x"))
        await ami.wait_for("Originate")
        ami.drop()
        with pytest.raises(LinkDownError):
            await asked
        await rig.marks("reconnect", "eof", "reconnect")
        await ami.wait_for("ConfbridgeListRooms", 2)
    assert len(ami.got("Originate")) == 1


async def test_action_while_down_is_refused_at_once(rig: Rig) -> None:
    """Nothing is queued for later."""
    with pytest.raises(LinkDownError):
        await rig.link.action("Ping")


async def test_list_cut_in_the_middle_fails(rig: Rig, ami: FakeAmi) -> None:
    """A list that the connection's end cuts is an error, not a short list."""
    ami.items["QueueStatus"] = [{"Queue": "sales"}, {"Queue": "support"}]
    async with rig.running() as link:
        await ami.wait_for("ConfbridgeListRooms")
        ami.cut = {"QueueStatus"}
        with pytest.raises(LinkDownError):
            await link.action("QueueStatus")


async def test_list_comes_whole(rig: Rig, ami: FakeAmi) -> None:
    """A list's reply is the response, the items and the end, as frames."""
    ami.items["QueueStatus"] = [{"Queue": "sales"}, {"Queue": "support"}]
    async with rig.running() as link:
        frames = await link.action("QueueStatus")
    assert [f.get("Event") for f in frames] == [
        None,
        "QueueEntry",
        "QueueEntry",
        "QueueStatusComplete",
    ]
    assert frames[2]["Queue"] == "support"


async def test_action_without_answer_times_out(journal: Journal, ami: FakeAmi) -> None:
    """Silence after an action is an error in time; the link stays."""
    ami.mute = {"PlayDTMF"}
    rig = Rig(journal, Settings(port=ami.port, action_timeout_s=0.05))
    async with rig.running() as link:
        with pytest.raises(ActionTimeoutError, match="PlayDTMF"):
            await link.action("PlayDTMF", Channel="PJSIP/1", Digit="1")
        assert link.up


async def test_refused_action_says_why(rig: Rig, ami: FakeAmi) -> None:
    """The PBX's reason is in the error."""
    ami.denied = {"Redirect"}
    async with rig.running() as link:
        with pytest.raises(ActionRefusedError, match="Redirect: Permission denied"):
            await link.action("Redirect", Channel="x")


async def test_injected_action_is_refused(rig: Rig, ami: FakeAmi) -> None:
    """CR LF in a value is refused before a byte is written."""
    async with rig.running() as link:
        with pytest.raises(BadFieldError, match="'Value'"):
            await link.action("Setvar", Variable="x", Value="1\r\n\r\nAction: Originate")
        await link.action("Ping")
    assert not ami.got("Setvar")
    assert not ami.got("Originate")


async def test_refused_snapshot_is_not_fatal(rig: Rig, ami: FakeAmi) -> None:
    """A missing right is logged with the class to grant; the rest is asked for all the same."""
    ami.denied = {"CoreShowChannels"}
    with log() as heard:
        async with rig.running() as link:
            await ami.wait_for("ConfbridgeListRooms")
            assert link.up
    (warning,) = [line for line in heard.lines if line["log_level"] == "warning"]
    assert (warning["action"], warning["grant"]) == ("CoreShowChannels", "write = reporting")


async def test_not_a_manager(journal: Journal) -> None:
    """A flood instead of a login is left, with nothing in the journal."""

    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"x" * (9 << 20))
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(flood, "127.0.0.1", 0)
    rig = Rig(journal, Settings(port=server.sockets[0].getsockname()[1]))
    assert "floods" in await first_error(rig)
    server.close()
    assert journal.next_seq == 1


async def test_full_disk_stops_and_goes_on(
    rig: Rig, ami: FakeAmi, monkeypatch: pytest.MonkeyPatch
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
            await ami.wait_for("ConfbridgeListRooms")
            await link.action("Ping")
            known = len(rig.seen)
            full[0] = True
            ami.send(HANGUP)
            await heard.warned.wait()
            assert not link.up
            assert len(rig.seen) == known
            full[0] = False
            await rig.marks("reconnect", "eof", "reconnect")
    assert "Hangup" not in [frame.get("Event") for frame in rig.frames()]
    assert list(rig.journal.read()) == rig.seen
    assert "No space left" in str([line.get("error") for line in heard.lines])


async def test_slow_consumer_costs_no_memory(journal: Journal, ami: FakeAmi) -> None:
    """What a stalled consumer does not take is read back from the journal, all and in order."""
    intake = Intake(journal, budget=100_000)
    link = AmiLink(Settings(port=ami.port), journal, intake)
    run = asyncio.create_task(link.run())
    flood = 20_000
    async with asyncio.timeout(60):
        await ami.wait_for("ConfbridgeListRooms")
        for number in range(flood):
            ami.send(block(("Event", "Newstate"), ("Number", str(number)), ("Pad", "x" * 200)))
            if number % 500 == 0:
                await link.action("Ping")
                assert intake.held <= 100_000
        await link.action("Ping")
        run.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await run
        intake.close()
        chunks = [chunk async for chunk in intake]
    assert intake.spilled > 10
    assert [chunk.seq for chunk in chunks] == list(range(1, journal.next_seq))
    codec = AmiCodec(frozenset({"Newstate"}))
    numbers = [f["Number"] for c in chunks for f in codec.feed(c.data) if "Number" in f]
    assert numbers == [str(number) for number in range(flood)]


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate, which is its own authority, made out for `name`."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    return certificate, key


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """A server's certificate for `localhost`."""
    path, key = make_certificate(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, key)
    return path, context


async def test_tls_with_own_authority(
    journal: Journal, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    """A certificate of one's own authority, made out for the host, is trusted."""
    path, context = certificate
    async with FakeAmi(tls=context) as ami:
        rig = Rig(journal, Settings(port=ami.port, host="localhost", tls=True, tls_ca=path))
        async with rig.running() as link:
            assert link.up


async def test_tls_wrong_name(journal: Journal, certificate: tuple[Path, ssl.SSLContext]) -> None:
    """A certificate for another name is refused unless the check is turned off."""
    path, context = certificate
    async with FakeAmi(tls=context) as ami:
        settings = Settings(port=ami.port, tls=True, tls_ca=path)
        assert "tls_verify_name" in await first_error(Rig(journal, settings))
        settings.tls_verify_name = False
        async with Rig(journal, settings).running() as link:
            assert link.up


async def test_tls_unknown_authority(
    journal: Journal, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    """A certificate that nobody known signed is refused, and the setting named."""
    _, context = certificate
    async with FakeAmi(tls=context) as ami:
        rig = Rig(journal, Settings(port=ami.port, host="localhost", tls=True))
        assert "tls_ca" in await first_error(rig)
    assert journal.next_seq == 1


async def test_missing_authority_file(journal: Journal, tmp_path: Path, ami: FakeAmi) -> None:
    """A CA file that is not there is named."""
    missing = tmp_path / "none.pem"
    rig = Rig(journal, Settings(port=ami.port, tls=True, tls_ca=missing))
    assert "none.pem" in await first_error(rig)
