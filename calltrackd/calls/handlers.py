"""How the parts of the tracker offer themselves: a table from event type to what it does."""

from collections.abc import Callable
from typing import Any

from calltrackd.model.channel import Event

Handlers = dict[type[Event], Callable[[Any], None]]
"""Each handler takes exactly the type that it is listed for."""
