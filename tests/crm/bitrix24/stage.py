"""Settings that reach a fake portal."""

from typing import Any

from calltrackd.settings.crm.bitrix24 import Bitrix24Target
from tests.fakes.crm_base import CrmFake

USERS = {"101": "7", "102": "8"}


def app(fake: CrmFake, **fields: Any) -> Bitrix24Target:
    """A local application."""
    return _target(
        fake, **{"mode": "app", "client_id": "local.1", "refresh_token": "refresh-0", **fields}
    )


def webhook(fake: CrmFake, **fields: Any) -> Bitrix24Target:
    """An incoming webhook."""
    return _target(fake, **{"mode": "webhook", "user_id": 1, **fields})


def _target(fake: CrmFake, **fields: Any) -> Bitrix24Target:
    given = {
        "kind": "bitrix24",
        "name": "crm",
        "url": fake.url,
        "oauth_url": fake.url,
        "secret": "s3cr3t-token",
        "allow_private": True,
        "timeout_s": 0.4,
        "users": USERS,
    }
    return Bitrix24Target.model_validate({**given, **fields})
