"""vosk-server, HTTP servers and commands of the admin's: right, wrong and away."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from textwrap import dedent

import pytest
from aiohttp import web

from calltrackd.speech.audio.tracks import Track
from calltrackd.speech.engines.answer import read
from calltrackd.speech.engines.plan import CommandPlan, HttpPlan, VoskServerPlan
from calltrackd.speech.errors import RefusedError, UnavailableError
from calltrackd.speech.pool import Pool
from tests.speech import given
from tests.speech.engines.voskserver import VoskServer, served
from tests.speech.scoring import heard, said, word_errors

LIMIT_S = 120.0
TRUTH = given.truth("ru_coffee_A")


@pytest.fixture
async def server(ru: Path) -> AsyncIterator[tuple[VoskServer, str]]:
    """A vosk-server with the Russian fixture, and its address."""
    server = VoskServer(ru)
    app = web.Application()
    app.router.add_get("/", server.answer)
    async with served(app) as address:
        yield server, f"ws://{address}"


async def test_vosk_server_gives_the_words(
    pool: Pool, tracks: list[Track], server: tuple[VoskServer, str]
) -> None:
    """The same as vosk here, up to its exact goodbye."""
    plan = VoskServerPlan(server[1])
    done = await pool.transcribe(plan, "ru", tracks, limit_s=LIMIT_S)
    right = said(TRUTH, "operator")
    assert word_errors(right, heard(done, "operator")) <= 3
    assert done.engine == "vosk-server"
    assert done.turns[0].words[0].confidence is not None
    assert all("model" not in config for config in server[0].configs)


async def test_vosk_server_follows_a_live_call(
    pool: Pool, tracks: list[Track], server: tuple[VoskServer, str]
) -> None:
    """A connection a side."""
    live = await pool.open(VoskServerPlan(server[1]), "ru", 8000)
    found = []
    for pcm in tracks[1].pcm(8000, 0.5):
        found += await live.feed(pcm)
    found += await live.finish()
    assert len(found) > 2


async def test_vosk_server_of_another_rate_breaks_and_the_rate_is_suspected(
    pool: Pool, tracks: list[Track], server: tuple[VoskServer, str]
) -> None:
    """It closes with 1011 and says nothing."""
    plan = VoskServerPlan(server[1], sample_rate=8000)
    with pytest.raises(RefusedError, match=r"1011.*is 8000 Hz the rate of its model"):
        await pool.transcribe(plan, "ru", tracks, limit_s=LIMIT_S)
    assert pool.deaths == 0


async def test_vosk_server_that_goes_away_is_asked_again_later(
    pool: Pool, tracks: list[Track], server: tuple[VoskServer, str]
) -> None:
    """Cut amid a call, and not there at all."""
    server[0].close_after = 3
    with pytest.raises(UnavailableError, match="closed the connection"):
        await pool.transcribe(VoskServerPlan(server[1]), "ru", tracks, limit_s=LIMIT_S)
    with pytest.raises(UnavailableError, match="can't be reached"):
        await pool.transcribe(VoskServerPlan("ws://127.0.0.1:9"), "ru", tracks, limit_s=LIMIT_S)


async def test_web_server_is_no_vosk_server(pool: Pool, tracks: list[Track]) -> None:
    """The status is told."""
    async with served(web.Application()) as address:
        with pytest.raises(RefusedError, match="no vosk-server: 404"):
            await pool.transcribe(VoskServerPlan(f"ws://{address}"), "ru", tracks, limit_s=LIMIT_S)


def echo(body: str) -> str:
    """A program that answers lines; `request` and `wav` are there for `body`."""
    return (
        dedent("""
        import json, sys, wave
        for line in sys.stdin:
            request = json.loads(line)
            wav = wave.open(request["file"])
            seconds = wav.getnframes() / wav.getframerate()
    """)
        + "    "
        + body
        + "\n"
    )


def command(body: str, **more: object) -> CommandPlan:
    """A plan with such a program."""
    argv = (sys.executable, "-c", echo(body))
    return CommandPlan("mine", argv, **more)  # type: ignore[arg-type]


WORDS = (
    "print(json.dumps({'segments': [{'start': 0.2, 'end': seconds, 'text': 'да ' + "
    "request['language'], 'words': [{'word': ' да', 'start': 0.2, 'end': 0.5, 'probability': 0.9}]"
    "}]}), flush=True)"
)


async def test_command_hears_stretches_of_speech_only(pool: Pool, tracks: list[Track]) -> None:
    """Each stretch at its place in the call; silence is never sent."""
    done = await pool.transcribe(command(WORDS), "ru", tracks, limit_s=LIMIT_S)
    starts = [one["start"] for one in TRUTH["segments"]]
    assert len(done.turns) > 4
    assert {turn.text for turn in done.turns} == {"да ru"}
    assert done.turns[0].words[0].confidence == 0.9
    for turn in done.turns:
        assert min(abs(turn.start - start) for start in starts) < 0.5
    assert done.model == Path(sys.executable).name


async def test_command_gets_files_of_its_rate_none_too_long(
    pool: Pool, tracks: list[Track]
) -> None:
    """8 kHz for T-one; long speech is cut."""
    body = "print(json.dumps({'text': f'{wav.getframerate()} {seconds <= 5.01}'}), flush=True)"
    plan = command(body, sample_rate=8000, longest_s=5.0)
    done = await pool.transcribe(plan, "ru", tracks, limit_s=LIMIT_S)
    assert {turn.text for turn in done.turns} == {"8000 True"}


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        ("sys.exit('no graphics card')", UnavailableError, r"mine ended by itself \(1\).*graphics"),
        ("print('hello', flush=True)", RefusedError, "mine answered what can't be read"),
        ("print(json.dumps({'error': 'too loud'}), flush=True)", RefusedError, "mine: too loud"),
        ("print('x' * 5_000_000, flush=True)", RefusedError, "more than"),
    ],
)
async def test_command_that_fails_tells_why(
    pool: Pool, tracks: list[Track], body: str, kind: type[Exception], reason: str
) -> None:
    """And the child goes on."""
    with pytest.raises(kind, match=reason):
        await pool.transcribe(command(body), "ru", tracks, limit_s=LIMIT_S)
    assert pool.deaths == 0


async def test_command_that_never_answers_is_killed_with_its_child(
    pool: Pool, tracks: list[Track]
) -> None:
    """When the job's time is over."""
    plan = command("sys.stdin.read()")
    with pytest.raises(RefusedError, match="took more than 3 s"):
        await pool.transcribe(plan, "ru", tracks, limit_s=3.0)
    assert pool.status() == []


async def test_command_that_is_not_there_is_refused(pool: Pool, tracks: list[Track]) -> None:
    """By its name."""
    with pytest.raises(RefusedError, match=r"mine: /no/such can't be started: No such file"):
        await pool.transcribe(CommandPlan("mine", ("/no/such",)), "ru", tracks, limit_s=LIMIT_S)


class Whisper:
    """A server of the kind of /v1/audio/transcriptions."""

    def __init__(self, status: int = 200, body: str = "") -> None:
        self.status, self.body = status, body
        self.forms: list[dict[str, object]] = []
        self.tokens: set[str | None] = set()

    async def answer(self, request: web.Request) -> web.Response:
        """Each stretch."""
        form = await request.post()
        self.tokens.add(request.headers.get("Authorization"))
        fields = {key: value for key, value in form.items() if isinstance(value, str)}
        file = form["file"]
        assert isinstance(file, web.FileField)
        self.forms.append(fields | {"head": file.file.read(4), "name": file.filename})
        return web.Response(status=self.status, text=self.body, content_type="application/json")

    async def heard(self, pool: Pool, tracks: list[Track]) -> list[str]:
        """The texts of a call."""
        app = web.Application()
        app.router.add_post("/v1/audio/transcriptions", self.answer)
        async with served(app) as address:
            url = f"http://{address}/v1/audio/transcriptions"
            plan = HttpPlan("whisper", url, (("Authorization", "t"),), (("model", "large"),))
            done = await pool.transcribe(plan, "ru", tracks, limit_s=LIMIT_S)
        assert done.model == "large"
        return [turn.text for turn in done.turns]


async def test_http_server_is_asked_as_openai_wants_it(pool: Pool, tracks: list[Track]) -> None:
    """A form with file, language and the fields of the settings; the token goes along."""
    whisper = Whisper(body='{"text": "алло"}')
    texts = await whisper.heard(pool, tracks)
    assert set(texts) == {"алло"}
    assert whisper.tokens == {"t"}
    expected = {"language": "ru", "model": "large", "head": b"RIFF", "name": "speech.wav"}
    assert whisper.forms[0] == expected


@pytest.mark.parametrize(
    ("whisper", "kind", "reason"),
    [
        ((503, "busy"), UnavailableError, "whisper answered 503: busy"),
        ((401, "who are you"), RefusedError, "whisper answered 401: who are you"),
        ((302, ""), RefusedError, "answered 302"),
        ((200, "<html>"), RefusedError, "whisper answered what can't be read"),
        ((200, "x" * 5_000_000), RefusedError, "more than"),
    ],
    ids=["busy", "unauthorised", "moved", "no JSON", "endless"],
)
async def test_http_server_that_fails_is_told_apart(
    pool: Pool, tracks: list[Track], whisper: tuple[int, str], kind: type[Exception], reason: str
) -> None:
    """Its own trouble: later. What it refuses: no more."""
    with pytest.raises(kind, match=reason):
        await Whisper(*whisper).heard(pool, tracks)
    assert pool.deaths == 0


def test_words_beside_segments_find_their_segment() -> None:
    """OpenAI's shape."""
    answer = (
        b'{"text": "a b", "segments": [{"start": 0, "end": 1, "text": "a"},'
        b'{"start": 2, "end": 3, "text": "b"}], "words": [{"word": "a", "start": 0.1, "end": 0.9},'
        b'{"word": "b", "start": 1.9, "end": 2.8}]}'
    )
    found = read(answer, "x", 3.0)
    assert [[word.word for word in one.words] for one in found] == [["a"], ["b"]]


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b'{"segments": [{"start": -1, "end": 1, "text": "a"}]}', b"\xff\xfe"]
)
def test_answer_that_is_none_is_refused(answer: bytes) -> None:
    """With its beginning."""
    with pytest.raises(RefusedError, match="can't be read"):
        read(answer, "x", 1.0)
