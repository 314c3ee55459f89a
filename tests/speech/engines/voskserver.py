"""vosk-server's contract over real vosk: as `asr_server.py` of alphacep/vosk-server behaves.

Whatever its recogniser would choke on closes the connection with 1011, as there.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import vosk
from aiohttp import WSMsgType, web

GOODBYE = '{"eof" : 1}'
BROKEN = 1011


class VoskServer:
    """`rate` is the model's; `configs`: what clients asked for."""

    def __init__(self, model: Path, rate: int = 16_000) -> None:
        vosk.SetLogLevel(-2)
        self._model = vosk.Model(str(model))
        self._rate = rate
        self.configs: list[dict[str, object]] = []
        self.close_after: int | None = None
        """Pieces after which connections are cut, as when the server is restarted."""

    async def answer(self, request: web.Request) -> web.WebSocketResponse:
        """One connection."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        recognizer, count = None, 0
        async for message in socket:
            if message.type is WSMsgType.TEXT and "config" in message.data:
                self.configs.append(json.loads(message.data)["config"])
                continue
            rate = self.configs[-1].get("sample_rate", self._rate) if self.configs else self._rate
            count += 1
            if rate != self._rate or count == self.close_after:
                await socket.close(code=BROKEN if rate != self._rate else 1001)
                break
            if recognizer is None:
                recognizer = self._recognizer()
            if message.type is WSMsgType.TEXT:
                if message.data != GOODBYE:  # its AcceptWaveform takes no text: TypeError, 1011
                    await socket.close(code=BROKEN)
                    break
                await socket.send_str(recognizer.FinalResult())
                break
            whole = await asyncio.to_thread(recognizer.AcceptWaveform, message.data)
            await socket.send_str(recognizer.Result() if whole else recognizer.PartialResult())
        return socket

    def _recognizer(self) -> vosk.KaldiRecognizer:
        phrases = self.configs[-1].get("phrase_list") if self.configs else None
        more = [json.dumps(phrases, ensure_ascii=False)] if phrases else []
        recognizer = vosk.KaldiRecognizer(self._model, self._rate, *more)
        recognizer.SetWords(True)
        return recognizer


@asynccontextmanager
async def served(handler: web.Application) -> AsyncIterator[str]:
    """The address (host:port) of an application on a free port of loopback."""
    runner = web.AppRunner(handler, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"{host}:{port}"
    finally:
        await runner.cleanup()
