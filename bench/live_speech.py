"""How long after a word's end the CRM has its alert: real Asterisk 22, real vosk, fixture voices.

    python bench/live_speech.py [CALLS]

Each call a client says "this is too expensive i want a refund" and falls silent. Figures are
seconds from the end of "refund", as it leaves the phone, to the webhook's arrival.
"""

import asyncio
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.lab.asterisk import Asterisk
from tests.live.hearing import heard
from tests.live.speaking import turn

AIM_S = 1.5


async def main(calls: int) -> None:
    angry = turn("en_coffee_A", "too expensive")
    late: list[float] = []
    with tempfile.TemporaryDirectory() as folder, Asterisk(22, Path(folder) / "pbx") as pbx:
        home = Path(folder) / "daemon"
        home.mkdir()
        async with heard(pbx, home, Path(folder) / "models") as one:
            for _ in range(calls):
                talk = await one.talk("101")
                began = talk.caller.rtp.say(angry.speech)
                known = len(one.alerts("refund"))
                told = await one.alert("refund", after=known)
                late.append(told["heard_at"] - began - angry.ends["refund"])
                await talk.caller.bye()
    median = statistics.median(late)
    print(f"{calls} calls: median {median:.2f} s, worst {max(late):.2f} s (aim: {AIM_S} s)")
    if median > AIM_S:
        sys.exit(1)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 9))
