"""What can go wrong with speech, grouped by who can act.

SpeechError
├── RefusedError       the file, the model or the engine's settings: the same again fails again
├── PoisonedError      the job killed its child process three times: it is set aside
└── UnavailableError   a server, a command or a child is not there now: try again later

The text of each is a sentence for the admin.
"""


class SpeechError(Exception):
    """Speech could not be turned into words."""


class RefusedError(SpeechError):
    """The same again would be refused again; somebody must mend what the text names."""


class PoisonedError(SpeechError):
    """Three child processes died over this job, or had to be killed; it is set aside."""


class UnavailableError(SpeechError):
    """Not now; the same may work later."""
