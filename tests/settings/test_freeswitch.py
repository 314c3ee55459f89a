"""What the default patterns know of a FreeSWITCH's channels."""

import pytest

from calltrackd.pbx.channels import ChannelRules
from calltrackd.settings import FreeswitchPbx


@pytest.mark.parametrize(
    ("channel", "role", "extension"),
    [
        ("sofia/internal/1001@127.0.8.1:6001", "operator", "1001"),
        ("sofia/internal/sip:1001@127.0.8.1:6001", "operator", "1001"),
        ("sofia/internal-ipv6/1001@example.com", "operator", "1001"),
        ("verto.rtc/1001@example.com", "operator", "1001"),
        ("sofia/trunk/79161234567@127.0.8.1:7001", "client", None),
        ("sofia/external/79161234567@198.51.100.7", "client", None),
        ("sofia/external-ipv6/1001@example.com", "client", None),
        ("sofia/gateway/provider/79161234567", "client", None),
        ("sofia/internal/79161234567@198.51.100.7", "client", None),
        ("freetdm/1:1/79161234567", "client", None),
        ("loopback/1001-a", "helper", None),
    ],
)
def test_the_default_patterns_fit_vanilla_and_fusionpbx(
    channel: str, role: str, extension: str | None
) -> None:
    """Lines by their profile, phones by a short number on any other; loopback is nobody."""
    pbx = FreeswitchPbx(kind="freeswitch", name="fs", secret="x")
    assert ChannelRules(pbx.trunks, pbx.extensions).role(channel) == (role, extension)
