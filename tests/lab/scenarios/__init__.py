"""What can happen to a call, each plot a function; importing this package registers them all."""

from tests.lab.scenarios import (  # noqa: F401 - imported to register
    company,
    keys,
    outages,
    outbound,
    plain,
    queues,
    transfers,
)
