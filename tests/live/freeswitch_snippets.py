"""The snippets of dialplan/freeswitch in a given FreeSWITCH, each in a context of its own.

Nothing of what else runs there sees them: a call reaches them by dialling `snippet-NAME`.
"""

import shutil
import wave
from array import array
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.lab.diary import Diary
from tests.lab.esl_tap import EslTap
from tests.lab.freeswitch import Freeswitch
from tests.lab.sip.call import Call
from tests.lab.sip.phone import Identity, Phone
from tests.lab.sip.sound import Ear
from tests.lab.stage import pause

SNIPPETS = Path(__file__).parents[2] / "dialplan/freeswitch"
CLIENT = ("127.0.0.220", 7060)
PHONE = ("127.0.0.221", 7061)
HERTZ = {"client": 400, "operator": 1000}
CONTEXTS = {
    "plain": (),
    "keys": ("calltrackd_record.xml", "calltrackd_keys.xml"),
    "codes": ("calltrackd_record_outbound.xml", "calltrackd_codes.xml"),
}
"""Context -> the snippets in it, which lie before its only other extension."""

DOOR = """<include>
<extension name="snippets">
<condition field="destination_number" expression="^snippet-(\\w+)$">
<action application="transfer" data="$1 XML snippet-$1"/>
</condition>
</extension>
</include>
"""
CONTEXT = """<include>
<context name="snippet-{name}">
<X-PRE-PROCESS cmd="include" data="snippet-{name}/*.xml"/>
<extension name="operator">
<condition>
<action application="bridge" data="sofia/internal/1001@{ip}:{port}"/>
</condition>
</extension>
</context>
</include>
"""


class Laid:
    """The files that were laid into a configuration; taken away again by `clear`."""

    def __init__(self, home: Path) -> None:
        self._plan = home / "dialplan"
        self.files = [self._plan / "public/00_snippets.xml", home / "directory/snippet.xml"]

    def lay(self) -> None:
        """Door, contexts and the login."""
        self.files[0].write_text(DOOR)
        shutil.copy(SNIPPETS / "directory_calltrackd.xml", self.files[1])
        for name, snippets in CONTEXTS.items():
            context, folder = self._plan / f"snippet-{name}.xml", self._plan / f"snippet-{name}"
            ip, port = PHONE
            context.write_text(CONTEXT.format(name=name, ip=ip, port=port))
            self.files += [context, folder]
            folder.mkdir(exist_ok=True)
            for snippet in snippets:
                shutil.copy(SNIPPETS / snippet, folder)

    def clear(self) -> None:
        """As it was."""
        for file in self.files:
            if file.is_dir():
                shutil.rmtree(file)
            else:
                file.unlink(missing_ok=True)


def laid(pbx: Freeswitch) -> Iterator[None]:
    """While the snippets are loaded. OSError when its configuration is not ours to write."""
    files = Laid(Path(pbx.api("global_getvar conf_dir").strip()))
    try:
        files.lay()
        assert pbx.api("reloadxml").strip() == "+OK [Success]"
        yield
    finally:
        files.clear()
        pbx.api("reloadxml")


class Talk:
    """A client and an operator who speak through a context."""

    def __init__(self, tap: EslTap, diary: Diary, client: Call, operator: Call) -> None:
        self.tap, self.diary, self.client, self.operator = tap, diary, client, operator

    def heard(self, phone: str) -> str:
        """Keys that reached a phone."""
        return "".join(self._noted(phone, "digit_in", "digit"))

    def statuses(self) -> list[int]:
        """Provisional answers that the client saw."""
        return self._noted("client", "progress", "code")

    def told(self) -> str:
        """Keys that calltrackd takes for pressed."""
        keys = self._events("DTMF")
        return "".join(k["DTMF-Digit"] for k in keys if k["DTMF-Source"] != "APP")

    def recording(self) -> Path:
        """The file that was told."""
        (path,) = {told["Record-File-Path"] for told in self._events("RECORD_STOP")}
        return Path(path)

    def _noted(self, phone: str, what: str, detail: str) -> list[Any]:
        entries = self.diary.entries
        return [e.detail[detail] for e in entries if (e.phone, e.what) == (phone, what)]

    def _events(self, name: str) -> list[dict[str, str]]:
        """Of these two phones: others may be calling, too."""
        addresses = (f"@{CLIENT[0]}", f"@{PHONE[0]}")
        return [
            event.headers
            for event in self.tap.events
            if event.name == name and any(a in event.headers["Channel-Name"] for a in addresses)
        ]


@asynccontextmanager
async def talk(pbx: Freeswitch, context: str, *, ring_s: float = 0.0) -> AsyncIterator[Talk]:
    """Both are up; at the end the client hangs up, and its channel is gone."""
    tap, diary, ear = EslTap(pbx.settings), Diary(), Ear(HERTZ)
    lines, phones = ("127.0.0.1", pbx.ports.lines), ("127.0.0.1", pbx.ports.sip)
    client = Phone(_identity("client", "79161234567", CLIENT), lines, diary, ear)
    operator = Phone(_identity("operator", "1001", PHONE), phones, diary, ear)
    await tap.connect(pbx.port)
    await client.open()
    await operator.open()
    try:
        calling = await client.dial(f"snippet-{context}", shown="79161234567")
        ringing = await operator.incoming()
        ringing.ring()
        await pause(ring_s)
        await ringing.answer()
        await calling.until_up()
        yield Talk(tap, diary, calling, ringing)
        await calling.bye()
        await ringing.until_over()
        await pause(0.5)  # the last events are on their way
    finally:
        await client.close()
        await operator.close()
        await tap.close()


def _identity(name: str, user: str, where: tuple[str, int]) -> Identity:
    return Identity(name=name, user=user, ip=where[0], port=where[1], hertz=HERTZ[name])


def speakers(path: Path) -> tuple[list[str], float]:
    """Who is in each channel, by the nearest tone, and seconds. A busy machine loses packets."""
    with wave.open(str(path)) as file:
        samples, count = array("h", file.readframes(file.getnframes())), file.getnchannels()
        seconds = file.getnframes() / file.getframerate()
    hertz = [_pitch(samples[n::count]) for n in range(count)]
    return [min(HERTZ, key=lambda name: abs(HERTZ[name] - one)) for one in hertz], seconds


def _pitch(samples: "array[int]") -> float:
    """By rising zero crossings of the louder part."""
    loud = [n for n, sample in enumerate(samples) if abs(sample) > 2000]
    part = samples[loud[0] : loud[-1]]
    return sum(1 for a, b in pairwise(part) if a < 0 <= b) * 8000 / len(part)
