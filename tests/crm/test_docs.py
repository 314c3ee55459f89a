"""docs/webhooks.md says what the code does."""

import re
import time
from pathlib import Path
from typing import get_args

from calltrackd.crm.backoff import CEILINGS_S
from calltrackd.crm.lane import Word
from calltrackd.crm.target import hook_of
from calltrackd.crm.webhook.mapping import Mapper
from calltrackd.crm.webhook.signature import sign
from calltrackd.model.call import Step
from calltrackd.settings.target import WebhookTarget, signing_key

TEXT = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def blocks(language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_verify_example_takes_what_we_sign_and_nothing_else():
    """The Python example of the document runs and judges rightly."""
    names: dict = {}
    exec(blocks("python")[0], names)
    now, body = int(time.time()), b'{"type": "call.ended"}'
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(now),
        "webhook-signature": sign([bytes(32), signing_key(SECRET)], "msg_1", now, body),
    }
    assert names["is_genuine"](headers, body)
    assert not names["is_genuine"](headers, body + b" ")
    assert not names["is_genuine"](headers | {"webhook-id": "msg_2"}, body)


def test_every_step_and_outcome_has_its_line():
    """No event type and no delivery outcome is undocumented."""
    for step in get_args(Step):
        assert f"| `call.{step}` |" in TEXT
    for word in get_args(Word):
        assert f"| `{word}` |" in TEXT


def test_schedule_in_the_document_is_the_one_in_the_code():
    """Seconds, minutes and hours as they are written there."""
    assert CEILINGS_S == (5, 30, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600)
    assert "within 5 s, then within 30 s, 5 min, 30 min,\n2 h, 5 h, 10 h" in TEXT


def test_examples_of_settings_are_valid_and_their_mappings_compile():
    """The TOML examples pass the settings and their templates are right."""
    import tomllib

    plain, *mappings = [tomllib.loads(text) for text in blocks("toml")]
    settings = {k: v for k, v in plain["target"][0].items() if k not in {"secret_file", "tls_ca"}}
    for mapping in mappings:
        given = {**settings, "secrets": [SECRET], **mapping["target"]}
        target = hook_of(WebhookTarget.model_validate(given))
        assert Mapper(target.name, target.shape)


def test_settings_become_the_target_that_they_describe():
    """Every setting of a target reaches the part that acts on it."""
    settings = WebhookTarget.model_validate(
        {
            "kind": "webhook",
            "name": "crm",
            "url": "https://crm.example.com/x",
            "secrets": [SECRET],
            "events": ["ended"],
            "numbers": ["+7495*"],
            "directions": ["internal"],
            "tracked_only": True,
            "mask_numbers": True,
            "allow_private": True,
            "concurrency": 3,
            "connect_timeout_s": 1,
            "timeout_s": 2,
            "give_up_after_h": 1,
            "started_deadline_s": 4,
            "mapping": {"method": "PUT", "headers": {"X-A": "b"}, "fields": {"c": "{{ id }}"}},
        }
    )
    target = hook_of(settings)
    assert target.keys == (signing_key(SECRET),)
    assert (target.method, target.headers, target.concurrency) == ("PUT", {"X-A": "b"}, 3)
    limits = target.connect_s, target.answer_s, target.give_up_s, target.stale_s
    assert limits == (1, 2, 3600, 4)
    assert (target.shape.format, target.shape.fields) == ("json", {"c": "{{ id }}"})
    wants = target.wants
    assert (wants.events, wants.directions) == (frozenset({"ended"}), frozenset({"internal"}))
    assert (wants.numbers, wants.tracked_only, wants.mask_numbers) == (("+7495*",), True, True)
