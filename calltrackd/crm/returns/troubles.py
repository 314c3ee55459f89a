"""How long to leave a CRM alone after it could not be read."""

import random

from calltrackd.crm import backoff
from calltrackd.crm.trouble import BARRED_S, AuthFailed, Barred, Trouble


def wait_s(error: Exception, age_s: float) -> float:
    """Seconds until the next try of what has been failing for `age_s` seconds."""
    if isinstance(error, Trouble) and error.after is not None:
        return error.after
    if isinstance(error, AuthFailed | Barred):
        return BARRED_S
    return backoff.wait(age_s, random.random())  # noqa: S311 - jitter, no secret


def text(error: Exception) -> str:
    """The error in a line."""
    return str(error) or type(error).__name__
