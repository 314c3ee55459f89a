"""Settings of what comes back from CRMs."""

from pathlib import Path

import pytest

from calltrackd.settings import Settings
from tests.settings.writing import TARGET, loaded, mistakes, said, written

ESPO = (
    '[[target]]\nkind = "espocrm"\nname = "espo"\nurl = "https://crm.example"\nsecret = "key"\n'
    "[target.deals]\n"
)


def inbound(settings: Settings) -> str:
    """The secret of the first target's own webhooks."""
    secret = settings.target[0].deals.secret
    assert "key" not in repr(settings.target[0].deals)
    return secret.get_secret_value()


def test_secret_of_inbound_webhooks_is_read_from_wherever_it_is(tmp_path: Path) -> None:
    """In place, from a file, from systemd; its own, not that of the API."""
    written(tmp_path, "s3cret\n", "hook.secret")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    for line in ('secret = "s3cret"', 'secret_file = "hook.secret"'):
        assert inbound(loaded(tmp_path, ESPO + line)) == "s3cret"
    assert (
        inbound(loaded(tmp_path, f'{ESPO}secret_credential = "hook.secret"', environ)) == "s3cret"
    )


def test_target_without_one_takes_no_webhooks(tmp_path: Path) -> None:
    """And that is no mistake: deals come by polls."""
    assert inbound(loaded(tmp_path, ESPO)) == ""
    assert inbound(loaded(tmp_path, ESPO + "poll_s = 60.0")) == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            ESPO + 'secret = "a"\nsecret_file = "hook.secret"',
            "7: target[0].deals.secret: the secret is given twice: keep one of secret,",
        ),
        (
            TARGET + "[target.deals]\npoll_s = 60.0",
            "7: target[0].deals.poll_s: no such setting with kind = webhook",
        ),
        (
            '[web]\npublic_url = "calls.example.com"',
            "2: web.public_url: a public address begins with https:// or http:// and a host",
        ),
        (
            '[web]\npublic_url = "https://calls.example.com/?a=1"',
            "2: web.public_url: only scheme, host and path: what is behind ? or # or before @",
        ),
    ],
)
def test_mistakes_are_told(tmp_path: Path, text: str, message: str) -> None:
    """Each with its place."""
    written(tmp_path, "s3cret", "hook.secret")
    (told,) = said(mistakes(tmp_path, text), tmp_path)
    assert told.startswith(f"calltrackd.toml:{message}")
