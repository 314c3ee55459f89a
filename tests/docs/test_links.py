"""Every link of README, CHANGELOG and docs/ leads to a file that is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Relative links only; the world outside is not asked."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    inside = [link.partition("#")[0] for link in links if "://" not in link]
    missing = [link for link in inside if link and not (page.parent / link).exists()]
    assert missing == []


def test_readme_names_every_page() -> None:
    """A page that nobody finds is not read."""
    readme = (ROOT / "README.md").read_text()
    pages = {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}
    assert {page for page in pages if page not in readme} == set()


def test_readme_names_files_that_are_there() -> None:
    """The commands of the five minutes use files of the checkout."""
    readme = (ROOT / "README.md").read_text()
    named = re.findall(r"\b((?:systemd|configs|dialplan)/[\w./-]+\.\w+|requirements\.lock)", readme)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
