"""What a scenario knows of a call beforehand, from the dialplan it dials into and its own plot."""

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass
class Facts:
    """Of one client call. Everything that has a moment comes from the phones, not from here."""

    direction: Literal["inbound", "outbound", "internal"] = "inbound"
    phone: str = "client"
    """The phone in the client's place."""
    number: str | None = None
    """The client's number where the phone's own call does not show it (outbound)."""
    queue: str | None = None
    queue_from: float | None = None
    """Unix second of the entry; None: when the client's call was answered by the PBX."""
    queue_to: float | None = None
    """Unix second of leaving; None: at the next answer, or the end."""
    menu: bool = False
    """The PBX answers with a menu or an announcement."""
    mailbox: bool = False
    conference: bool = False
    operators: tuple[str, ...] | None = None
    """The phones that this call concerns, where several calls go on; None: all."""
    transfers: list[dict[str, Any]] = field(default_factory=list)
    """kind, by, to; `completed` is found by the phones."""
    callback: bool = False
    """The PBX called the operator first."""
    certainty: Literal["live", "recovered", "gap"] = "live"
    lost_at: float | None = None
    """Unix second at which the link went down (gap)."""
    keys_late: bool = False
    """The PBX tells of the keys later than they were pressed."""
    unscored: tuple[str, ...] = ()
    """Fields that DECISIONS.md or the plot leaves open."""
    hung_up_by: str | None = None
    """Where the phones can't tell."""
    outcome: str | None = None
