"""A company that is heard: a real Asterisk, phones that speak, a daemon that listens live."""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

from tests.crash.daemon import KEY, Daemon
from tests.fakes.receiver import Receiver
from tests.lab.asterisk import Asterisk
from tests.lab.sip.call import Call
from tests.lab.sip.sound import SILENCE
from tests.lab.stage import Stage, pause
from tests.live.speaking import Turn
from tests.speech import given

SPEECH = """
[speech]
enabled = true
language = "en"
share = 1.0
settle_s = 300.0  # nothing here is heard from a finished recording
[speech.live]
enabled = true
source = "{source}"
port = 0
[[speech.vosk]]
language = "en"
model = "{model}"

[[phrase]]
name = "refund"
match = "want ..1 refund"
side = "client"
alert = true

[[phrase]]
name = "expensive"
match = "too expensive"
side = "client"
alert = true

[[phrase]]
name = "greeting"
match = "good morning"
side = "operator"

[[phrase]]
name = "price"
match = "fifty dollars"
side = "operator"
alert = true

[recordings]
folders = ["{recordings}"]
"""
Source = Literal["auto", "tap", "files"]
PATIENCE_S = 20.0
TAPPED_S = 2.0
"""People say nothing for so long after the answer: the machine of a test is slow."""


class Heard:
    """The stage, with what the CRM hears of it."""

    def __init__(self, stage: Stage, daemon: Daemon, receiver: Receiver) -> None:
        self.stage = stage
        self.daemon = daemon
        self._receiver = receiver

    def events(self, kind: str) -> list[dict[str, Any]]:
        """What the CRM was told: the bodies, with `heard_at` (unix seconds)."""
        skew = time.time() - time.perf_counter()
        told = [{**hit.event, "heard_at": hit.at + skew} for hit in self._receiver.hits]
        return [one for one in told if one["type"] == kind]

    def alerts(self, rule: str) -> list[dict[str, Any]]:
        """The alerts of a rule so far."""
        return [e for e in self.events("call.alert") if e["alert"]["rule"] == rule]

    async def alert(self, rule: str, after: int = 0) -> dict[str, Any]:
        """The alert of a rule, once it came; the one after so many."""
        async with asyncio.timeout(PATIENCE_S):
            while len(found := self.alerts(rule)) <= after:  # noqa: ASYNC110 - the truth is the CRM
                await asyncio.sleep(0.005)
        return found[after]

    async def heard_saying(self, rtp: Any, said: Turn, rule: str) -> tuple[float, dict[str, Any]]:
        """When it was said, and the alert: an engine misses a phrase now and then, so thrice."""
        for _ in range(3):
            before, began = len(self.alerts(rule)), rtp.say(said.speech)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(said.seconds + 6.0):
                    return began, await self.alert(rule, before)
        raise AssertionError(f"{rule}: said three times, never heard")

    async def taps(self) -> list[str]:
        """Whose voices are tapped now: `101`, `trunk`."""
        shown = await asyncio.to_thread(self.stage.pbx.cli, "core show channels concise")
        return sorted(re.findall(r"!ChanSpy!PJSIP/(\w+)-[0-9a-f]+,", shown))

    async def tapped(self, *phones: str) -> None:
        """Until the voices of just these are."""
        async with asyncio.timeout(PATIENCE_S):
            while await self.taps() != sorted(phones):  # noqa: ASYNC110 - the truth is the PBX
                await asyncio.sleep(0.1)

    async def tag(self, name: str) -> dict[str, Any]:
        """The tag of a record in the store, once it stands."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for record in await self.daemon.records():
                    for tag in record.tags:
                        if tag.name == name:
                            return {"ended": record.ended_at, **tag.evidence}
                await asyncio.sleep(0.1)

    async def talk(self, operator: str, did: str = "01", phone: str = "client") -> "Talk":
        """A client calls, an operator answers; both are silent until they speak."""
        caller = await self.stage.call_in(did, phone)
        caller.rtp.voice = SILENCE
        answered = await self.stage.rings(operator, 0.2)
        answered.rtp.voice = SILENCE
        await answered.answer()
        await caller.until_up()
        await pause(TAPPED_S)
        return Talk(caller, answered)


class Talk:
    """Two who speak."""

    def __init__(self, caller: Call, operator: Call) -> None:
        self.caller = caller
        self.operator = operator


@asynccontextmanager
async def heard(
    pbx: Asterisk, folder: Path, models: Path, source: Source = "tap"
) -> AsyncIterator[Heard]:
    """The daemon attached to `pbx`; all phones are closed at the end."""
    async with Receiver((KEY,)) as receiver:
        daemon = Daemon(folder, pbx.ami_port, receiver.url)
        listen(daemon, models, source, pbx.folder / "spool/monitor")
        async with playing(daemon, Stage(pbx), receiver) as one:
            yield one


def listen(daemon: Daemon, models: Path, source: Source, recordings: Path) -> None:
    """Have it hear calls live; its PBX records into that folder."""
    model = given.model("en", models).absolute()
    speech = SPEECH.format(model=model, source=source, recordings=recordings)
    daemon.config.write_text(daemon.config.read_text() + speech)


@asynccontextmanager
async def playing(daemon: Daemon, stage: Stage, receiver: Receiver) -> AsyncIterator[Heard]:
    """While the daemon runs and the phones are there."""
    async with daemon:
        await daemon.start()
        await daemon.ready()
        async with stage:
            yield Heard(stage, daemon, receiver)
        with contextlib.suppress(TimeoutError):
            await daemon.terminate()
