"""Secrets in webhooks."""

import pytest

from calltrackd.crm.bitrix24 import inbox
from calltrackd.crm.returns.masking import masked

BITRIX24 = (
    b"event=ONCRMDEALUPDATE&data%5BFIELDS%5D%5BID%5D=7&ts=1795423338"
    b"&auth%5Baccess_token%5D=s6p6eclrvim6da22&auth[refresh_token]=4s386p3q0tr8dy89"
    b"&auth%5Bdomain%5D=some.bitrix24.ru&auth%5Bapplication_token%5D=51856fefc120afa4"
)


def test_tokens_of_an_event_are_masked_and_its_news_stays() -> None:
    """However the brackets are written."""
    kept = masked(BITRIX24)
    for token in (b"s6p6eclrvim6da22", b"4s386p3q0tr8dy89", b"51856fefc120afa4"):
        assert token in BITRIX24
        assert token not in kept
    assert kept.count(b"***") == 3
    assert b"auth%5Bdomain%5D=some.bitrix24.ru" in kept
    assert inbox.told(kept).keys == [("deal", "7")]


def test_json_is_masked_at_any_depth() -> None:
    """Objects in lists in objects; letters of names may be large."""
    body = b'{"deals": [{"id": 1, "auth": {"Access_Token": "x1", "client_id": 2}}], "token": ["y"]}'
    assert masked(body) == (
        b'{"deals":[{"id":1,"auth":{"Access_Token":"***","client_id":2}}],"token":"***"}'
    )


@pytest.mark.parametrize(
    "body",
    [
        b'{ "deals": [ {"id": "7", "amount": 12.10} ] }',
        b"leads%5Bstatus%5D%5B0%5D%5Bid%5D=7&token=&tokens=3",
        b"\xff\x00&=&==",
        b"[" * 20_000,
        b"",
    ],
)
def test_what_bears_no_secret_stays_as_it_came(body: bytes) -> None:
    """To the byte, readable or not."""
    assert masked(body) == body
