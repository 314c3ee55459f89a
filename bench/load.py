"""100 SIP calls a second on this machine: none lost, none extra, how late, at what price.

    python bench/load.py [calls a second] [seconds] [record]

All is real and on loopback: Asterisk 22, phones that signal (no sound), the daemon as a child
process behind the manager user of dialplan/asterisk/manager_calltrackd.conf, and a receiver that
keeps the moment of each request's first byte. An event's time is that at which Asterisk made it: it
stamps each (timestampevents), and the journal has them all; both clocks are this machine's.
`record`: every call is recorded as dialplan/asterisk/extensions_calltrackd.conf does it.

Aims: p99 from event to webhook under 50 ms, daemon under a quarter of a core.
"""

import asyncio
import dataclasses
import json
import multiprocessing
import os
import re
import sys
import tempfile
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles
from typing import ClassVar

sys.path.insert(0, str(Path(__file__).parent.parent))

from calltrackd.pbx.journal import Journal
from tests.crash.daemon import Daemon
from tests.lab.asterisk import Asterisk
from tests.lab.traffic import Attempt, Plan, Traffic, repeated

PLAN = Plan("74950000001", "sink", ring=0.2, talk=2.5)
DIALPLAN = """
[bench]
exten => _X.,1,{record}Dial(PJSIP/sink,30)
 same => n,Hangup()
"""
RECORD = "Gosub(calltrackd-record,s,1)\n same => n,"
TELLS = {
    "Event: Newchannel": "call.started",
    "Event: BridgeEnter": "call.answered",
    "Event: Hangup": "call.ended",
}
"""The first event of a step, of either channel."""
ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"
CALLER = re.compile(r"\r\n(?:CallerIDNum|ConnectedLineNum): (79\d{9})\r\n")
STAMP = re.compile(r"\r\nTimestamp: ([0-9.]+)\r\n")
TICKS = os.sysconf("SC_CLK_TCK")


class Quick(asyncio.Protocol):
    """The least receiver: notes when a request began and its body, answers 204."""

    seen: ClassVar[list[tuple[float, bytes]]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # what create_server gives
        self.transport, self.data, self.began = transport, b"", 0.0

    def data_received(self, data: bytes) -> None:
        self.began = self.began or time.time()
        self.data += data
        head, gap, body = self.data.partition(b"\r\n\r\n")
        if not gap:
            return
        at = head.lower().index(b"content-length: ") + 16
        if len(body) >= int(head[at:].split(b"\r\n")[0]):
            Quick.seen.append((self.began, body))
            self.data, self.began = b"", 0.0
            self.transport.write(ANSWER)


def receive(pipe: Connection) -> None:
    """The receiver's process: port out; at the end, all that was seen."""

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Quick, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await loop.run_in_executor(None, pipe.recv)

    asyncio.run(serve())
    pipe.send(Quick.seen)


def furnished(folder: Path, *, record: bool) -> Asterisk:
    """A PBX with room for sound ports of 500 calls, its trunk in a context of the bench."""
    pbx = Asterisk(22, folder)
    pbx.ports = dataclasses.replace(pbx.ports, rtp_first=10_000, rtp_last=19_998)
    pbx.prepare()
    etc = folder / "etc"
    with (etc / "extensions.conf").open("a") as out:
        out.write(DIALPLAN.format(record=RECORD if record else ""))
    trunks = (etc / "pjsip.conf").read_text().replace("context=from-trunk\n", "context=bench\n")
    (etc / "pjsip.conf").write_text(trunks)
    manager = (etc / "manager.conf").read_text()
    stamping = manager.replace("[general]\n", "[general]\ntimestampevents = yes\n", 1)
    (etc / "manager.conf").write_text(stamping)
    return pbx


def cpu_s(pid: int) -> float:
    """Processor seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def run(
    pbx: Asterisk, daemon: Daemon, rate: float, duration: float
) -> tuple[dict[str, Attempt], float, float, float]:
    """Calls; and the shares of a core that daemon, PBX and phones took while they were dialled."""
    phones = {"sink": "127.0.0.90"}
    async with Traffic(pbx.ports.sip, pbx.ports.phone, phones) as traffic:
        await daemon.start()
        await daemon.ready()
        await asyncio.sleep(1.0)
        pids = daemon.pid, int((pbx.folder / "pid").read_text())
        before, began = [cpu_s(pid) for pid in pids], time.monotonic()
        own = time.process_time()
        await traffic.run(repeated([PLAN]), rate, duration)
        took = time.monotonic() - began
        shares = [(cpu_s(pid) - was) / took for pid, was in zip(pids, before, strict=True)]
        own = (time.process_time() - own) / took
        await traffic.settled()
        await daemon.all_told()
        await daemon.terminate()
    return traffic.attempts, shares[0], shares[1], own


def stamps(folder: Path) -> dict[tuple[str, str], float]:
    """Step and caller -> when Asterisk made the event that tells of it, unix seconds."""
    found: dict[tuple[str, str], float] = {}
    stream = b"".join(chunk.data for chunk in Journal(folder / "state/journal", "office").read())
    for event in stream.decode().split("\r\n\r\n"):
        step = TELLS.get(event.partition("\r\n")[0])
        if step is not None and (caller := CALLER.search(event)):
            stamp = STAMP.search(event)
            assert stamp is not None  # timestampevents
            found.setdefault((step, caller[1]), float(stamp[1]))
    return found


def delays(
    seen: list[tuple[float, bytes]], stamped: dict[tuple[str, str], float]
) -> dict[str, list[float]]:
    """Step -> seconds from Asterisk's event to the request on the wire."""
    found: dict[str, list[float]] = {}
    for at, body in seen:
        event = json.loads(body)
        step, caller = event["type"], event["data"]["caller"][1:]
        found.setdefault(step, []).append(at - stamped[step, caller])
    return found


def tell(
    seen: list[tuple[float, bytes]],
    attempts: dict[str, Attempt],
    stamped: dict[tuple[str, str], float],
) -> bool:
    """Print what came; whether all did."""
    told = Counter(
        (json.loads(body)["data"]["caller"][1:], json.loads(body)["type"]) for _, body in seen
    )
    owed = {(number, step) for number in attempts for step in ("call.started", "call.ended")}
    owed |= {(n, "call.answered") for n, a in attempts.items() if a.picked_up_at is not None}
    lost, extra = owed - told.keys(), sum((told - Counter(dict.fromkeys(owed, 1))).values())
    reached = sum(attempt.picked_up_at is not None for attempt in attempts.values())
    print(
        f"{len(attempts)} calls, {reached} answered: {len(owed)} events owed,"
        f" {len(lost)} lost, {extra} extra"
    )
    every = []
    for step, times in sorted(delays(seen, stamped).items()):
        every += times
        print(f"  {step:14} {_percentiles(times)}")
    print(f"  {'all':14} {_percentiles(every)} (aim: p99 under 50 ms)")
    return not lost and not extra


def _percentiles(times: list[float]) -> str:
    cuts = quantiles(times, n=1000)
    return (
        f"p50 {median(times) * 1e3:6.1f} ms   p99 {cuts[989] * 1e3:6.1f} ms"
        f"   p99.9 {cuts[998] * 1e3:6.1f} ms"
    )


def main(rate: float = 100.0, duration: float = 30.0) -> int:
    """Exit code 1 when a call was lost or extra."""
    ours, theirs = multiprocessing.Pipe()
    receiver = multiprocessing.Process(target=receive, args=(theirs,), daemon=True)
    receiver.start()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "daemon").mkdir()
        with furnished(home / "asterisk", record="record" in sys.argv) as pbx:
            daemon = Daemon(home / "daemon", pbx.ami_port, f"http://127.0.0.1:{ours.recv()}/")
            attempts, share, asterisk, phones = asyncio.run(run(pbx, daemon, rate, duration))
        stamped = stamps(home / "daemon")
    ours.send("end")
    right = tell(ours.recv(), attempts, stamped)
    receiver.join(5)
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    print(
        f"  {rate:g} calls/s for {duration:g} s: daemon {share:.2f} of a core (aim 0.25),"
        f" Asterisk {asterisk:.2f}, ratio {share / asterisk:.2f}, phones {phones:.2f};"
        f" load average {load}"
    )
    return 0 if right else 1


if __name__ == "__main__":
    given = [float(word) for word in sys.argv[1:] if word != "record"]
    sys.exit(main(*given))
