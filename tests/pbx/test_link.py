"""The link to an Asterisk: login, lists, TLS. What holds for either make: test_contract.py."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from pydantic import SecretStr

from calltrackd.pbx.ami_link import AmiLink
from calltrackd.pbx.errors import (
    LinkDownError,
    LoginRefusedError,
)
from calltrackd.pbx.journal import Journal
from calltrackd.pbx.wire import AmiCodec
from tests.fakes.ami import FakeAmi, block
from tests.pbx.rig import Rig, log

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


def rig_of(journal: Journal, settings: Settings) -> Rig:
    """A link of these settings."""
    rig = Rig(journal, AmiCodec)
    rig.link = AmiLink(settings, journal, rig, draw=lambda: 1.0)
    return rig


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
    return rig_of(journal, Settings(port=ami.port))


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
    async with rig_of(journal, Settings(port=ami.port, login="plain")).running():
        pass
    assert ami.got("Login")[0]["Secret"] == "labsecret"
    assert not ami.got("Challenge")


async def test_reply_after_half_an_event(rig: Rig, ami: FakeAmi) -> None:
    """An action asked for in the middle of an event finds its reply behind the event's end."""
    event = block(("Event", "Hangup"), ("Channel", "PJSIP/101-00000001"))
    ami.mute.add("CoreStatus")
    async with rig.running() as link:
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(event[:20])
        asked = asyncio.create_task(link.action("CoreStatus"))
        await ami.wait_for("CoreStatus")
        same = ("ActionID", ami.got("CoreStatus")[0]["ActionID"])
        ami.send(event[20:] + block(("Response", "Success"), same, ("CoreCurrentCalls", "7")))
        assert (await asked)[0]["CoreCurrentCalls"] == "7"


@pytest.mark.parametrize("login", ["challenge", "plain"])
async def test_wrong_secret_stops(
    journal: Journal, ami: FakeAmi, login: Literal["challenge", "plain"]
) -> None:
    """A wrong secret is tried once, then an error names the user and where to mend it."""
    ami.secret = "another"
    rig = rig_of(journal, Settings(port=ami.port, login=login))
    with pytest.raises(LoginRefusedError, match=r"'lab'.*manager\.conf"):
        await asyncio.wait_for(rig.link.run(), 10)
    assert len(ami.got("Login")) == 1
    assert rig.seen == []


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


async def test_refused_snapshot_is_not_fatal(rig: Rig, ami: FakeAmi) -> None:
    """A missing right is logged with the class to grant; the rest is asked for all the same."""
    ami.denied = {"CoreShowChannels"}
    with log() as heard:
        async with rig.running() as link:
            await ami.wait_for("ConfbridgeListRooms")
            assert link.up
    (warning,) = [line for line in heard.lines if line["log_level"] == "warning"]
    assert (warning["action"], warning["grant"]) == ("CoreShowChannels", "write = reporting")


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
        rig = rig_of(journal, Settings(port=ami.port, host="localhost", tls=True, tls_ca=path))
        async with rig.running() as link:
            assert link.up


async def test_tls_wrong_name(journal: Journal, certificate: tuple[Path, ssl.SSLContext]) -> None:
    """A certificate for another name is refused unless the check is turned off."""
    path, context = certificate
    async with FakeAmi(tls=context) as ami:
        settings = Settings(port=ami.port, tls=True, tls_ca=path)
        assert "tls_verify_name" in await (rig_of(journal, settings)).first_error()
        settings.tls_verify_name = False
        async with rig_of(journal, settings).running() as link:
            assert link.up


async def test_tls_unknown_authority(
    journal: Journal, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    """A certificate that nobody known signed is refused, and the setting named."""
    _, context = certificate
    async with FakeAmi(tls=context) as ami:
        rig = rig_of(journal, Settings(port=ami.port, host="localhost", tls=True))
        assert "tls_ca" in await rig.first_error()
    assert journal.next_seq == 1


async def test_missing_authority_file(journal: Journal, tmp_path: Path, ami: FakeAmi) -> None:
    """A CA file that is not there is named."""
    missing = tmp_path / "none.pem"
    rig = rig_of(journal, Settings(port=ami.port, tls=True, tls_ca=missing))
    assert "none.pem" in await rig.first_error()
