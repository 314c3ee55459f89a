"""Other shapes of a delivery."""

import json
from urllib.parse import parse_qs

import pytest

from calltrackd.crm.rows import rows_for
from calltrackd.crm.target import Shape
from calltrackd.crm.templates import TemplateFault
from calltrackd.crm.webhook.mapping import Mapper
from calltrackd.model.call import Source, Tag
from tests.crm.manual import START, a_target
from tests.crm.test_rows import a_record


def filled(form: str, **fields: object):
    """The request that a mapping makes of a call."""
    tag = Tag(name="sale", source="keypad", at=START)
    record = a_record(talk_s=12.5, tags=[tag], source=Source(campaign="spring & co"))
    (row,) = rows_for(record, "ended", [a_target()], START)
    return Mapper("crm", Shape(format=form, fields=fields)).request(row)


def test_json_fields_keep_their_types():
    """A single expression gives the value itself; text around it gives text."""
    request = filled(
        "json",
        phone="{{ caller }}",
        seconds="{{ talk_s }}",
        rounded="{{ talk_s | round | int }}",
        queue="{{ queue }}",
        title="Call from {{ caller }}, queue {{ queue }}.",
        tags="{{ tags | map(attribute='name') | list }}",
        event="{{ type }}",
        nested={"campaign": ["{{ source.campaign }}", 7, None]},
        term="{{ source.term }}",
    )
    assert request.content_type == "application/json"
    assert json.loads(request.body) == {
        "phone": "+79161234567",
        "seconds": 12.5,
        "rounded": 12,
        "queue": None,
        "title": "Call from +79161234567, queue .",
        "tags": ["sale"],
        "event": "call.ended",
        "nested": {"campaign": ["spring & co", 7, None]},
        "term": None,
    }


def test_form_is_urlencoded():
    """Values are escaped; null is empty; lists are JSON."""
    request = filled("form", c="{{ source.campaign }}", q="{{ queue }}", o="{{ operators }}")
    assert request.content_type == "application/x-www-form-urlencoded"
    fields = parse_qs(request.body.decode(), keep_blank_values=True)
    assert fields == {"c": ["spring & co"], "q": [""], "o": ["[]"]}


def test_query_has_no_body():
    """The fields go into the address."""
    request = filled("query", phone="{{ caller }}")
    assert (request.query, request.body) == ({"phone": "+79161234567"}, b"")


def test_callers_name_cannot_add_fields_or_run_templates():
    """What a caller chose is data, also when it looks like JSON, a query or a template."""
    record = a_record(caller_name='"}, {{ 7*7 }}&admin=1')
    (row,) = rows_for(record, "ended", [a_target()], START)
    for form in ("json", "form"):
        request = Mapper("crm", Shape(format=form, fields={"n": "{{ caller_name }}"})).request(row)
        assert b"49" not in request.body
    assert len(parse_qs(request.body.decode())) == 1


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{ caller", "unexpected end"),
        ("{{ calller }}", "no such name: calller"),
        ("x {{ a }} {{ b }}", "no such name: a, b"),
        ("{{ caller | nofilter }}", "nofilter"),
    ],
)
def test_wrong_template_is_told_before_anything_is_sent(template, why):
    """The error names the target, the field, however deep, and what is wrong."""
    with pytest.raises(TemplateFault, match=r"target crm, field deep\.0") as told:
        filled("json", deep=[template])
    assert why in str(told.value)


@pytest.mark.parametrize("template", ["{{ talk_s / 0 }}", "{{ caller + 1 }}", "{{ queue.x() }}"])
def test_template_that_fails_on_a_record_names_the_field(template):
    """What goes wrong while filling is told the same way."""
    with pytest.raises(TemplateFault, match="target crm, field bad"):
        filled("json", bad=template)


def test_templates_cannot_leave_the_sandbox():
    """Python's insides are out of reach."""
    reach = "{{ caller.__class__.__mro__[1].__subclasses__() }}"
    with pytest.raises(TemplateFault):
        filled("json", bad=reach)
