"""Each connector's `quality.toml` says what it holds, and is held to it."""

import ast
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest

from calltrackd.settings import shape
from calltrackd.settings.crm import AnyCrm

ROOT = Path(__file__).parents[2]
CONNECTORS = sorted(path.parent for path in ROOT.glob("calltrackd/crm/*/connector.py"))
POINTS = {
    "auth_failure", "idempotent", "reconcile", "rate_limit", "paging", "live_test", "docs",
}  # fmt: skip
"""auth_failure: shown, and nothing lost by it. idempotent: nothing doubled. reconcile: an unknown
outcome is asked for. rate_limit: never passed. paging: lists longer than a page. live_test: against
the real thing. docs: how to set it up, and every setting."""
KINDS = {shape.tag(form) for form in get_args(AnyCrm)}


@cache
def parsed(path: Path) -> ast.Module:
    """A test file's syntax tree."""
    return ast.parse(path.read_text())


def names_in(path: Path) -> set[str]:
    """`test_x` and `TestY::test_x` of a file; a contract's tests are its heirs' as well."""
    found: set[str] = set()
    for node in parsed(path).body:
        found |= {node.name} if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else set()
        if isinstance(node, ast.ClassDef):
            methods = {one.name for one in node.body if isinstance(one, ast.AsyncFunctionDef)}
            methods |= {one.name for one in node.body if isinstance(one, ast.FunctionDef)}
            if any(isinstance(b, ast.Name) and b.id == "ConnectorContract" for b in node.bases):
                methods |= contract()
            found |= {f"{node.name}::{method}" for method in methods}
    return found


def contract() -> set[str]:
    """Tests of the contract."""
    inherited = names_in(ROOT / "tests/crm/contract.py")
    return {name.partition("::")[2] for name in inherited if "::test_" in name}


def quality(folder: Path) -> dict[str, Any]:
    """What it says of itself."""
    return tomllib.loads((folder / "quality.toml").read_text())


def named(connectors: list[Path]) -> Any:
    """Each connector as a parameter."""
    return pytest.mark.parametrize("folder", connectors, ids=lambda folder: folder.name)


@named(CONNECTORS)
def test_every_point_is_answered(folder: Path) -> None:
    """Done = [tests], todo = "reason" or exempt = "reason"; none left out, none invented."""
    said = quality(folder)
    assert set(said) == POINTS
    for point, answer in said.items():
        (word,) = answer
        assert word in {"done", "todo", "exempt"}, point
        assert answer[word], point
        assert isinstance(answer[word], list if word == "done" else str), point


@named(CONNECTORS)
def test_what_is_done_is_tested(folder: Path) -> None:
    """Each `path::test` exists; `docs` names the page."""
    for point, answer in quality(folder).items():
        for item in answer.get("done", []):
            path, _, test = item.partition("::")
            assert (ROOT / path).is_file(), f"{point}: {item}"
            assert not test or test in names_in(ROOT / path), f"{point}: {item}"
            assert test or point == "docs", f"{point}: {item} names no test"


@named(CONNECTORS)
def test_folder_kind_page_and_example_bear_one_name(folder: Path) -> None:
    """The word under `kind` leads to all of a connector."""
    assert folder.name in KINDS
    assert (ROOT / f"calltrackd/settings/crm/{folder.name}.py").is_file()
    assert (ROOT / f"docs/crm/{folder.name}.md").is_file()
    assert (ROOT / f"configs/crm/{folder.name}.toml").is_file()


def test_names_in_a_contract_are_its_heirs() -> None:
    """The reader of test files finds inherited tests, and would miss one that is not there."""
    mine = names_in(ROOT / "tests/crm/test_contract.py")
    assert "TestNotebook::test_a_call_makes_what_it_should" in mine
    assert "TestNotebook::test_of_nothing" not in mine
