"""docs/crm.md, docs/crm/ and configs/crm/ say what the models of CRM targets say."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from calltrackd.settings import CrmTarget, SettingsError, load, shape
from calltrackd.settings.crm import AnyCrm
from tests.settings.reference import crm_sections, kind_sections

ROOT = Path(__file__).parents[2]
KINDS = sorted(path.parent.name for path in ROOT.glob("calltrackd/crm/*/connector.py"))
MINIMAL = '[[target]]\nkind = "retailcrm"\nname = "crm"\nurl = "https://x.example"\nsecret = "k"\n'


def tables(page: str) -> dict[str, list[str]]:
    """Heading -> rows of settings of a page."""
    parts = re.findall(r"^## (.*)\n((?:(?!## ).*\n)*)", page, re.MULTILINE)
    found = {
        head: re.findall(r"^\| `\w+` \|.*\|.*\|.*\|$", text, re.MULTILINE) for head, text in parts
    }
    return {head: [row for row in rows if row.count(" | ") >= 3] for head, rows in found.items()}


def test_what_all_have_in_common_is_documented() -> None:
    """docs/crm.md holds the tables of the base; `python -m tests.settings.reference crm` prints."""
    page = tables((ROOT / "docs/crm.md").read_text("utf-8"))
    for heading, rows in crm_sections():
        assert page[heading] == rows, heading


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_kind_has_for_itself_is_documented(kind: str) -> None:
    """docs/crm/KIND.md holds its own rows; `python -m tests.settings.reference KIND` prints."""
    page = tables((ROOT / f"docs/crm/{kind}.md").read_text("utf-8"))
    for heading, rows in kind_sections(kind):
        assert page[heading] == rows, heading


def mentioned(text: str) -> Iterator[str]:
    """`table.key` of every line of an example, commented out or not."""
    table = ""
    for line in text.splitlines():
        if header := re.match(r"#?\[+([\w.]+)\]+", line):
            table = header[1]
        elif key := re.match(r"#?(\w+) = ", line):
            yield f"{table}.{key[1]}"


def settings_of(form: type[CrmTarget], path: str = "target") -> Iterator[str]:
    """`table.key` of every setting of a kind."""
    for name, field in form.model_fields.items():
        kind = shape.bare(field.annotation)
        if shape.is_model(kind):
            yield from settings_of(kind, f"{path}.{name}")
        else:
            yield f"{path}.{name}"


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_a_kind_is_right(kind: str) -> None:
    """It loads, names every setting of the kind's own, and none that is not there."""
    file = ROOT / f"configs/crm/{kind}.toml"
    (target,) = load(file, {}, need_secrets=False).target
    assert target.kind == kind
    (form,) = [one for one in get_args(AnyCrm) if shape.tag(one) == kind]
    named = set(mentioned(file.read_text("utf-8")))
    own = set(settings_of(form)) - set(settings_of(CrmTarget))
    assert own - {"target.kind"} <= named
    assert named <= set(settings_of(form))


def problems(folder: Path, text: str) -> list[str]:
    """What is wrong with a settings file."""
    path = folder / "calltrackd.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as error:
        load(path, {})
    return [str(problem) for problem in error.value.problems]


def test_a_crm_needs_little(tmp_path: Path) -> None:
    """Kind, name, address and key."""
    path = tmp_path / "calltrackd.toml"
    path.write_text(MINIMAL)
    (target,) = load(path, {}).target
    assert target.kind == "retailcrm"
    assert target.secret.get_secret_value() == "k"


def test_all_mistakes_are_told_at_once_with_what_is_near(tmp_path: Path) -> None:
    """Places are those of the file; the tag of the kind is in none of them."""
    wrong = MINIMAL + 'conurrency = 4\n[target.lead]\nmake = "allways"\ndue = 1\n'
    found = problems(tmp_path, wrong)
    assert len(found) == 3
    assert "calltrackd.toml:6" in found[0]
    assert "did you mean concurrency?" in found[0]
    assert any("'allways' is not among the choices; did you mean always?" in one for one in found)
    assert not any("retailcrm" in one for one in found)


def test_an_unknown_kind_is_told_with_the_nearest(tmp_path: Path) -> None:
    """Of webhooks and all CRMs."""
    (found,) = problems(tmp_path, MINIMAL.replace("retailcrm", "bitrix"))
    assert "did you mean bitrix24?" in found


@pytest.mark.parametrize("url", ["ftp://x", "https://x/?a=b", "https://me:pw@x", "x"])
def test_an_address_is_scheme_host_and_path(tmp_path: Path, url: str) -> None:
    """What else people paste is told, since it would get into logs."""
    (found,) = problems(tmp_path, MINIMAL.replace("https://x.example", url))
    assert "url" in found
