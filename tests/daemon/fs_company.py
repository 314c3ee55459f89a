"""The company's FreeSWITCH: a recorded call of it, part by part, and the attachment."""

import re
import time
from pathlib import Path
from typing import Any

from calltrackd.pbx.esl import EslCodec
from calltrackd.pbx.esl_framer import EslFramer
from calltrackd.pbx.freeswitch import WANTED
from calltrackd.pbx.stream import Stream
from calltrackd.settings import FreeswitchPbx
from tests.daemon.company import SECRET
from tests.fakes.esl import FakeEsl

RECORDED = Path(__file__).parents[1] / "streams/given/freeswitch/dtmf_operator.jsonl.gz"
CLIENT = "b7e8e49c-51db-4fc2-9f87-59a0afc9dad0"
PHONE = "964889a4-65ca-466c-b6d4-7b1b7943e5f1"
CORE = re.compile(r"Core-UUID: (\S+)")


class FsCall:
    """A real call of FreeSWITCH 1.11 to 1001, which presses 5; ids of its own, begun just now."""

    def __init__(self, number: int, caller: str = "79161234567") -> None:
        self.client = CLIENT[:-4] + f"{number:04x}"
        self.phone = PHONE[:-4] + f"{number:04x}"
        self._caller = caller
        self._late_us = 0
        found = [self._told(name, raw) for name, raw in _events()]
        self.rings = self._upto(found, "CHANNEL_PROGRESS")
        self.answers = self._upto(found, "CHANNEL_BRIDGE")
        self.key_5 = self._upto(found, "DTMF")
        self._upto(found, "DTMF", times=3)
        self.ends = b"".join(raw for _, raw in found)
        self.whole = self.rings + self.answers + self.key_5 + self.ends

    def _told(self, name: str, raw: str) -> tuple[str, bytes]:
        for old, new in ((CLIENT, self.client), (PHONE, self.phone), ("79161234567", self._caller)):
            raw = raw.replace(old, new)
        raw = re.sub(r"(?<=Event-Date-Timestamp: )\d+", self._now, raw)
        return name, headed(raw.encode("latin-1"))

    def _now(self, found: re.Match[str]) -> str:
        self._late_us = self._late_us or round(time.time() * 1e6) - int(found[0])
        return str(int(found[0]) + self._late_us)

    @staticmethod
    def _upto(found: list[tuple[str, bytes]], last: str, times: int = 1) -> bytes:
        """Take the events up to the one of that name."""
        taken = b""
        while times:
            name, raw = found.pop(0)
            taken += raw
            times -= name == last
        return taken

    @property
    def rows(self) -> list[dict[str, str]]:
        """Both channels as `show channels` lists them amid the talk."""
        made = str(int(time.time()))
        common = {"callstate": "ACTIVE", "created_epoch": made, "call_uuid": self.client}
        return [
            {"uuid": self.client, "direction": "inbound", "name": "sofia/trunk/7916@127.0.8.1:7001",
             "initial_dest": "74950000001", "initial_cid_num": self._caller, **common},
            {"uuid": self.phone, "direction": "outbound",
             "name": "sofia/internal/1001@127.0.8.1:6001", **common},
        ]  # fmt: skip

    @property
    def pairs(self) -> list[dict[str, str]]:
        """... and as `show calls` pairs them."""
        return [{"uuid": self.client, "b_uuid": self.phone}]

    def lives_on(self, esl: FakeEsl) -> None:
        """Let another event socket know of it."""
        esl.channels, esl.calls = self.rows, self.pairs
        for row in self.rows:
            esl.dumps[row["uuid"]] = {"Unique-ID": row["uuid"], "Channel-Name": row["name"]}


def _events() -> list[tuple[str, str]]:
    """Name and text of each wanted event of the recording."""
    framer, codec = EslFramer(), EslCodec(WANTED)
    bodies = [body for chunk in Stream(RECORDED) for _, body in framer.cut(chunk.data)]
    told = ((frame, body) for body in bodies for frame in codec.feed(headed(body)))
    return [(frame.name, body.decode("latin-1")) for frame, body in told]


def headed(body: bytes) -> bytes:
    """An event as it comes over the wire."""
    return b"Content-Length: %d\nContent-Type: text/event-plain\n\n%s" % (len(body), body)


def core_of(data: bytes) -> str:
    """The run of FreeSWITCH that told this."""
    found = CORE.search(data.decode("latin-1"))
    assert found is not None
    return found[1]


def fs(esl: FakeEsl, name: str = "branch", **fields: Any) -> FreeswitchPbx:
    """The attachment to a fake FreeSWITCH, impatient."""
    given = {"port": esl.port, "secret": SECRET, "retry_cap_s": 0.05, **fields}
    return FreeswitchPbx(kind="freeswitch", name=name, **given)
