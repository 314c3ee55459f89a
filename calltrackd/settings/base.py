"""What every table of the settings file has in common, and where values that need a context get it.

Region, folder and environment are not known to a nested value, so the loader lends them for the
length of one validation (`lent`); without it the defaults of `Surroundings` hold.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from calltrackd.model.numbers import e164


@dataclass(frozen=True)
class Surroundings:
    """What a value needs to know beyond itself."""

    region: str = "RU"
    folder: Path = Path()
    """Relative paths count from here: the folder of the settings file."""
    environ: Mapping[str, str] = field(default_factory=dict)
    need_secrets: bool = True
    """False: files and credentials of secrets are left alone (commands that connect nowhere)."""


_surroundings: ContextVar[Surroundings] = ContextVar("surroundings")


def surroundings() -> Surroundings:
    """What the validation in progress may know."""
    return _surroundings.get(Surroundings())


@contextmanager
def lent(value: Surroundings) -> Iterator[None]:
    """`value` holds for validations inside the block."""
    token = _surroundings.set(value)
    try:
        yield
    finally:
        _surroundings.reset(token)


class Section(BaseModel):
    """A table: no type is bent, no unknown key is passed over, nothing changes after loading."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
    )


def told(message: str, /, **context: Any) -> PydanticCustomError:
    """An error in our own words."""
    return PydanticCustomError("calltrackd", message, context)  # type: ignore[arg-type, unused-ignore]


def _number(raw: str) -> str:
    region = surroundings().region
    found = e164(raw, region)
    if found is None:
        raise told(
            "{raw} is no phone number that {region} can dial: write it with + and country code",
            raw=repr(raw),
            region=region,
        )
    return found


def _from_folder(path: Path) -> Path:
    return (surroundings().folder / path).absolute()


def _pattern(raw: str) -> str:
    try:
        re.compile(raw)
    except re.error as error:
        raise told("no regular expression: {why}", why=str(error)) from None
    return raw


PhoneNumber = Annotated[str, AfterValidator(_number)]
"""E.164 after loading, in any form of the region before."""

LocalPath = Annotated[Path, Field(strict=False), AfterValidator(_from_folder)]
"""A path; relative ones count from the folder of the settings file."""

Pattern = Annotated[str, AfterValidator(_pattern)]
"""A Python regular expression."""

NAME = r"^\w[\w.-]{0,63}$"
Name = Annotated[str, Field(pattern=NAME)]
"""A short word for logs, metrics, records and folders."""

Seconds = Annotated[float, Field(gt=0, le=86_400)]
"""A length of time above zero, seconds."""
