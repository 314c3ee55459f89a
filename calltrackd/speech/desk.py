"""The work of a child process: live sessions first, then files, a step at a time."""

import sys
import traceback
from collections import OrderedDict, deque
from collections.abc import Callable, Generator
from typing import NamedTuple

import numpy as np

from calltrackd.speech.audio.errors import AudioError
from calltrackd.speech.audio.resample import Resampler
from calltrackd.speech.blackbox import Blackbox
from calltrackd.speech.build import LOAD_LIMIT_S, step_limit_s
from calltrackd.speech.engines.base import Engine, Heard, Session
from calltrackd.speech.engines.plan import Plan
from calltrackd.speech.errors import SpeechError, UnavailableError
from calltrackd.speech.listening import listen
from calltrackd.speech.talk import talkmap
from calltrackd.speech.wire import (
    Chart,
    Charted,
    Drop,
    Failed,
    Feed,
    Finish,
    Listen,
    Listened,
    Open,
    Probe,
    Probed,
    Reply,
    Request,
    Said,
)

MOST_ENGINES = 3
"""Models in memory at once; the one that was used longest ago goes."""

CHART_LIMIT_S = 120.0
"""A talk map takes a ten-thousandth of its recording; the disk may be slow."""

Steps = Generator[None, None, list[list[Heard]]]


class _Job(NamedTuple):
    order: Listen
    engine: Engine
    steps: Steps


class _Live(NamedTuple):
    plan: Plan
    session: Session
    resampler: Resampler


class Desk:
    """All that one child has open. `send` must not block for long; `build` makes engines."""

    def __init__(
        self, box: Blackbox, send: Callable[[Reply], None], build: Callable[[Plan], Engine]
    ) -> None:
        self._box = box
        self._send = send
        self._build = build
        self._engines: OrderedDict[Plan, Engine] = OrderedDict()
        self._live: dict[int, _Live] = {}
        self._jobs: deque[_Job] = deque()

    @property
    def busy(self) -> bool:
        """Whether there is a file to go on with."""
        return bool(self._jobs)

    def take(self, request: Request) -> None:
        """Do at once what was asked; a file is only begun."""
        self._guarded(request.number, lambda: self._take(request))

    def step(self) -> None:
        """Go on with the file whose turn it is."""
        job = self._jobs.popleft()
        self._guarded(job.order.number, lambda: self._step(job))

    def _guarded(self, number: int, work: Callable[[], None]) -> None:
        """What goes wrong is told, with what the engine said of it; the child goes on."""
        try:
            work()
        except (SpeechError, AudioError) as error:
            said = self._box.reason()
            reason = f"{error} ({said})" if said else str(error)
            self._failed(number, reason, later=isinstance(error, UnavailableError))
        except MemoryError:
            self._failed(number, "the child process has no memory left", later=True)
        except Exception as error:  # noqa: BLE001 - the border of a job: other jobs go on
            traceback.print_exc(file=sys.stderr)
            self._failed(number, f"{type(error).__name__}: {error}", later=False)
        self._box.rest()

    def _failed(self, number: int, reason: str, *, later: bool) -> None:
        self._live.pop(number, None)
        self._send(Failed(number, reason, later))

    def _take(self, request: Request) -> None:
        match request:
            case Listen():
                self._listen(request)
            case Open():
                self._open(request)
            case Feed():
                self._feed(request)
            case Finish():
                self._finish(request)
            case Drop():
                self._drop(request)
            case Probe():
                self._probe(request)
            case Chart():
                self._chart(request)

    def _listen(self, order: Listen) -> None:
        engine = self._engine(order.number, order.plan)
        steps = listen(engine, order.language, order.phrases, order.tracks)
        self._jobs.append(_Job(order, engine, steps))

    def _step(self, job: _Job) -> None:
        self._box.begin(job.order.number, step_limit_s(job.order.plan))
        try:
            next(job.steps)
        except StopIteration as end:
            number, engine = job.order.number, job.engine
            self._send(Listened(number, engine.name, engine.model, end.value))
        else:
            self._jobs.append(job)

    def _open(self, order: Open) -> None:
        engine = self._engine(order.number, order.plan)
        self._box.begin(order.number, step_limit_s(order.plan))
        session = engine.open(order.language, order.phrases, partials=True)
        resampler = Resampler(order.rate, engine.sample_rate)
        self._live[order.number] = _Live(order.plan, session, resampler)
        self._send(Said(order.number))

    def _feed(self, order: Feed) -> None:
        live = self._session(order.number)
        self._box.begin(order.number, step_limit_s(live.plan))
        samples = live.resampler.feed(np.frombuffer(order.pcm, "<i2"))
        self._send(Said(order.number, live.session.feed(samples.tobytes())))

    def _finish(self, order: Finish) -> None:
        live = self._session(order.number)
        self._box.begin(order.number, step_limit_s(live.plan))
        heard = live.session.feed(live.resampler.finish().tobytes())
        heard += live.session.finish()
        del self._live[order.number]
        self._send(Said(order.number, heard))

    def _session(self, number: int) -> _Live:
        if number not in self._live:
            raise UnavailableError(f"there is no live session {number} any more")
        return self._live[number]

    def _drop(self, order: Drop) -> None:
        live = self._live.pop(order.number, None)
        if live is not None:
            _dropped(live.session)
        self._jobs = deque(job for job in self._jobs if job.order.number != order.number)
        self._send(Said(order.number))

    def _probe(self, order: Probe) -> None:
        engine = self._engine(order.number, order.plan)
        self._box.begin(order.number, step_limit_s(order.plan))
        unknown = engine.unknown(order.words)
        self._send(Probed(order.number, engine.model, engine.sample_rate, unknown))

    def _chart(self, order: Chart) -> None:
        self._box.begin(order.number, CHART_LIMIT_S)
        self._send(Charted(order.number, talkmap.of_tracks(order.tracks)))

    def _engine(self, number: int, plan: Plan) -> Engine:
        """The engine of a plan; when it is not there yet, one that nobody uses may have to go."""
        if plan not in self._engines:
            self._make_room()
            self._box.begin(number, LOAD_LIMIT_S)
            self._engines[plan] = self._build(plan)
        self._engines.move_to_end(plan)
        return self._engines[plan]

    def _make_room(self) -> None:
        used = {live.plan for live in self._live.values()} | {job.order.plan for job in self._jobs}
        idle = [plan for plan in self._engines if plan not in used]
        for plan in idle[: max(0, len(self._engines) - MOST_ENGINES + 1)]:
            self._engines.pop(plan).close()

    def close(self) -> None:
        """The daemon is gone or wants no more: let go of commands and connections."""
        for live in self._live.values():
            _dropped(live.session)
        for engine in self._engines.values():
            engine.close()


def _dropped(session: Session) -> None:
    """Close what a session holds outside of this process."""
    drop = getattr(session, "drop", None)
    if drop is not None:
        drop()
