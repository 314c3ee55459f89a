"""configs/ and docs/settings.md say what the models say, all of it."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from calltrackd.settings import Settings, json_schema, load, shape
from tests.settings.reference import forms_of, sections
from tests.settings.writing import KEY

ROOT = Path(__file__).parents[2]
FULL = ROOT / "configs/calltrackd.toml"
MINIMAL = ROOT / "configs/minimal.toml"
NUMBERS = ROOT / "configs/numbers.csv"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the examples and the secrets that they name."""
    for file in (FULL, MINIMAL, NUMBERS):
        shutil.copy(file, tmp_path)
    (tmp_path / "ami.secret").write_text("hunter2\n")
    (tmp_path / "esl.secret").write_text("hunter2\n")
    (tmp_path / "crm.secret").write_text(f"{KEY}\n")
    return tmp_path


def test_the_minimal_example_is_enough_and_short(folder: Path) -> None:
    """Under 20 lines give a PBX, a tracking number, keys and a CRM."""
    settings = load(folder / MINIMAL.name, {})
    assert len(MINIMAL.read_text().splitlines()) < 20
    assert [len(part) for part in (settings.pbx, settings.number, settings.target)] == [1, 1, 1]
    assert settings.keypad.map


def test_the_example_for_freeswitch_is_enough(folder: Path) -> None:
    """A FreeSWITCH by a user with few rights; vanilla's feature codes are no tags."""
    shutil.copy(ROOT / "configs/freeswitch.toml", folder)
    (folder / "esl.secret").write_text("hunter2\n")
    settings = load(folder / "freeswitch.toml", {})
    assert [(pbx.kind, pbx.user) for pbx in settings.pbx] == [
        ("freeswitch", "calltrackd@calltrackd")
    ]
    assert settings.keypad.map


def test_the_full_example_shows_the_defaults(folder: Path) -> None:
    """Each value in it is the one that holds without it, but what has none and the examples."""
    full = load(folder / FULL.name, {}).model_dump(exclude={"pbx", "number", "target"})
    defaults = Settings.model_validate({}).model_dump(exclude={"pbx", "number", "target"})
    assert full["keypad"].pop("map")
    defaults["keypad"].pop("map")
    assert full == defaults


@pytest.mark.parametrize("part", ["pbx", "target"])
def test_entries_of_the_full_example_show_the_defaults(folder: Path, part: str) -> None:
    """What a minimal entry leaves out is what the full one says."""
    full = getattr(load(folder / FULL.name, {}), part)[0].model_dump()
    minimal = getattr(load(folder / MINIMAL.name, {}), part)[0].model_dump()
    assert full == minimal


def mentioned(text: str) -> Iterator[str]:
    """`table.key` of every line of the example, commented out or not."""
    table = ""
    for line in text.splitlines():
        if header := re.match(r"#?\[+([\w.]+)\]+", line):
            table = header[1]
        elif key := re.match(r"#?(\w+) = ", line):
            yield f"{table}.{key[1]}".removeprefix(".")


def known(model: object, path: str = "") -> Iterator[str]:
    """`table.key` of every setting."""
    for name, field in model.model_fields.items():  # type: ignore[attr-defined]
        kind = shape.bare(field.annotation)
        forms = forms_of(shape.inside(kind, 0) if shape.is_list(kind) else kind)
        for form in forms:
            yield from known(form, f"{path}{name}.")
        if not forms:
            yield f"{path}{name}"


def test_the_full_example_names_every_setting_and_no_other() -> None:
    """A setting that is added must be shown, one that is gone must go."""
    assert sorted(mentioned(FULL.read_text())) == sorted(known(Settings))


def test_what_the_full_example_comments_out_could_stand_there(folder: Path) -> None:
    """Every `#key = value` is right when it is uncommented, but what excludes each other."""
    text = re.sub(r"^#(?=\[|\w+ = )", "", FULL.read_text(), flags=re.MULTILINE)
    others = ("after = ", "within_s = ", "under_s = ")
    for line in ('secret_credential = "', 'secret = "', "secrets = [", "tls_ca = ", *others):
        text = re.sub(rf"^{re.escape(line)}.*\n", "", text, flags=re.MULTILINE)
    path = folder / "all.toml"
    path.write_text(text)
    settings = load(path, {})
    assert settings.kinds.rule[0].name == "target"
    assert settings.target[0].mapping is not None
    assert len(settings.number) == 4
    assert [pbx.kind for pbx in settings.pbx] == ["asterisk", "freeswitch"]


def test_the_docs_have_every_setting_with_its_default() -> None:
    """docs/settings.md holds exactly the tables that the models give, under their headings.

    `python -m tests.settings.reference` prints them anew.
    """
    text = (ROOT / "docs/settings.md").read_text("utf-8")
    parts = dict(re.findall(r"^## (.*)\n((?:(?!## ).*\n)*)", text, re.MULTILINE))
    for heading, rows in sections():
        table = re.findall(r"^\| `\w+` \|.*\|.*\|.*\|$", parts[heading], re.MULTILINE)
        ours = [row for row in table if row.count(" | ") >= 3]
        assert ours == rows, heading


def test_the_schema_knows_every_setting() -> None:
    """Names, descriptions and no others, for an editor."""
    schema = json_schema()
    tables = {"Settings": schema, **schema["$defs"]}
    assert schema["additionalProperties"] is False
    del tables["JsonValue"]
    for name, table in tables.items():
        assert table["additionalProperties"] is False, name
        for key, one in table["properties"].items():
            told = one | schema["$defs"].get(one.get("$ref", "").rpartition("/")[2], {})
            assert told["description"], f"{name}.{key}"
    assert set(schema["properties"]) == set(Settings.model_fields)
    for form in ("AsteriskPbx", "FreeswitchPbx"):
        assert schema["$defs"][form]["required"] == ["kind", "name"]
    assert "hunter2" not in str(schema)
