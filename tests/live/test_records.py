"""The daemon at a real Asterisk writes the records that the phones can testify to."""

import pytest

from tests.live.evening import Played, playable
from tests.scenarios.compare import differences


@pytest.mark.parametrize("name", playable())
def test_daemon_records_what_the_phones_did(evening: dict[str, Played], name: str) -> None:
    """Every scored field of every call of the plot is as the phones' diary says."""
    played = evening[name]
    if played.error is not None:
        raise played.error
    wrong = differences(played.truth, played.records)
    assert wrong == [], "\n".join(played.diary)
