"""The CSV file of tracking numbers: its columns are the keys of `[[number]]`.

Made by hand or by Excel: UTF-8 with or without a byte order mark; comma, semicolon or tab between
cells. Empty cells are keys not given; empty lines are passed over.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from calltrackd.settings.errors import Key, Mark, Place, Problem
from calltrackd.settings.number import Number
from calltrackd.settings.words import nearest

COLUMNS = tuple(name for name in Number.model_fields if name != "click_ids")


class Table:
    """The rows of one file, their places, and what is wrong with it.

    `named`: where the settings name the file.
    """

    def __init__(self, path: Path, named: Place) -> None:
        self.rows: list[dict[str, Any]] = []
        self.marks: list[Mark] = []
        self.problems: list[Problem] = []
        self._file = str(path)
        try:
            self._read(path.read_text("utf-8-sig"))
        except OSError as error:
            message = f"{path} cannot be read: {error.strerror}"
            self.problems.append(Problem(named, "numbers_file", message))
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            self._wrong(line, "is no UTF-8: save the file as CSV UTF-8")

    def _wrong(self, line: int, message: str, column: str | None = None) -> None:
        self.problems.append(Problem(Place(self._file, line, column), "", message))

    def _read(self, text: str) -> None:
        lines = text.splitlines(keepends=True)
        first = lines[0] if lines else ""
        delimiter = max(",;\t", key=first.count)
        records = self._records(csv.reader(lines, delimiter=delimiter, strict=True))
        header = next(records, None)
        if header is None:
            return self._wrong(
                1, f"is empty: its first line names the columns: {','.join(COLUMNS)}"
            )
        columns = [cell.strip().lower() for cell in header[1]]
        self._check(columns)
        if not self.problems:
            for line, cells in records:
                self._row(line, columns, cells)
        return None

    def _records(self, reader: Any) -> Iterator[tuple[int, list[str]]]:
        """Each record that is not empty, with the line on which it begins."""
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                return self._wrong(line, f"is no CSV from here on: {error}")
            if any(cell.strip() for cell in cells):
                yield line, cells

    def _check(self, columns: list[str]) -> None:
        for index, name in enumerate(columns):
            if name not in COLUMNS:
                self._wrong(1, f"no such column{nearest(name, COLUMNS)}", name or str(index + 1))
            elif name in columns[:index]:
                self._wrong(1, "the column is there twice", name)
        if "did" not in columns:
            self._wrong(1, f"the column did is missing; the columns are {', '.join(COLUMNS)}")

    def _row(self, line: int, columns: list[str], cells: list[str]) -> None:
        if any(cell.strip() for cell in cells[len(columns) :]):
            return self._wrong(line, f"{len(cells)} cells, but {len(columns)} columns")
        row = {c: cell.strip() for c, cell in zip(columns, cells, strict=False) if cell.strip()}
        self.rows.append(row)
        places: dict[Key, Mark] = {c: Mark(Place(self._file, line, c)) for c in row}
        self.marks.append(Mark(Place(self._file, line), places))
        return None
