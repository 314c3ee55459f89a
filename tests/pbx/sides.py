"""Both makes of PBX in the same words, so that one test holds for either attachment."""

from collections.abc import Callable
from typing import Any

from calltrackd.pbx.ami_link import AmiLink
from calltrackd.pbx.esl import EslCodec
from calltrackd.pbx.esl_link import EslLink
from calltrackd.pbx.journal import Journal
from calltrackd.pbx.link import Link
from calltrackd.pbx.wire import AmiCodec
from calltrackd.settings import AsteriskPbx, FreeswitchPbx
from tests.fakes.ami import FakeAmi, block
from tests.fakes.esl import FakeEsl, event
from tests.pbx.rig import Rig

IMPATIENT = {
    "secret": "labsecret",
    "ping_every_s": 60.0,
    "ping_timeout_s": 0.05,
    "retry_cap_s": 0.01,
    "connect_timeout_s": 5.0,
    "action_timeout_s": 5.0,
}


class AmiSide:
    """Asterisk."""

    kind = "ami"
    ping, login, last_asked, question = "Ping", "Login", "ConfbridgeListRooms", "PlayDTMF"
    greeting = b"Asterisk Call Manager"
    advice = r"'calltrackd'.*manager\.conf"

    def __init__(self) -> None:
        self.server = FakeAmi()

    def again(self) -> FakeAmi:
        """Another server at the same port."""
        return FakeAmi(port=self.server.port)

    def rig(self, journal: Journal, **fields: Any) -> Rig:
        """A link to the server."""
        rig = Rig(journal, AmiCodec)
        rig.link = self.link(journal, rig, **fields)
        return rig

    def link(
        self, journal: Journal, sink: Any, clock: Callable[[], float] | None = None, **fields: Any
    ) -> Link[Any]:
        """A link to the server."""
        given = {**IMPATIENT, "port": self.server.port, **fields}
        settings = AsteriskPbx(kind="asterisk", name="office", **given)
        more = {} if clock is None else {"clock": clock}
        return AmiLink(settings, journal, sink, draw=lambda: 1.0, **more)

    def not_ready(self) -> None:
        """It lets nobody in for now."""
        self.server.refusal = "Asterisk is shutting down"

    def ready(self) -> None:
        """It does again."""
        self.server.refusal = None

    def silent(self) -> None:
        """It accepts connections and says nothing."""
        self.server.banner = b""

    def happens(self, number: int) -> bytes:
        """A numbered event."""
        pad = ("Pad", "x" * 200)
        return block(("Event", "Newstate"), ("Uniqueid", f"n{number}"), pad)

    def numbers(self, frames: list[Any]) -> list[str]:
        """The numbers of such events."""
        return [f["Uniqueid"][1:] for f in frames if f.get("Event") == "Newstate"]

    async def ask(self, link: Link[Any], extra: str = "1") -> Any:
        """A question of ours."""
        assert isinstance(link, AmiLink)
        return await link.action("PlayDTMF", Channel="PJSIP/1", Digit=extra)

    async def harmless(self, link: Link[Any]) -> None:
        """Another, which changes nothing."""
        assert isinstance(link, AmiLink)
        await link.action("Ping")


class EslSide:
    """FreeSWITCH."""

    kind = "esl-plain"
    ping, login, last_asked, question = "uptime", "auth", "show channels as json", "uuid_displace"
    greeting = b"Content-Type: auth/request"
    advice = r"refuses the password.*event_socket\.conf\.xml"

    def __init__(self) -> None:
        self.server = FakeEsl()

    def again(self) -> FakeEsl:
        """Another server at the same port."""
        return FakeEsl(port=self.server.port)

    def rig(self, journal: Journal, **fields: Any) -> Rig:
        """A link to the server."""
        rig = Rig(journal, EslCodec)
        rig.link = self.link(journal, rig, **fields)
        return rig

    def link(
        self, journal: Journal, sink: Any, clock: Callable[[], float] | None = None, **fields: Any
    ) -> Link[Any]:
        """A link to the server."""
        given = {**IMPATIENT, "port": self.server.port, **fields}
        settings = FreeswitchPbx(kind="freeswitch", name="office", **given)
        more = {} if clock is None else {"clock": clock}
        return EslLink(settings, journal, sink, draw=lambda: 1.0, **more)

    def not_ready(self) -> None:
        """It lets nobody in for now."""
        self.server.closes = True

    def ready(self) -> None:
        """It does again."""
        self.server.closes = False

    def silent(self) -> None:
        """It accepts connections and says nothing."""
        self.server.greeting = b""

    def happens(self, number: int) -> bytes:
        """A numbered event."""
        return event("CHANNEL_HOLD", Unique_ID=f"n{number}", variable_pad="x" * 200)

    def numbers(self, frames: list[Any]) -> list[str]:
        """The numbers of such events."""
        return [f.headers["Unique-ID"][1:] for f in frames if f.name == "CHANNEL_HOLD"]

    async def ask(self, link: Link[Any], extra: str = "1") -> Any:
        """A question of ours."""
        assert isinstance(link, EslLink)
        return await link.ask(f"uuid_displace {extra} start tone_stream://x 0 mux")

    async def harmless(self, link: Link[Any]) -> None:
        """Another, which changes nothing."""
        assert isinstance(link, EslLink)
        await link.ask("uptime")


Side = AmiSide | EslSide
