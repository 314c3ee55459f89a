"""What a call makes in the CRM, in every combination of settings, client and step."""

from itertools import product
from typing import Any

import pytest

from calltrackd.crm.leads.match import Match
from calltrackd.crm.leads.policy import Policy
from calltrackd.crm.templates import TemplateFault
from calltrackd.model.call import CallRecord
from tests.crm.house import CLIENT, DID, a_call, answered, ended, target_for
from tests.crm.notebook import NotebookTarget

MAKES = ("never", "new_callers", "no_open_deal", "always")
ATS = ("started", "answered", "ended")
MISSED = ("lead", "task", "both", "nothing")
DIRECTIONS = ("inbound", "outbound")
STATES = ("ringing", "talking", "over", "missed")
KNOWN = Match(kind="contact", id="1")
BUSY = Match(kind="contact", id="2", open_deal="20")
TWO = (Match(kind="contact", id="1"), Match(kind="contact", id="2"))
BUSY_TWO = tuple(Match(kind="contact", id=n, open_deal=f"{n}0") for n in "12")
MATCHES: tuple[tuple[Match, ...], ...] = ((), (KNOWN,), (BUSY,), TWO, BUSY_TWO)


def policy(**rules: Any) -> Policy:
    """A policy by settings."""
    lead = {"ignore": ["+7495*"], **rules}
    given = {"name": "crm", "url": "https://x", "secret": "x", "lead": lead}
    return Policy(target_for(NotebookTarget.model_validate(given)))


def call(state: str, direction: str = "inbound", **fields: Any) -> CallRecord:
    """A call as it stands."""
    made = a_call(direction=direction, **fields)
    if state in {"talking", "over"}:
        made = answered(made)
    return ended(made) if state in {"over", "missed"} else made


def reached(at: str, state: str) -> bool:
    """Whether the moment for a lead has come, said otherwise than the policy says it."""
    order = {"ringing": 0, "talking": 1, "over": 2, "missed": 2}
    return order[state] >= {"started": 0, "answered": 1, "ended": 2}[at]


def wants_lead(make: str, matches: tuple[Match, ...]) -> bool:
    """Whether `make` wants a lead of such a client."""
    if make == "new_callers":
        return not matches
    if make == "no_open_deal":
        return not any(match.open_deal for match in matches)
    return make == "always"


@pytest.mark.parametrize("matches", MATCHES, ids=["new", "known", "busy", "two", "busy two"])
@pytest.mark.parametrize("make", MAKES)
def test_every_combination(make: str, matches: tuple[Match, ...]) -> None:
    """Leads and tasks are made exactly when settings, client and step say so."""
    for at, missed, direction, state in product(ATS, MISSED, DIRECTIONS, STATES):
        decision = policy(make=make, at=at, missed=missed).decide(call(state, direction), matches)
        lead, task = decision.lead is not None, decision.task is not None
        about = (at, missed, direction, state, decision.why)
        is_missed = state == "missed" and direction == "inbound"
        wanted = wants_lead(make, matches)
        if direction == "outbound":
            assert (lead, task) == (False, False), about
        elif len(matches) > 1:
            asks = missed != "nothing" if is_missed else wanted and reached(at, state)
            assert (lead, task) == (False, asks), about
        elif is_missed:
            assert lead == (missed in {"lead", "both"} and wanted), about
            assert task == (missed in {"task", "both"}), about
        else:
            assert (lead, task) == (wanted and reached(at, state), False), about
        assert decision.client == (matches[0] if len(matches) == 1 else None), about


@pytest.mark.parametrize("caller", [None, DID, "+74950000000"], ids=["hidden", "own", "listed"])
def test_some_numbers_make_nothing(caller: str | None) -> None:
    """Hidden, own and listed numbers make neither lead nor task, not even missed ones."""
    whole = policy(make="always", missed="both", ignore=["+7495*"])
    for state in STATES:
        decision = whole.decide(call(state, caller=caller), ())
        assert (decision.lead, decision.task) == (None, None)


def test_hidden_numbers_are_nobodys() -> None:
    """Two anonymous callers are never one client."""
    assert policy().decide(call("over", caller=None), (KNOWN,)).client is None


def test_own_numbers_are_those_of_the_settings() -> None:
    """A tracking number calls another: no lead."""
    given = {"name": "crm", "url": "https://x", "secret": "x", "lead": {"make": "always"}}
    from msgspec.structs import replace

    target = target_for(NotebookTarget.model_validate(given))
    mine = Policy(replace(target, own_numbers=frozenset({CLIENT})))
    assert mine.decide(call("over"), ()).lead is None
    assert Policy(target).decide(call("over"), ()).lead is not None


def test_title_and_fields_are_filled_from_the_record() -> None:
    """Templates as in the webhook's mapping; a single one keeps its type."""
    rules = {
        "title": "Call {{ caller }} to\n {{ did }}",
        "fields": {"UF_TALK": "{{ talk_s }}", "utm": ["{{ source.source }}"]},
    }
    decision = policy(make="always", **rules).decide(call("over"), ())
    assert decision.lead is not None
    assert decision.lead.title == f"Call {CLIENT} to {DID}"
    assert decision.lead.fields == {"UF_TALK": 60.0, "utm": [None]}


def test_task_is_due_after_the_call() -> None:
    """Minutes of the settings from the call's end."""
    record = call("missed")
    decision = policy(missed="task", task_due_min=15.0).decide(record, (KNOWN,))
    assert decision.task is not None
    assert record.ended_at is not None
    assert decision.task.due_at == record.ended_at + 900
    assert decision.task.title == f"Call back {CLIENT}"


def test_wrong_template_is_told_when_the_target_is_built() -> None:
    """A name that does not exist is told with its place."""
    with pytest.raises(TemplateFault, match=r"target crm, lead\.fields\.x: no such name: callr"):
        policy(fields={"x": "{{ callr }}"})
