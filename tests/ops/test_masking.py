"""Masking of numbers and secrets."""

import pytest

from calltrackd.ops.masking import mask_numbers, redact_secrets, without_numbers, without_secrets


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+79161234567", "+7916***4567"),
        ("call from 79161234567.", "call from 79161***4567."),
        ("+7 (916) 123-45-67", "+7916***4567"),
        ("8 (916) 123-45-67 rang", "89161***4567 rang"),
        ("1234567", "***4567"),
        ("Local/74950000001@from-did-0000001a;1", "Local/74950***0001@from-did-0000001a;1"),
        (
            "/rec/external-101-79161234567-20261123-114500-1795423338.31.wav",
            "/rec/external-101-79161***4567-20261123-114500-1795423338.31.wav",
        ),
    ],
)
def test_number_in_any_form_is_masked(text: str, shown: str) -> None:
    """E.164, national and PBX forms lose their middle wherever they stand in a text."""
    assert without_numbers(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "01a2efe9-9992-7123-8123-123456789012",
        "12345678-1234-7123-8123-123456789012",
        "1795423338.31",
        "hq-1795423338.31",
        "PJSIP/101-00000012",
        "Local/s@beep-00000012;2",
        "127.0.0.1:5038",
        "2026-11-23T11:34:12.472Z",
        "extension 101, code *71, 123456",
        "sha 0123456789abcdef",
        "took 0.1234567 s",
    ],
)
def test_what_is_no_number_of_a_person_stays(text: str) -> None:
    """Ids, times, addresses and extensions must stay whole, or a log can't be searched."""
    assert without_numbers(text) == text


def test_numbers_deep_in_an_event_are_masked_but_ids_are_not() -> None:
    """Lists, dictionaries, exceptions and keys are searched; `call` is left alone."""
    event = {
        "call": "79161234567",
        "event": "x",
        "fields": {"79161234567": ["+79161234567"]},
        "error": ValueError("bad +79161234567"),
        "raw": b"79161234567",
        "count": 79161234567,
    }
    assert mask_numbers(None, "", event) == {
        "call": "79161234567",
        "event": "x",
        "fields": {"79161***4567": ["+7916***4567"]},
        "error": "bad +7916***4567",
        "raw": "b'79161***4567'",
        "count": 79161234567,
    }


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("postgresql://ct:hunter2@db/calls failed", "hunter2"),
        ("key whsec_aGVsbG8gd29ybGQ= is short", "aGVsbG8gd29ybGQ="),
        ("Action: Login\r\nSecret: hunter2\r\n", "hunter2"),
        ("Authorization: Bearer abc.def", "abc.def"),
        ("Authorization: Basic aGk6aG8=", "aGk6aG8="),
        ("https://crm/hook?token=hunter2&x=1", "hunter2"),
        ("db_password=hunter2,", "hunter2"),
    ],
)
def test_secret_inside_a_text_is_blotted_out(text: str, secret: str) -> None:
    """URL user info, webhook secrets, AMI frames, headers and query strings show no secret."""
    shown = without_secrets(text)
    assert secret not in shown
    assert "[redacted]" in shown


@pytest.mark.parametrize(
    "key", ["secret", "Password", "api_key", "apikey", "token", "Authorization", "credential"]
)
def test_value_under_a_secrets_name_is_blotted_out(key: str) -> None:
    """Whatever stands under such a key goes, also deep inside."""
    event = {"event": "x", key: "hunter2", "deep": [{key: {"a": "hunter2"}}]}
    assert "hunter2" not in str(redact_secrets(None, "", event))


def test_harmless_text_is_left_alone() -> None:
    """The words themselves are no secrets: an error about a password stays readable."""
    text = "wrong password for user calltrackd at 10.0.0.1:5038"
    assert without_secrets(text) == text
