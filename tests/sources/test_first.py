"""The first source goes along with a client's later calls."""

import pytest

from calltrackd.model.call import CallRecord, Source
from calltrackd.sources.first import first_source
from calltrackd.store.history import FirstCall

GOOGLE = FirstCall("one", 1000.0, Source(source="google"))


def call(caller: str | None = "+79161234567") -> CallRecord:
    """A later call."""
    return CallRecord(id="two", pbx="hq", direction="inbound", started_at=2000.0, caller=caller)


def test_a_later_call_gets_the_source_of_the_first() -> None:
    """Whatever its own source is."""
    assert first_source(call(), GOOGLE) == Source(source="google")


def test_an_untracked_first_call_is_an_answer_too() -> None:
    """Empty, not unknown: no later advertising may claim the client."""
    assert first_source(call(), FirstCall("one", 1000.0, Source())) == Source()


@pytest.mark.parametrize("first", [None, FirstCall("two", 2000.0, Source(source="google"))])
def test_the_first_call_itself_has_none(first: FirstCall | None) -> None:
    """Also when it is judged again and the store knows it already."""
    assert first_source(call(), first) is None


def test_who_hides_is_joined_with_nobody() -> None:
    """Whatever the history holds."""
    assert first_source(call(caller=None), GOOGLE) is None
