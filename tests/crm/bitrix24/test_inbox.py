"""Outgoing webhooks of the portal."""

from urllib.parse import urlencode

import pytest

from calltrackd.crm.bitrix24 import inbox
from calltrackd.crm.returns.ports import Posted


def body_of(event: str, number: str = "9", token: str = "t0ken") -> bytes:
    """The form of an event."""
    form = {
        "event": event,
        "data[FIELDS][ID]": number,
        "ts": "1736405294",
        "auth[domain]": "x.bitrix24.ru",
        "auth[application_token]": token,
    }
    return urlencode(form).encode()


@pytest.mark.parametrize(
    ("given", "ours", "genuine"),
    [("t0ken", "t0ken", True), ("other", "t0ken", False), ("", "", False), ("t0ken", "", False)],
)
def test_the_applications_token_is_all_that_counts(given: str, ours: str, genuine: bool) -> None:
    """Without a token of ours nothing is believed."""
    event = Posted("", {}, {}, body_of("ONCRMDEALUPDATE", token=given), 0.0)
    assert inbox.is_genuine(event, ours) is genuine


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"auth=t0ken", b"auth[application_token][x]=t"])
def test_strange_bodies_are_not_genuine(body: bytes) -> None:
    """And break nothing."""
    assert not inbox.is_genuine(Posted("", {}, {}, body, 0.0), "t0ken")


@pytest.mark.parametrize(
    ("event", "keys"),
    [
        ("ONCRMDEALADD", [("deal", "9")]),
        ("OnCrmDealUpdate", [("deal", "9")]),
        ("ONCRMDEALMOVETOCATEGORY", [("deal", "9")]),
        ("ONCRMLEADUPDATE", [("lead", "9")]),
        ("ONCRMCONTACTUPDATE", []),
    ],
)
def test_an_event_names_what_is_to_be_read(event: str, keys: list[tuple[str, str]]) -> None:
    """Only the id comes; events of other things say nothing."""
    assert inbox.told(body_of(event)).keys == keys


def test_an_event_without_an_id_can_not_be_read() -> None:
    """It is put aside with this reason."""
    with pytest.raises(ValueError, match="no id"):
        inbox.told(body_of("ONCRMDEALUPDATE", number=""))
