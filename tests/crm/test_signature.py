"""Standard Webhooks signatures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltrackd.crm.webhook.signature import SignatureError, sign, verify
from calltrackd.settings.target import signing_key
from tests.crm.manual import KEY

NEW = bytes(range(32, 64))
NOW = 1_795_423_338


def signed(keys, body=b"{}", message="msg_1", at=NOW) -> dict[str, str]:
    """The headers of a request."""
    return {
        "webhook-id": message,
        "webhook-timestamp": str(at),
        "webhook-signature": sign(keys, message, at, body),
    }


def test_signature_is_the_one_of_the_specification():
    """The example of the Standard Webhooks libraries gives their signature."""
    key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signature = sign([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(), st.text("abc_0", min_size=1))
def test_what_is_signed_verifies(body, message):
    """Any body and id, with the key that signed."""
    assert verify([KEY], signed([KEY], body, message), body, NOW + 1) == (message, NOW)


@pytest.mark.parametrize("receiver", [[KEY], [NEW], [KEY, NEW]])
def test_during_a_rotation_either_secret_verifies(receiver):
    """A request signed with both is taken by who knows the old, the new or both."""
    headers = signed([KEY, NEW])
    assert headers["webhook-signature"].count("v1,") == 2
    assert verify(receiver, headers, b"{}", NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": str(NOW + 1)},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": ""},
        {"webhook-timestamp": "soon"},
    ],
)
def test_changed_header_is_refused(change):
    """Id, time and signature are bound together."""
    with pytest.raises(SignatureError):
        verify([KEY], signed([KEY]) | change, b"{}", NOW)


def test_changed_body_other_key_and_missing_header_are_refused():
    """Nothing but the signed body with the right key passes."""
    for keys, headers, body in [
        ([KEY], signed([KEY]), b"{ }"),
        ([NEW], signed([KEY]), b"{}"),
        ([KEY], {}, b"{}"),
    ]:
        with pytest.raises(SignatureError):
            verify(keys, headers, body, NOW)


@pytest.mark.parametrize("shift", [-301, 301])
def test_old_or_future_request_is_refused(shift):
    """A replay after five minutes is worth nothing."""
    with pytest.raises(SignatureError):
        verify([KEY], signed([KEY]), b"{}", NOW + shift)
