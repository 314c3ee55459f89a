"""Signed links to recordings: they open one file, for a time, and nothing else.

`PUBLIC_URL/v1/recordings/CALL/NAME?exp=UNIX&sig=HMAC`: NAME is made of the recording's path, so
that a link means the same file whatever else is recorded later; the signature is HMAC-SHA256 over
call, name and expiry by a key that never leaves this machine. Whoever has the link hears the
recording, so it goes to CRMs only; take the key away, and all links die.
"""

import hmac
import os
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Literal

from calltrackd.settings import Settings

KEY_BYTES = 32
KEY_FILE = "links.key"
DAY_S = 86_400.0
PATH = "/v1/recordings"

Verdict = Literal["good", "expired", "forged"]


class KeyUnusableError(Exception):
    """The file of the key can't be read or made; the text names it and says what to do."""


def key_in(folder: Path) -> bytes:
    """The key of this daemon, made at its first start: 32 random bytes that only its user can read.

    Raises KeyUnusableError.
    """
    path = folder / KEY_FILE
    try:
        if not path.exists():
            _make(path)
        key = path.read_bytes()
    except OSError as error:
        raise KeyUnusableError(f"{path}: {error.strerror}") from error
    if len(key) < KEY_BYTES:
        raise KeyUnusableError(f"{path} holds no key: remove it, and links made so far are void")
    return key


def _make(path: Path) -> None:
    """Whole or not at all, whenever the process ends."""
    unfinished = path.with_suffix(".tmp")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


class Links:
    """Makes and judges links. `public_url`: None when nobody outside can reach us."""

    def __init__(
        self,
        key: bytes,
        public_url: str | None,
        *,
        ttl_s: float = 365 * DAY_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._key = key
        self._base = None if public_url is None else public_url.rstrip("/")
        self._ttl_s = ttl_s
        self._clock = clock

    def link(self, call_id: str, path: str, ttl_s: float | None = None) -> str | None:
        """The address of a recording (its path as the record has it), good for `ttl_s` seconds.

        None: no public address is set, so nobody could open it.
        """
        if self._base is None:
            return None
        name = name_of(path)
        expires = str(int(self._clock() + (self._ttl_s if ttl_s is None else ttl_s)))
        signature = self._sign(call_id, name, expires)
        return f"{self._base}{PATH}/{call_id}/{name}?exp={expires}&sig={signature}"

    def judge(self, call_id: str, name: str, expires: str, signature: str) -> Verdict:
        """What a request's own words are worth; the signature is looked at first."""
        good = self._sign(call_id, name, expires)
        if not hmac.compare_digest(good.encode(), signature.encode("utf-8", "surrogateescape")):
            return "forged"
        return "good" if self._clock() < int(expires) else "expired"

    def _sign(self, call_id: str, name: str, expires: str) -> str:
        signed = f"recording\0{call_id}\0{name}\0{expires}".encode("utf-8", "surrogateescape")
        return urlsafe_b64encode(hmac.digest(self._key, signed, "sha256")).decode().rstrip("=")


def links_of(settings: Settings) -> Links:
    """Links as the settings have them, by this machine's key. Raises KeyUnusableError."""
    web = settings.web
    return Links(key_in(settings.state_dir), web.public_url, ttl_s=web.link_days * DAY_S)


def name_of(path: str) -> str:
    """The recording's name in a link.

    >>> name_of("/var/spool/asterisk/monitor/2026/11/23/1795423338.507.wav")
    'db3c2871e9d5'
    """
    return blake2b(path.encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()
