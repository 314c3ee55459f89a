"""A recorded call that is to be listened to, was, or can't be."""

from typing import Literal

import msgspec

JobState = Literal["waiting", "running", "done", "aside"]
"""aside = it can't be used, or it killed its workers: kept with the reason until an admin acts."""


class Job(msgspec.Struct, kw_only=True):
    """A job as the store has it. Times are unix seconds."""

    id: int
    call_id: str
    path: str
    live: bool
    call_started_at: float
    created_at: float
    state: JobState
    ready_at: float
    attempts: int
    """How often it was claimed."""
    deaths: int
    """How many workers died over it."""
    worker: str | None
    lease_until: float | None
    reason: str | None
    """Why it waits again or was set aside."""
    note: str | None
    """The worker's own memory of it."""
    ended_at: float | None
