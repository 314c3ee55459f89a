"""Every wrong thing that vosk was seen to be given: a clear reason, and the child goes on."""

import asyncio
import gc
import random
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from calltrackd.speech.audio.tracks import Track
from calltrackd.speech.engines.plan import CommandPlan, VoskPlan
from calltrackd.speech.engines.samples import PIECE_BYTES, Samples
from calltrackd.speech.engines.vosk import VoskEngine
from calltrackd.speech.errors import RefusedError
from calltrackd.speech.models.folder import look
from calltrackd.speech.pool import Pool

LIMIT_S = 120.0


def cut(file: Path) -> None:
    """Half of it."""
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def junk(file: Path) -> None:
    """As much of something else."""
    file.write_bytes(random.Random(1).randbytes(file.stat().st_size))


def conf(text: str) -> Callable[[Path], None]:
    """Another mfcc.conf."""
    return lambda model: (model / "conf/mfcc.conf").write_text(text) and None


BREAKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty mdl": (lambda m: (m / "am/final.mdl").write_bytes(b""), "final.mdl is empty"),
    "cut mdl": (lambda m: cut(m / "am/final.mdl"), "can't use the model .*\\(.+\\)"),
    "junk mdl": (lambda m: junk(m / "am/final.mdl"), "can't use the model .*\\(.+\\)"),
    "no mdl": (lambda m: (m / "am/final.mdl").unlink(), "final.mdl is missing"),
    "no words": (lambda m: (m / "graph/words.txt").unlink(), "can't use the model"),
    "no disambig": (lambda m: (m / "graph/disambig_tid.int").unlink(), "can't use the model"),
    "no HCLr": (lambda m: (m / "graph/HCLr.fst").unlink(), "HCLr.fst is missing"),
    "cut HCLr": (lambda m: cut(m / "graph/HCLr.fst"), "can't use the model"),
    "no Gr": (lambda m: (m / "graph/Gr.fst").unlink(), "Gr.fst is missing"),
    "cut Gr": (lambda m: cut(m / "graph/Gr.fst"), "can't use the model"),
    "unknown option": (conf("--sample-frequency=16000\n--nonsense=1\n"), "can't use .*nonsense"),
    "rate 0": (conf("--sample-frequency=0\n"), "sample-frequency 0 is no rate"),
    "rate below 0": (conf("--sample-frequency=-16000\n"), "sample-frequency -16000 is no rate"),
    "no number": (conf("--sample-frequency=fast\n"), "sample-frequency fast is no rate"),
}


@pytest.mark.parametrize("what", BREAKS)
async def test_broken_model_is_refused_with_the_reason(
    single: Pool, broken: Path, plan: VoskPlan, what: str
) -> None:
    """No death; a live call of the same child goes on, and so does the next job."""
    live = await single.open(plan, "ru", 8000)
    deed, reason = BREAKS[what]
    deed(broken)
    with pytest.raises(RefusedError, match=reason) as refused:
        await single.probe(VoskPlan(str(broken)))
    assert "_handle" not in str(refused.value)  # what vosk's own destructor complains of
    assert await live.feed(bytes(1600)) == []
    await live.finish()
    assert (await single.probe(plan)).sample_rate == 16_000
    assert single.deaths == 0
    assert len(single.status()) == 1


@pytest.mark.parametrize(
    ("path", "reason"),
    [("nowhere", "does not exist"), ("file", "is a file"), ("empty", "is missing")],
)
async def test_no_model_at_all(pool: Pool, tmp_path: Path, path: str, reason: str) -> None:
    """The reason says what is there instead."""
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(RefusedError, match=reason):
        await pool.probe(VoskPlan(str(tmp_path / path)))
    assert pool.deaths == 0


@pytest.mark.parametrize("name", ["", "vosk-model-small-ru-0.22"])
async def test_name_that_vosk_would_download_is_no_folder(pool: Pool, name: str) -> None:
    """Without a path vosk goes to the network, or ends the process; it is never asked."""
    with pytest.raises(RefusedError, match=r"does not exist|is missing"):
        await pool.probe(VoskPlan(name))
    assert pool.deaths == 0


def test_rate_is_the_models_own(broken: Path) -> None:
    """Never assumed: the last line of mfcc.conf that names it holds, and Kaldi's 16000 without."""
    file = broken / "conf/mfcc.conf"
    file.write_text("# --sample-frequency=1\n--sample-frequency=16000\n--sample-frequency=8000 \n")
    assert look(broken).sample_rate == 8000
    file.write_text("--use-energy=false\n")
    assert look(broken).sample_rate == 16_000


def test_older_layout_is_known(broken: Path) -> None:
    """All files at the top."""
    for name in ("am/final.mdl", "conf/mfcc.conf", "graph/phones/word_boundary.int"):
        (broken / name).rename(broken / Path(name).name)
    for name in ("HCLr.fst", "Gr.fst"):
        (broken / "graph" / name).rename(broken / name)
    for name in ("am", "conf"):
        for rest in (broken / name).iterdir():
            rest.unlink()
        (broken / name).rmdir()
    assert look(broken).sample_rate == 16_000


@pytest.mark.parametrize("phrases", [[], "да", {}, [""], ["блокчейн"], [1, 2]])
async def test_list_of_phrases_that_would_crash_or_hear_nothing_is_refused(
    pool: Pool, tracks: list[Track], plan: VoskPlan, phrases: list[str]
) -> None:
    """Vosk dies of `[]` and of what is no list, and is deaf with unknown words only."""
    with pytest.raises(RefusedError, match="phrases"):
        await pool.transcribe(plan, "ru", tracks, limit_s=LIMIT_S, phrases=phrases)
    with pytest.raises(RefusedError, match="phrases"):
        await pool.open(plan, "ru", 8000, phrases)
    assert pool.deaths == 0


async def test_sounds_that_are_none_of_the_phrases_become_none_of_them(
    pool: Pool, tracks: list[Track], plan: VoskPlan
) -> None:
    """A list without [unk] would make a keyword of every sound, so it is always there."""
    done = await pool.transcribe(plan, "ru", tracks, limit_s=LIMIT_S, phrases=["новостройке"])
    assert {word.word for turn in done.turns for word in turn.words} == {"[unk]"}


async def test_phrases_limit_what_is_heard(pool: Pool, tracks: list[Track], plan: VoskPlan) -> None:
    """In any letter case; what is none of them is [unk], and unknown words are left out."""
    phrases = ["Мастера", "молоко", "блокчейн"]
    done = await pool.transcribe(plan, "ru", tracks, limit_s=LIMIT_S, phrases=phrases)
    heard = {word.word for turn in done.turns for word in turn.words}
    assert heard <= {"мастера", "молоко", "[unk]"}
    assert "молоко" in heard


@pytest.fixture(scope="session")
def engine(ru: Path) -> VoskEngine:
    """In this process: what follows was seen to be harmless."""
    return VoskEngine(VoskPlan(str(ru)))


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [b""],
        [b"\x01"],
        [b"\x01\x02\x03", b"\x04"],
        ["цель".encode() * 4000],
        [random.Random(2).randbytes(1 << 18)],
        [bytes(1 << 21)],
    ],
    ids=["nothing", "empty", "half a sample", "odd", "text", "noise", "2 MB at once"],
)
def test_any_bytes_are_digested(engine: VoskEngine, pieces: list[bytes]) -> None:
    """Whatever was heard in them."""
    session = engine.open("ru")
    for piece in pieces:
        session.feed(piece)
    session.finish()
    assert session.finish() == []


def test_huge_buffer_reaches_the_engine_in_pieces() -> None:
    """60 MB at once are 30 minutes in which nothing else would be done."""
    sizes = [len(piece) for piece in Samples().feed(bytes(60 << 20))]
    assert max(sizes) == PIECE_BYTES
    assert sum(sizes) == 60 << 20


def test_session_outlives_its_engine(ru: Path) -> None:
    """A model that is let go of first stays until the last recogniser has gone."""
    session = VoskEngine(VoskPlan(str(ru))).open("ru")
    gc.collect()
    session.feed(bytes(32_000))
    assert session.finish() == []


async def test_loaded_model_needs_its_folder_no_more(
    pool: Pool, broken: Path, tracks: list[Track]
) -> None:
    """An admin's `rm` amid the day costs nothing before a child has to load it again."""
    plan = VoskPlan(str(broken))
    await pool.probe(plan)
    shutil.rmtree(broken)
    done = await pool.transcribe(plan, "ru", tracks[1:], limit_s=LIMIT_S)
    assert done.turns
    assert pool.deaths == 0


async def test_program_is_started_by_a_child_that_has_a_model(
    single: Pool, tracks: list[Track], plan: VoskPlan
) -> None:
    """A fork after the load harms neither: vosk hears before and after."""
    code = 'import sys\nfor _ in sys.stdin: print(\'{"text": "услышано"}\', flush=True)'
    program = CommandPlan("echo", (sys.executable, "-c", code))
    for _ in range(2):
        live = await single.open(plan, "ru", 8000)
        told = await single.transcribe(program, "ru", tracks[:1], limit_s=LIMIT_S)
        assert {turn.text for turn in told.turns} == {"услышано"}
        await live.feed(bytes(1600))
        await live.finish()
    assert (single.deaths, len(single.status())) == (0, 1)


async def test_what_vosk_prints_stays_with_its_child(
    pool: Pool, broken: Path, plan: VoskPlan, capfd: pytest.CaptureFixture[str]
) -> None:
    """No log level silences it wholly; the daemon's own standard error stays clean."""
    cut(broken / "am/final.mdl")
    with pytest.raises(RefusedError):
        await pool.probe(VoskPlan(str(broken)))
    live = await pool.open(plan, "ru", 8000, ["молоко", "блокчейн"])
    await live.finish()
    assert capfd.readouterr() == ("", "")


def test_buffers_of_other_types_are_taken(engine: VoskEngine) -> None:
    """Vosk itself takes `bytes` only."""
    session = engine.open("ru")
    session.feed(bytearray(3200))  # type: ignore[arg-type]
    session.feed(memoryview(bytes(3200)))  # type: ignore[arg-type]
    assert session.finish() == []


def test_session_that_is_over_takes_no_more(engine: VoskEngine) -> None:
    """Vosk would go on as if nothing were."""
    session = engine.open("ru")
    session.finish()
    with pytest.raises(RefusedError, match="over"):
        session.feed(bytes(3200))


async def test_live_session_is_fed_by_one_at_a_time(pool: Pool, plan: VoskPlan) -> None:
    """Two tasks that feed at once are put in order: a recogniser never sees two threads."""
    live = await pool.open(plan, "ru", 8000)
    await asyncio.gather(*(live.feed(bytes(1600)) for _ in range(20)))
    await live.finish()
    assert pool.deaths == 0
    assert threading.active_count() < 20


@pytest.mark.parametrize("rate", [0, -8000, 1, 1_000_000])
async def test_live_rate_that_is_none_is_refused(pool: Pool, plan: VoskPlan, rate: int) -> None:
    """Rate 0 makes vosk loop for ever."""
    with pytest.raises(RefusedError, match="no rate of speech"):
        await pool.open(plan, "ru", rate)


@pytest.mark.parametrize(("pcm", "why"), [(b"\0", "half a sample"), (bytes(1 << 20), "at once")])
async def test_live_samples_that_are_none_are_refused(
    pool: Pool, plan: VoskPlan, pcm: bytes, why: str
) -> None:
    """The session goes on."""
    live = await pool.open(plan, "ru", 8000)
    with pytest.raises(RefusedError, match=why):
        await live.feed(pcm)
    assert await live.feed(bytes(1600)) == []
    await live.drop()
    assert [child.sessions for child in pool.status()] == [0]


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no audio at all" * 100])
async def test_file_that_went_bad_ends_its_job(
    pool: Pool, tracks: list[Track], plan: VoskPlan, tmp_path: Path, content: bytes
) -> None:
    """It was whole when the job was made."""
    file = tmp_path / "call.wav"
    file.write_bytes(content)
    bad = [msgspec.structs.replace(track, path=file) for track in tracks]
    done = await asyncio.gather(
        pool.transcribe(plan, "ru", bad, limit_s=LIMIT_S), return_exceptions=True
    )
    assert isinstance(done[0], RefusedError) or not done[0].turns
    assert pool.deaths == 0
