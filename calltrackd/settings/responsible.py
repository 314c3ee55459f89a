"""`[responsible]`: the manager of a client, found in the CRM as the call comes."""

from pydantic import Field

from calltrackd.settings.base import Section


class ResponsibleSettings(Section):
    """How long answers of CRMs hold, and how long a call waits for one."""

    wait_s: float = Field(default=0.1, ge=0, le=2)
    """Seconds for which the first event of a call waits when its client was never asked for; what
    comes later is told by `call.updated`. 0: it never waits."""
    fresh_s: float = Field(default=900.0, gt=0, le=604_800)
    """Seconds after which a manager who is asked for is looked up again, behind the answer."""
    unknown_s: float = Field(default=300.0, gt=0, le=604_800)
    """The same for clients of whom the CRM knew nobody."""
    keep_days: float = Field(default=90.0, gt=0, le=3_650)
    """Days that an answer outlives its last look, so that a restart knows it."""
