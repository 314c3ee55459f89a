"""What is to be listened to: claimed by lease, so that several workers share it and none is lost.

    waiting ──claim──► running ──finish──────► done
       ▲                  │ ├──set_aside─────► aside   (it can't be used; the reason stays)
       └──put_back, died──┘ └──third death───► aside   (poison)

By hand: `again` brings back what does not run, `drop` ends what waits or was set aside.

A job is due when it waits and its `ready_at` has passed, or when its lease ran out: then its worker
died over it, which counts as a death. Live taps go before recordings, newer calls before older
ones. A worker that asks for its own job after its lease was taken over gets False: the result is
another's. Nothing is remembered outside of the table.
"""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, and_, case, func, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.model.speech_job import Job, JobState
from calltrackd.store import dialect
from calltrackd.store.tables import JOB_UNDONE, JOB_WAITS
from calltrackd.store.tables import speech_jobs as jobs

MOST_DEATHS = 3
"""Workers that may die over a job before it is set aside."""

DROPPED = "dropped by hand"
"""The reason of a job that ended unheard because somebody wanted it so."""


class NewJob(msgspec.Struct, frozen=True, kw_only=True):
    """Something to listen to; the same path of the same call is the same job."""

    call_id: str
    path: str
    live: bool = False
    call_started_at: float
    ready_at: float | None = None
    """Not before (unix seconds); None: at once."""


class Waiting(msgspec.Struct):
    """How the work stands."""

    waiting: int = 0
    running: int = 0
    aside: int = 0
    oldest_at: float | None = None
    """When the oldest job that waits was created (unix seconds)."""


_RUNS = and_(JOB_UNDONE, jobs.c.state == literal_column("'running'"))


def _job(row: Row[Any]) -> Job:
    return Job(**row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for a row's dict


async def add(conn: AsyncConnection, found: Sequence[NewJob], at: float) -> int:
    """Add jobs; one that is there already, done or not, stays as it is. Returns how many are new.

    The calls must be there when the transaction commits.
    """
    rows = [
        {
            **msgspec.structs.asdict(job),
            "ready_at": at if job.ready_at is None else job.ready_at,
            "created_at": at,
            "state": "waiting",
            "attempts": 0,
            "deaths": 0,
        }
        for job in found
    ]
    if not rows:
        return 0
    insert = dialect.add_missing(conn.dialect.name, jobs).returning(jobs.c.id)
    return len((await conn.execute(insert, rows)).all())


async def claim(
    conn: AsyncConnection, worker: str, at: float, lease_s: float, limit: int = 1
) -> list[Job]:
    """Lease the next jobs to `worker` until `at + lease_s`; live taps first, then newest calls.

    Jobs whose lease ran out are counted as deaths, and set aside at the third.
    """
    await _bury(conn, and_(_RUNS, jobs.c.lease_until < at), "its worker was lost", at)
    due = (
        select(jobs.c.id)
        .where(JOB_WAITS, jobs.c.ready_at <= at)
        .order_by(jobs.c.live.desc(), jobs.c.call_started_at.desc(), jobs.c.id.desc())
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = (await conn.execute(due)).scalars().all()
    if not ids:
        return []
    leased = {"state": "running", "worker": worker, "lease_until": at + lease_s}
    taken = update(jobs).where(jobs.c.id.in_(ids)).values(**leased, attempts=jobs.c.attempts + 1)
    await conn.execute(taken)
    order = jobs.c.live.desc(), jobs.c.call_started_at.desc(), jobs.c.id.desc()
    rows = await conn.execute(select(jobs).where(jobs.c.id.in_(ids)).order_by(*order))
    return [_job(row) for row in rows]


async def extend(
    conn: AsyncConnection, worker: str, job_ids: Collection[int], until: float
) -> set[int]:
    """Keep the leases of jobs that `worker` still holds; returns those that it does hold."""
    query = update(jobs).where(jobs.c.id.in_(job_ids), _held_by(worker))
    done = await conn.execute(query.values(lease_until=until).returning(jobs.c.id))
    return set(done.scalars())


async def finish(conn: AsyncConnection, worker: str, job_id: int, at: float) -> bool:
    """The job is done. False: it is not this worker's any more, so its result must not count."""
    return await _let_go(conn, worker, job_id, state="done", ended_at=at, reason=None, note=None)


async def put_back(
    conn: AsyncConnection,
    worker: str,
    job_id: int,
    *,
    reason: str,
    ready_at: float,
    note: str | None = None,
) -> bool:
    """Not now and not the job's fault (its file still grows, a server is away): later again."""
    return await _let_go(
        conn, worker, job_id, state="waiting", ready_at=ready_at, reason=reason, note=note
    )


async def set_aside(
    conn: AsyncConnection, worker: str, job_id: int, *, reason: str, at: float
) -> bool:
    """It can never be done; the reason stays for the admin."""
    return await _let_go(conn, worker, job_id, state="aside", reason=reason, ended_at=at)


async def died(conn: AsyncConnection, worker: str, job_id: int, *, reason: str, at: float) -> bool:
    """A child process died over it: another try, or poison at the third. False as in `finish`."""
    return await _bury(conn, and_(jobs.c.id == job_id, _held_by(worker)), reason, at) > 0


async def release(conn: AsyncConnection, worker: str, at: float) -> int:
    """At a start: what this worker held when it was killed waits again; returns how many.

    It counts as a death, since the job may be what killed it.
    """
    return await _bury(conn, _held_by(worker), "its worker was killed", at)


async def leave(conn: AsyncConnection, worker: str, at: float) -> int:
    """At a stop: what this worker holds waits again, and it counts as no death; returns how many.

    Also what was claimed a moment ago, of which the worker does not know yet.
    """
    query = update(jobs).where(_held_by(worker))
    free = {"state": "waiting", "ready_at": at, "reason": "its worker was stopped over it"}
    return (await conn.execute(query.values(**free, worker=None, lease_until=None))).rowcount


async def again(conn: AsyncConnection, job_ids: Collection[int], at: float) -> int:
    """Try jobs from `at` on as if never tried, done ones too; returns how many.

    One that runs is left to its worker.
    """
    fresh = {"state": "waiting", "ready_at": at, "attempts": 0, "deaths": 0}
    query = update(jobs).where(jobs.c.id.in_(job_ids), jobs.c.state != "running")
    forgotten = {"reason": None, "note": None, "ended_at": None}
    return (await conn.execute(query.values(**fresh, **forgotten))).rowcount


async def drop(conn: AsyncConnection, job_ids: Collection[int], at: float) -> int:
    """End jobs that wait or were set aside unheard: done, with DROPPED as reason. How many."""
    open_ = jobs.c.state.in_(("waiting", "aside"))
    query = update(jobs).where(jobs.c.id.in_(job_ids), open_)
    over = {"state": "done", "ended_at": at, "reason": DROPPED, "note": None}
    return (await conn.execute(query.values(**over))).rowcount


async def standing(conn: AsyncConnection) -> Waiting:
    """How much waits, runs and was set aside, and since when the oldest waits."""
    count = select(jobs.c.state, func.count(), func.min(jobs.c.created_at)).where(JOB_UNDONE)
    rows = await conn.execute(count.group_by(jobs.c.state))
    found = {state: (number, oldest) for state, number, oldest in rows}
    waiting, oldest = found.get("waiting", (0, None))
    return Waiting(
        waiting, found.get("running", (0, None))[0], found.get("aside", (0, None))[0], oldest
    )


async def next_at(conn: AsyncConnection) -> float | None:
    """When the next job will be due, or the next lease run out (unix seconds)."""
    waits = select(func.min(jobs.c.ready_at)).where(JOB_WAITS)
    runs = select(func.min(jobs.c.lease_until)).where(_RUNS)
    found = [(await conn.execute(query)).scalar() for query in (waits, runs)]
    return min((at for at in found if at is not None), default=None)


async def list_jobs(
    conn: AsyncConnection,
    *,
    state: JobState | None = None,
    call_id: str | None = None,
    limit: int = 50,
) -> list[Job]:
    """The jobs that fit, newest calls first."""
    query = select(jobs).order_by(jobs.c.call_started_at.desc(), jobs.c.id.desc()).limit(limit)
    for column, value in (("state", state), ("call_id", call_id)):
        if value is not None:
            query = query.where(jobs.c[column] == value)
    return [_job(row) for row in await conn.execute(query)]


async def show(conn: AsyncConnection, job_id: int) -> Job | None:
    """The job of that id."""
    row = (await conn.execute(select(jobs).where(jobs.c.id == job_id))).one_or_none()
    return None if row is None else _job(row)


def _held_by(worker: str) -> ColumnElement[bool]:
    return and_(_RUNS, jobs.c.worker == worker)


async def _let_go(conn: AsyncConnection, worker: str, job_id: int, **values: Any) -> bool:
    query = update(jobs).where(jobs.c.id == job_id, _held_by(worker))
    done = await conn.execute(query.values(worker=None, lease_until=None, **values))
    return done.rowcount > 0


async def _bury(conn: AsyncConnection, which: ColumnElement[bool], reason: str, at: float) -> int:
    """One more death for these running jobs: they wait again, or are set aside as poison."""
    last = jobs.c.deaths + 1 >= MOST_DEATHS
    poison = f"{MOST_DEATHS} workers died over it: {reason}"
    query = (
        update(jobs)
        .where(which)
        .values(
            deaths=jobs.c.deaths + 1,
            state=case((last, "aside"), else_="waiting"),
            reason=case((last, poison), else_=reason),
            ended_at=case((last, at), else_=None),
            ready_at=at,
            worker=None,
            lease_until=None,
        )
    )
    return (await conn.execute(query)).rowcount
