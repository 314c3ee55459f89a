"""A TCP proxy before the manager port that can fail as networks do."""

import asyncio
from contextlib import suppress
from typing import Self


class Proxy:
    """Forwards `port` to 127.0.0.1:`to`; `async with`.

    `cut`: connections end and none is accepted; `freeze`: connections stay and nothing passes any
    more, neither bytes nor their end (a pulled cable, a firewall that forgot); `heal`: all is well
    for connections made from now on.
    """

    def __init__(self, to: int) -> None:
        self._to = to
        self._server: asyncio.Server | None = None
        self._flows: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._frozen = asyncio.Event()
        self.port = 0
        self.accepted = 0
        """Connections taken since the beginning."""

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cut()

    async def cut(self) -> None:
        """Both sides see the end at once; new connections are refused."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for flow in list(self._flows):
            flow.cancel()
        await asyncio.gather(*self._flows, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def freeze(self) -> None:
        """Bytes are swallowed; nobody is told. New connections hang as well."""
        self._frozen.set()

    async def heal(self) -> None:
        """What was cut or frozen is gone; new connections pass."""
        await self.cut()
        self._frozen.clear()
        await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self._writers.add(writer)
        try:
            inner_reader, inner = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(inner)
        for source, sink in ((reader, inner), (inner_reader, writer)):
            flow = asyncio.create_task(self._flow(source, sink))
            self._flows.add(flow)
            flow.add_done_callback(self._flows.discard)

    async def _flow(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65_536):
                if self._frozen.is_set():
                    continue
                sink.write(data)
                await sink.drain()
        if not self._frozen.is_set():
            sink.close()
