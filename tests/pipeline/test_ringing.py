"""Whose phones rang in recorded calls, as a daemon that watched would have told it."""

from pathlib import Path

import pytest

from calltrackd.daemon.ringing import TOGETHER_S
from calltrackd.model.call import ringing
from calltrackd.pbx.stream import Stream
from tests.pipeline.feeding import STREAMS, a_street, numbered, recorded

GROUP = [["105", "106", "107"]]
RANG = {
    "ring_group": GROUP,
    "ring_group_abandon": GROUP,
    "queue_all_ring": [["105", "106"]],
    "queue_first_busy": [["103"]],
    "queue_local_members": [["105"]],
    "local_channel": [["101"]],
    "redirect_302": [["102"]],
    "pickup": [["101"]],
    "blind_refer": [["101"], ["102"]],
    "transfer_to_queue": [["101"], ["102"]],
    "refer_unanswered": [["101"], ["102"]],
    "attended_refer": [["101"]],
    "attended_dtmf": [["101"]],
    "park_timeout": [["101"], ["101"]],
    "late_attach_ringing": [["101"]],
    "link_cut_answered_unseen": [["101"]],
    "busy": [],
    "click_to_call": [],
    "outbound_answered": [],
    "asterisk-22/queue_first_times_out": [["102"], [], ["103"]],
    "freeswitch/queue_first_times_out": [["102"], ["103"]],
    "freeswitch/sequential": [["101"], ["102"]],
    "freeswitch/confirmed": [["101"]],
}
"""Scenario, or scenario of one make -> who rings in each step that is told."""


def streams() -> list[tuple[str, list[list[str]]]]:
    """Each scenario on each make of PBX that was recorded."""
    makes = {"asterisk-22": ".jsonl", "freeswitch": ".jsonl.gz"}
    names = [
        (f"{scenario if '/' in scenario else f'{make}/{scenario}'}{ending}", rang)
        for scenario, rang in RANG.items()
        for make, ending in makes.items()
        if "/" not in scenario or scenario.startswith(make)
    ]
    assert all(Path(STREAMS / name).exists() for name, _ in names)
    return names


@pytest.mark.parametrize(("name", "rang"), streams())
def test_both_makes_tell_who_rings(name: str, rang: list[list[str]]) -> None:
    """A group is one step; the next agent, the target of a transfer another; nothing is in vain."""
    assert told(name) == rang


def told(name: str) -> list[list[str]]:
    """Who rings in each step, gathered as the daemon gathers it."""
    street = a_street(stream=Stream(STREAMS / name).header.stream)
    found, due = [], None
    for chunk in numbered(recorded(name)):
        if due is not None and chunk.at >= due:
            found += [ringing(change.record) for change in street.tracker.take_ringing(due)]
            due = None
        street.feed(chunk)
        if due is None and street.tracker.ringing_moved:
            due = chunk.at + TOGETHER_S
    return found
