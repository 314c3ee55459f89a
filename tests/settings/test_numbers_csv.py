"""The CSV file of tracking numbers, as people and Excel write it."""

from pathlib import Path

import pytest

from calltrackd.settings import Settings
from tests.settings.writing import loaded, mistakes, said

FILE = 'numbers_file = "n.csv"\n'


def from_csv(folder: Path, data: bytes) -> Settings:
    """The settings of a file that names a CSV file with this content."""
    (folder / "n.csv").write_bytes(data)
    return loaded(folder, FILE)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_any_usual_delimiter_mark_and_line_end_is_read(
    tmp_path: Path, delimiter: str, start: str, end: str
) -> None:
    """What Excel writes depends on the country of the machine."""
    rows = [["Source", "did"], ['"билл; борд, №1"', "8 (495) 000-00-01"], ["", "84950000002"]]
    text = start + end.join(delimiter.join(row) for row in rows) + end
    numbers = from_csv(tmp_path, text.encode()).number
    assert [(n.did, n.source) for n in numbers] == [
        ("+74950000001", "билл; борд, №1"),
        ("+74950000002", None),
    ]


def test_rows_join_the_numbers_of_the_settings_file(tmp_path: Path) -> None:
    """Every column reaches its key; empty lines are passed over."""
    header = "did,medium,source,campaign,term,content,landing,cost_group"
    (tmp_path / "n.csv").write_text(f"{header}\n\n84950000002,m,s,c,t,x,l,g\n,,,,,,,\n")
    first, second = loaded(tmp_path, FILE + '[[number]]\ndid = "84950000001"').number
    assert first.did == "+74950000001"
    assert second.model_dump(exclude={"click_ids"}) == {
        "did": "+74950000002", "medium": "m", "source": "s", "campaign": "c", "term": "t",
        "content": "x", "landing": "l", "cost_group": "g",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("did,sorce\n", "n.csv:1 column sorce: no such column; did you mean source?"),
        ("did,did\n", "n.csv:1 column did: the column is there twice"),
        ("source\ngoogle\n", "n.csv:1: the column did is missing; the columns are did, medium"),
        (
            "did\n84950000001\n\n101\n",
            "n.csv:4 column did: number[1].did: '101' is no phone",
        ),
        ("source;did\na;\n", "n.csv:2: number[0].did: is missing"),
        ("did;source\n84950000001;a;b\n", "n.csv:2: 3 cells, but 2 columns"),
        ('did,source\n84950000001,"a\n', "n.csv:2: is no CSV from here on: unexpected end of data"),
        ('did,term\n84950000001,"a\nb"\n5,c\n', "n.csv:4 column did: number[1].did: '5' is no"),
        ("", "n.csv:1: is empty: its first line names the columns: did,medium"),
        ("did\n84950000001\n+74950000001\n", "n.csv:3 column did: number[1].did: +74950000001 is"),
        ("did\n\xe0\n", "n.csv:2: is no UTF-8: save the file as CSV UTF-8"),
    ],
)
def test_a_mistake_is_told_with_line_and_column(tmp_path: Path, content: str, message: str) -> None:
    """The line is the file's own, also behind empty lines and cells of several lines."""
    (tmp_path / "n.csv").write_bytes(content.encode("latin-1"))
    [problem] = said(mistakes(tmp_path, FILE), tmp_path)
    assert problem.startswith(message)


def test_a_file_that_is_not_there_is_told_where_it_is_named(tmp_path: Path) -> None:
    """With its own path."""
    [problem] = said(mistakes(tmp_path, FILE), tmp_path)
    assert problem.startswith("calltrackd.toml:1: numbers_file: n.csv cannot be read: No such")


def test_thousands_of_numbers_load_in_no_time(tmp_path: Path) -> None:
    """10,000 numbers, each with its place, and the doubled one found."""
    rows = "\n".join(f"8495{n:07},cpc" for n in range(10_000))
    (tmp_path / "n.csv").write_text(f"did,medium\n{rows}\n84950009999,x\n")
    [problem] = mistakes(tmp_path, FILE)
    assert (problem.place.line, problem.path) == (10_002, "number[10000].did")
