"""The worker as MemoryDenyWriteExecute=yes of the systemd unit lets it run."""

import ctypes

from calltrackd.speech.worker import main

PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1
"""prctl(2), Linux 6.3."""


def refuse() -> bool:
    """No memory of this process becomes executable from now on; False: this kernel can't."""
    asked = ctypes.CDLL(None).prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0)
    return bool(asked == 0)


if __name__ == "__main__":
    refuse()
    main()
