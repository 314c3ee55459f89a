"""Secrets: written in place, in a file, or handed over by systemd; the user sees none of the three.

After loading the value stands in the field itself, wherever it came from.
"""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, SecretStr, ValidationInfo

from calltrackd.settings.base import LocalPath, surroundings, told


def _readable(path: Path | None) -> Path | None:
    if path is not None and surroundings().need_secrets:
        _text(path, "let the daemon's user read it, or hand it over by LoadCredential=")
    return path


def _credential(name: str | None) -> str | None:
    if name is None or not surroundings().need_secrets:
        return name
    if "/" in name or name in ("", ".", ".."):
        raise told("a credential's name has no slash: LoadCredential=NAME:/path gives it its name")
    folder = surroundings().environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise told(
            "no credentials were handed over ($CREDENTIALS_DIRECTORY is not set): "
            "put LoadCredential={name}:/etc/calltrackd/{name} into the unit",
            name=name,
        )
    _text(Path(folder, name), f"put LoadCredential={name}:/etc/calltrackd/{name} into the unit")
    return name


def _text(path: Path, mend: str) -> str:
    try:
        text = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise told(
            "cannot read {path}: {why}; {mend}", path=str(path), why=why, mend=mend
        ) from None
    if not text:
        raise told("{path} is empty", path=str(path))
    return text


SecretFile = Annotated[LocalPath | None, AfterValidator(_readable)]
"""A file that holds a secret."""

CredentialName = Annotated[str | None, AfterValidator(_credential)]
"""The name of a systemd credential (a file in $CREDENTIALS_DIRECTORY)."""


def elsewhere(info: ValidationInfo) -> str | None:
    """The secret that the fields `secret_file` or `secret_credential` of the same table lead to.

    None: neither is given. Empty: one is given, but is in error itself or is not to be read.
    """
    data = info.data
    if not {"secret_file", "secret_credential"} <= data.keys():
        return ""
    file, name = data["secret_file"], data["secret_credential"]
    if file is None and name is None:
        return None
    if not surroundings().need_secrets:
        return ""
    if file is not None and name is not None:
        raise told("the secret is given twice: keep one of secret_file, secret_credential")
    if file is None:
        file = Path(surroundings().environ["CREDENTIALS_DIRECTORY"], name)
    return _text(file, "it was there a moment ago")


def one_secret(value: SecretStr, info: ValidationInfo) -> SecretStr:
    """The secret from wherever it is. Errors: given nowhere, or in two places."""
    other = elsewhere(info)
    here = value.get_secret_value()
    if here and other:
        raise told("the secret is given twice: keep one of secret, secret_file, secret_credential")
    if not (here or other or "x").isprintable():
        raise told("a password is one line of printable letters")
    if not here and other is None and surroundings().need_secrets:
        raise told("no secret: give one of secret, secret_file, secret_credential")
    return SecretStr(here or other or "")
