"""The tables of docs/settings.md as the models say them: the test compares, `python -m` prints.

CRMs have pages of their own: docs/crm.md what they have in common (`python -m
tests.settings.reference crm`), docs/crm/KIND.md the rest (the same with the kind's name).
"""

import sys
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import msgspec
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from calltrackd.settings import CrmTarget, Settings, shape
from calltrackd.settings.crm import AnyCrm

WORDS = {"str": "text", "SecretStr": "text", "int": "integer", "float": "number", "Path": "path"}


def sections() -> Iterator[tuple[str, list[str]]]:
    """(heading, rows) of every table of the settings, in the models' order."""
    yield from _sections(Settings, "", "At the top")


def _sections(model: type[BaseModel], path: str, heading: str) -> Iterator[tuple[str, list[str]]]:
    tables = {}
    rows = []
    for name, field in model.model_fields.items():
        kind = shape.bare(field.annotation)
        many = shape.is_list(kind)
        forms = forms_of(get_args(kind)[0] if many else kind)
        if forms:
            tables[f"{path}{name}"] = forms, many
        else:
            rows.append(row(name, field))
    yield heading, rows
    for below, (forms, many) in tables.items():
        heading = f"`[[{below}]]`" if many else f"`[{below}]`"
        for form in forms:
            of = f' with `kind = "{shape.tag(form)}"`' if len(forms) > 1 else ""
            yield from _sections(form, f"{below}.", heading + of)


def forms_of(kind: Any) -> list[type[BaseModel]]:
    """The models that stand on the page of all settings."""
    return [form for form in shape.models(kind) if not issubclass(form, CrmTarget)]


def crm_sections() -> Iterator[tuple[str, list[str]]]:
    """The tables of what all CRMs have in common."""
    yield from _sections(CrmTarget, "target.", "`[[target]]`")


def kind_sections(kind: str) -> Iterator[tuple[str, list[str]]]:
    """The tables of what a CRM has for itself."""
    (form,) = [one for one in get_args(AnyCrm) if shape.tag(one) == kind]
    for heading, rows in _sections(form, "target.", "`[[target]]`"):
        common = dict(crm_sections()).get(heading, [])
        names = {line.split("`")[1] for line in common}
        if own := [line for line in rows if line.split("`")[1] not in names]:
            yield heading, own


def row(name: str, field: FieldInfo) -> str:
    """The line of one setting."""
    meaning = " ".join((field.description or "").split()).replace("|", "\\|")
    return f"| `{name}` | {said(field.annotation)} | {default(field)} | {meaning} |"


def said(annotation: Any) -> str:
    """A type in the reader's words."""
    kind = shape.bare(annotation)
    if get_origin(kind) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(kind))
    if shape.is_list(kind):
        return f"list of {said(get_args(kind)[0])}"
    if shape.is_dict(kind):
        return "table"
    return WORDS.get(kind.__name__, "`true`, `false`" if kind is bool else kind.__name__)


def default(field: FieldInfo) -> str:
    """What holds when the setting is not given."""
    if field.is_required():
        return "**required**"
    if field.default_factory is not None:
        return "see there"
    value = field.default
    if value is None or (isinstance(value, SecretStr) and not value.get_secret_value()):
        return "-"
    text = msgspec.json.encode(value, enc_hook=str).decode().replace("|", "\\|")
    return f"`{text}`"


def wanted(words: list[str]) -> Iterator[tuple[str, list[str]]]:
    """What the command line asks for."""
    if not words:
        return sections()
    return crm_sections() if words == ["crm"] else kind_sections(words[0])


if __name__ == "__main__":
    for title, lines in wanted(sys.argv[1:]):
        print(f"## {title}\n\n| setting | type | default | meaning |\n|---|---|---|---|")  # noqa: T201 - its job
        print("\n".join(lines), end="\n\n")  # noqa: T201 - its job
