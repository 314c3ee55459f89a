"""vosk-server, by its websocket (`asr_server.py`, also in the images alphacep/kaldi-*).

The contract, as measured: an optional `{"config": ...}` that is not answered; then each binary
piece is answered by one text; the end is exactly `{"eof" : 1}`, spaces and all: any other spelling
kills the connection (1011). So does a sample rate that the server's model does not take. Never send
`model` in the config: it replaces the model of all clients.
"""

import asyncio
import json
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import aiohttp

from calltrackd.model.transcript import Word
from calltrackd.speech.engines.base import Heard, said
from calltrackd.speech.engines.plan import VoskServerPlan
from calltrackd.speech.engines.samples import Samples
from calltrackd.speech.errors import RefusedError, UnavailableError

T = TypeVar("T")
EOF = '{"eof" : 1}'
MOST_ANSWER = 4 << 20
INTERNAL_ERROR = 1011


class VoskServerEngine:
    """The way to the server; each session is a connection of its own."""

    name = "vosk-server"

    def __init__(self, plan: VoskServerPlan) -> None:
        self._plan = plan
        self.sample_rate = plan.sample_rate
        self.model = plan.url
        self._runner = asyncio.Runner()

    def open(
        self, language: str, phrases: Sequence[str] | None = None, *, partials: bool = False
    ) -> "VoskServerSession":
        """A connection; the language is the server's."""
        del language
        config: dict[str, Any] = {"sample_rate": self.sample_rate, "words": True}
        if phrases is not None:
            if not phrases:
                raise RefusedError("no phrases to listen for")
            config["phrase_list"] = [*(phrase.lower() for phrase in phrases), "[unk]"]
        return VoskServerSession(self._runner, self._plan, config, partials=partials)

    def unknown(self, words: Sequence[str]) -> list[str]:
        """A server does not tell what it knows."""
        del words
        return []

    def close(self) -> None:
        """The loop in which the connections lived."""
        self._runner.close()


class VoskServerSession:
    """One connection. UnavailableError: the server is away; RefusedError: it does not want this."""

    def __init__(
        self,
        runner: asyncio.Runner,
        plan: VoskServerPlan,
        config: dict[str, Any],
        *,
        partials: bool,
    ) -> None:
        self._runner = runner
        self._plan = plan
        self._partials = partials
        self._samples = Samples()
        self._told = ""
        self._over = False
        self._client: aiohttp.ClientSession | None = None
        self._do(self._connect(json.dumps({"config": config}, ensure_ascii=False)))

    def feed(self, pcm: bytes) -> list[Heard]:
        """The server's answers to these samples."""
        if self._over:
            raise RefusedError("the session is over")
        heard: list[Heard] = []
        for piece in self._samples.feed(pcm):
            heard += self._understood(self._do(self._ask(piece)))
        return heard

    def finish(self) -> list[Heard]:
        """The answer to the end; the connection is closed."""
        if self._over:
            return []
        answer = self._do(self._ask(EOF))
        self.drop()
        return self._understood(answer)

    def drop(self) -> None:
        """Close the connection without asking for the rest."""
        self._over = True
        client, self._client = self._client, None
        if client is not None:
            self._runner.run(client.close())

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        with _told_apart(self._plan.url):
            try:
                return self._runner.run(work)
            except BaseException:
                self.drop()
                raise

    async def _connect(self, config: str) -> None:
        async with asyncio.timeout(self._plan.timeout_s):
            self._client = aiohttp.ClientSession()
            self._socket = await self._client.ws_connect(self._plan.url, max_msg_size=MOST_ANSWER)
            await self._socket.send_str(config)

    async def _ask(self, message: bytes | str) -> str:
        """Send and take the one answer that each message has."""
        async with asyncio.timeout(self._plan.timeout_s):
            if isinstance(message, str):
                await self._socket.send_str(message)
            else:
                await self._socket.send_bytes(message)
            answer = await self._socket.receive()
        if answer.type is not aiohttp.WSMsgType.TEXT:
            raise self._closed()
        return str(answer.data)

    def _closed(self) -> Exception:
        url, code = self._plan.url, self._socket.close_code
        if code == INTERNAL_ERROR:
            rate = self.rate_hint
            return RefusedError(f"vosk-server at {url} broke on what it was sent (1011){rate}")
        return UnavailableError(f"vosk-server at {url} closed the connection ({code})")

    @property
    def rate_hint(self) -> str:
        """What most often makes it break."""
        return f": is {self._plan.sample_rate} Hz the rate of its model?"

    def _understood(self, answer: str) -> list[Heard]:
        try:
            found = json.loads(answer)
            if "partial" in found:
                return self._partial(found)
            words = [Word(w["word"], w["start"], w["end"], w.get("conf")) for w in found["result"]]
            return [said(words, found["text"])] if words else []
        except KeyError as error:
            if error.args == ("result",) and not found.get("text"):
                return []  # silence
            raise RefusedError(f"{self._plan.url} answered without {error}: no times") from None
        except (TypeError, ValueError) as error:
            raise RefusedError(f"{self._plan.url} is no vosk-server: {error}") from None

    def _partial(self, found: dict[str, Any]) -> list[Heard]:
        """Partials bear words where the server was started with VOSK_PARTIAL_WORDS."""
        words = [
            Word(w["word"], w["start"], w["end"], w.get("conf"))
            for w in found.get("partial_result", ())
        ]
        if not self._partials or not words or found["partial"] == self._told:
            return []
        self._told = found["partial"]
        return [said(words, self._told, "partial")]


@contextmanager
def _told_apart(url: str) -> Iterator[None]:
    """What went wrong on the way, as our errors."""
    try:
        yield
    except TimeoutError:
        raise UnavailableError(f"vosk-server at {url} does not answer") from None
    except aiohttp.WSServerHandshakeError as error:
        raise RefusedError(f"{url} is no vosk-server: {error.status} {error.message}") from None
    except (aiohttp.ClientError, OSError) as error:
        raise UnavailableError(f"vosk-server at {url} can't be reached: {error}") from None
