"""Which type belongs to a path of the settings: for environment variables and for suggestions.

A table that has several forms (`[[pbx]]` by its `kind`) is a union of models. pydantic names the
form in a path, `("pbx", 0, "freeswitch", "port")`; people don't (`untagged`).
"""

from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

from calltrackd.settings import errors


def bare(kind: Any) -> Any:
    """The type without Annotated and without `| None`; a union of several stays one."""
    while True:
        if get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
        elif get_origin(kind) in (Union, UnionType):
            some = [arg for arg in get_args(kind) if arg is not type(None)]
            if len(some) > 1:
                return kind
            kind = some[0]
        else:
            return kind


def models(kind: Any) -> list[type[BaseModel]]:
    """The forms of a table; none when the type is something else."""
    kind = bare(kind)
    if get_origin(kind) in (Union, UnionType):
        return [form for form in get_args(kind) if is_model(form)]
    return [kind] if is_model(kind) else []


def tag(form: type[BaseModel]) -> str:
    """The word under `kind` that makes a table this form."""
    return str(get_args(form.model_fields["kind"].annotation)[0])


def untagged(root: type[BaseModel], path: errors.Path) -> errors.Path:
    """The path as it is written, without the forms' tags."""
    kind: Any = root
    written: list[errors.Key] = []
    for key in path:
        if not any(key == tag(form) for form in _forms(kind)):
            written.append(key)
        kind = inside(kind, key)
    return tuple(written)


def inside(kind: Any, key: errors.Key) -> Any:
    """The type of what is called `key` in a value of type `kind`; None: there is no such thing."""
    kind = bare(kind)
    for form in _forms(kind):
        if tag(form) == key:
            return form
    for form in models(kind):
        if key in form.model_fields:
            return form.model_fields[str(key)].annotation
    if get_origin(kind) is list:
        return get_args(kind)[0]
    if get_origin(kind) is dict:
        return get_args(kind)[1]
    return None


def _forms(kind: Any) -> list[type[BaseModel]]:
    """The models of a union; none when there is no choice."""
    found = models(kind)
    return found if len(found) > 1 else []


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
