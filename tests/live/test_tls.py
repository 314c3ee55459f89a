"""The manager interface over TLS, as a real Asterisk speaks it."""

import shutil
from pathlib import Path

import pytest
from pydantic import SecretStr

from calltrackd.pbx.errors import LinkDownError
from calltrackd.pbx.session import connect
from calltrackd.settings import AsteriskPbx
from tests.lab.asterisk import Asterisk

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="no openssl to make the PBX's certificate with"
)


def _settings(pbx: Asterisk, ca: Path | None) -> AsteriskPbx:
    return AsteriskPbx(
        kind="asterisk",
        name="office",
        port=pbx.ports.ami_tls,
        tls=True,
        tls_ca=ca,
        user="lab",
        secret=SecretStr("labsecret"),
    )


async def test_own_authority_is_trusted(pbx: Asterisk) -> None:
    """With the PBX's certificate as `tls_ca`, login and actions go through TLS."""
    read: list[bytes] = []
    connection = await connect(_settings(pbx, pbx.folder / "etc/cert.pem"), read.append)
    try:
        (answer,) = await connection.action("Ping", {}, 10.0)
    finally:
        connection.end("done")
    assert answer["Ping"] == "Pong"
    assert b"".join(read).startswith(b"Asterisk Call Manager/")


async def test_unknown_authority_is_refused(pbx: Asterisk) -> None:
    """Without `tls_ca` a self-made certificate is not trusted, and the error says what to set."""
    with pytest.raises(LinkDownError, match="tls_ca"):
        await connect(_settings(pbx, None), lambda _data: None)
