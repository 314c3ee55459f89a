"""The answer to a digest challenge (RFC 2617, MD5, qop=auth)."""

import hashlib
import re

from tests.lab.sip.message import Message, token


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def authorization(challenge: Message, method: str, uri: str, user: str, password: str) -> str:
    """The header line (with CRLF) that answers a 401 or 407 `challenge`."""
    offered = challenge.get("www-authenticate") or challenge.get("proxy-authenticate")
    fields = dict(re.findall(r'(\w+)="?([^",]+)', offered))
    realm, nonce, cnonce = fields.get("realm", ""), fields.get("nonce", ""), token(8)
    secret, action = _md5(f"{user}:{realm}:{password}"), _md5(f"{method}:{uri}")
    response = _md5(f"{secret}:{nonce}:00000001:{cnonce}:auth:{action}")
    name = "Authorization" if challenge.code == 401 else "Proxy-Authorization"
    opaque = f', opaque="{fields["opaque"]}"' if "opaque" in fields else ""
    return (
        f'{name}: Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
        f'response="{response}", algorithm=MD5, qop=auth, nc=00000001, '
        f'cnonce="{cnonce}"{opaque}\r\n'
    )
