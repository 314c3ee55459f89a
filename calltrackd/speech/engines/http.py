"""A server that takes a WAV file by POST and answers JSON: Whisper servers, and your own.

The file goes as `file` of a form (`multipart/form-data`) with `language` and the plan's own
fields, as OpenAI's `/v1/audio/transcriptions` wants it; `answer.py` tells what may come back.
"""

import asyncio

import aiohttp

from calltrackd.speech.bounded import body
from calltrackd.speech.engines.answer import read
from calltrackd.speech.engines.base import Heard
from calltrackd.speech.engines.plan import HttpPlan
from calltrackd.speech.engines.stretches import StretchEngine, wav
from calltrackd.speech.errors import RefusedError, UnavailableError

MOST_ANSWER = 4 << 20
"""Bytes of one answer."""
LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same may work."""


class HttpEngine(StretchEngine):
    """The way to the server."""

    def __init__(self, plan: HttpPlan) -> None:
        super().__init__(plan, model=dict(plan.fields).get("model", plan.url))
        self._plan = plan
        self._runner = asyncio.Runner()

    def answered(self, pcm: bytes, language: str) -> list[Heard]:
        """What the server makes of a stretch."""
        whole = self._runner.run(self._post(wav(pcm, self.sample_rate), language))
        return read(whole, self.name, len(pcm) / 2 / self.sample_rate)

    async def _post(self, file: bytes, language: str) -> bytes:
        plan = self._plan
        form = aiohttp.FormData({"language": language, **dict(plan.fields)})
        form.add_field("file", file, filename="speech.wav", content_type="audio/wav")
        limit = aiohttp.ClientTimeout(plan.timeout_s)
        try:
            async with (
                aiohttp.ClientSession(timeout=limit, headers=dict(plan.headers)) as client,
                client.post(plan.url, data=form, allow_redirects=False) as answer,
            ):
                whole, status = await body(answer, MOST_ANSWER), answer.status
        except TimeoutError:
            raise UnavailableError(
                f"{self.name} does not answer within {plan.timeout_s} s"
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            raise UnavailableError(f"{self.name} can't be reached: {error}") from None
        return self._judged(status, whole)

    def _judged(self, status: int, whole: bytes) -> bytes:
        if status == 200:  # HTTP's OK
            return whole
        said = whole[:200].decode("utf-8", "replace")
        kind = UnavailableError if status in LATER else RefusedError
        raise kind(f"{self.name} answered {status}: {said}")

    def close(self) -> None:
        """The loop in which the questions were asked."""
        self._runner.close()
