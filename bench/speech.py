"""Audio seconds a core second: our pool, end to end, against bare vosk on the same calls.

Bare: a process a core with nothing but vosk, fed with samples that are resampled already, all of
them. Ours: files on the disk, read, resampled, listened to for silence, decoded in children, joined
to a transcript; the daemon's own time counts too. Both cores are busy; processor time is counted,
so that neighbours on a shared machine disturb little; median of 3 rounds by turns. Models are
loaded before. Fixture models are 8 times smaller than real ones, so what is around vosk weighs more
here than it will there.
"""

import asyncio
import multiprocessing
import os
import statistics
import sys
import time
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from calltrackd.speech.audio.tracks import tracks_of_file  # noqa: E402 - the checkout's own
from calltrackd.speech.engines.plan import VoskPlan  # noqa: E402 - the same
from calltrackd.speech.pool import Pool  # noqa: E402 - the same
from calltrackd.speech.silence import kept  # noqa: E402 - the same
from calltrackd.speech.vad import speech_spans  # noqa: E402 - the same
from tests.speech import given  # noqa: E402 - the same

CORES = os.cpu_count() or 1
ROUNDS = 3
TIMES = 1
"""How often each process decodes each call."""
AIM = 0.9
RATE = 16_000


def bare(model: str, sides: list[bytes], barrier: Barrier, took: "Queue[float]") -> None:
    """One core: nothing but vosk."""
    import vosk  # noqa: PLC0415 - in its own process only

    vosk.SetLogLevel(-2)
    loaded = vosk.Model(model)
    vosk.KaldiRecognizer(loaded, RATE).AcceptWaveform(bytes(RATE))
    barrier.wait()
    start = time.process_time()
    for pcm in sides * TIMES:
        recognizer = vosk.KaldiRecognizer(loaded, RATE)
        recognizer.SetWords(True)
        for at in range(0, len(pcm), RATE):
            if recognizer.AcceptWaveform(pcm[at : at + RATE]):
                recognizer.Result()
        recognizer.FinalResult()
    took.put(time.process_time() - start)


def run_bare(model: str, files: list[Path]) -> float:
    """Processor seconds, all cores busy with the same calls."""
    tracks = [track for file in files for track in tracks_of_file(file)]
    sides = [b"".join(track.pcm(RATE)) for track in tracks]
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(CORES)
    took: Queue[float] = context.Queue()
    processes = [
        context.Process(target=bare, args=(model, sides, barrier, took)) for _ in range(CORES)
    ]
    for process in processes:
        process.start()
    seconds = [took.get() for _ in processes]
    for process in processes:
        process.join()
    return sum(seconds)


async def run_ours(model: str, files: list[Path]) -> float:
    """The same work by the pool."""
    pool = Pool(CORES, nice=0)
    plan = VoskPlan(model)
    warm = [
        pool.transcribe(plan, "ru", tracks_of_file(files[0]), limit_s=600) for _ in range(CORES)
    ]
    await asyncio.gather(*warm)
    start = spent(pool)
    jobs = [
        pool.transcribe(plan, "ru", tracks_of_file(file), limit_s=600)
        for file in files * TIMES * CORES
    ]
    await asyncio.gather(*jobs)
    took = spent(pool) - start
    await pool.stop()
    return took


def spent(pool: Pool) -> float:
    """Processor seconds of this process and the pool's children so far."""
    ticks = 0
    for child in pool.status():
        fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Print the figures; 1 when the aim is missed."""
    model = str(given.model("ru", ROOT / ".cache" / "speech"))
    files = [given.call(name) for name in given.names("AB") if name.startswith("ru")]
    tracks = [track for file in files for track in tracks_of_file(file)]
    audio = sum(track.duration_s for track in tracks)
    spoken = sum(end - start for track in tracks for start, end in kept(speech_spans(track)))
    pairs = [(run_bare(model, files), asyncio.run(run_ours(model, files))) for _ in range(ROUNDS)]
    theirs, ours = (statistics.median(one) for one in zip(*pairs, strict=True))
    ratio = statistics.median(one / two for one, two in pairs)
    each = audio * TIMES * CORES
    print(f"{len(files)} calls, {audio:.0f} s of sides, {CORES} cores")
    print(f"bare vosk  {each / theirs:6.1f} audio s a core s")
    print(f"calltrackd {each / ours:6.1f} audio s a core s, end to end")
    print(f"ratio {ratio:.2f} (aim {AIM}); {spoken / audio:.0%} of the audio was decoded")
    return int(ratio < AIM)


if __name__ == "__main__":
    sys.exit(main())
