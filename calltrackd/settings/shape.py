"""Which type belongs to a path of the settings: for environment variables and for suggestions."""

from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

from calltrackd.settings import errors


def bare(kind: Any) -> Any:
    """The type without Annotated and without `| None`."""
    while True:
        if get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
        elif get_origin(kind) in (Union, UnionType):
            kind = next(arg for arg in get_args(kind) if arg is not type(None))
        else:
            return kind


def inside(kind: Any, key: errors.Key) -> Any:
    """The type of what is called `key` in a value of type `kind`; None: there is no such thing."""
    kind = bare(kind)
    if is_model(kind):
        found = kind.model_fields.get(key)
        return None if found is None else found.annotation
    if get_origin(kind) is list:
        return get_args(kind)[0]
    if get_origin(kind) is dict:
        return get_args(kind)[1]
    return None


def at(root: type[BaseModel], path: errors.Path) -> Any:
    """The bare type at a path from the root model; None: there is no such thing."""
    kind: Any = root
    for key in path:
        kind = inside(kind, key)
    return bare(kind)


def is_model(kind: Any) -> bool:
    """Whether the type is a table of ours."""
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def is_list(kind: Any) -> bool:
    """Whether a value of the type is written as an array."""
    return get_origin(bare(kind)) is list


def is_dict(kind: Any) -> bool:
    """Whether a value of the type is a table with keys of the user's."""
    return get_origin(bare(kind)) is dict


def takes_text(kind: Any) -> bool:
    """Whether a plain text may be such a value."""
    kind = bare(kind)
    if get_origin(kind) is Literal:
        return isinstance(get_args(kind)[0], str)
    return isinstance(kind, type) and issubclass(kind, str | SecretStr | Path)
