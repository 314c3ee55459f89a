"""From files and environment to `Settings`, or to everything that is wrong with them.

The order, later over earlier: the settings file; `conf.d/*.toml` beside it in the order of their
names; `CALLTRACKD__A__B` variables. Lists of tables (`[[number]]`) of several files are joined.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from calltrackd.settings.base import Surroundings, lent
from calltrackd.settings.environment import lay_environment
from calltrackd.settings.errors import Mark, Place, Problem, SettingsError
from calltrackd.settings.layers import Layers, is_tables
from calltrackd.settings.lines import locate
from calltrackd.settings.numbers_csv import Table
from calltrackd.settings.root import Settings
from calltrackd.settings.words import problems_of

DEFAULT_PATH = Path("/etc/calltrackd/calltrackd.toml")

_POSITION = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def load(path: Path, environ: Mapping[str, str], *, need_secrets: bool = True) -> Settings:
    """The settings of `path`, the files beside it and `environ`.

    `need_secrets` False: for commands that connect to nothing and may be run by those who must not
    read the secrets; files and credentials of secrets are left alone and such secrets are empty.
    Raises SettingsError with every problem at once.
    """
    return load_with_places(path, environ, need_secrets=need_secrets)[0]


def load_with_places(
    path: Path, environ: Mapping[str, str], *, need_secrets: bool = True
) -> tuple[Settings, Mark]:
    """As `load`, with the places of everything that was written; what has none is a default."""
    layers, problems = _files(path)
    if problems:  # what the broken file says is not known: anything further would be guessing
        raise SettingsError(problems)
    problems = [*lay_environment(layers, environ), *_numbers_file(layers, path.parent)]
    around = Surroundings(folder=path.parent, environ=environ, need_secrets=need_secrets)
    try:
        with lent(around):
            settings = Settings.model_validate(layers.data)
    except ValidationError as error:
        problems += problems_of(error, layers.marks)
    if problems:
        raise SettingsError(_in_order(problems, files_of(path)))
    return settings, layers.marks


def files_of(path: Path) -> list[Path]:
    """The settings file and the conf.d files that are laid over it, in this order."""
    return [path, *sorted(path.parent.glob("conf.d/*.toml"))]


def _files(path: Path) -> tuple[Layers, list[Problem]]:
    layers, problems = Layers({}, Mark(Place(str(path), 1))), []
    for file in files_of(path):
        try:
            data, marks = _read(file)
        except _UnusableError as error:
            problems.append(error.problem)
        else:
            layers.lay(data, marks)
    return layers, problems


class _UnusableError(Exception):
    def __init__(self, file: Path, line: int | None, message: str) -> None:
        self.problem = Problem(Place(str(file), line), "", message)
        super().__init__(message)


def _read(file: Path) -> tuple[dict[str, Any], Mark]:
    try:
        text = file.read_text("utf-8-sig")
        return tomllib.loads(text), locate(text, str(file))
    except FileNotFoundError:
        mend = "begin with the example configs/minimal.toml, or name another file by -c FILE"
        raise _UnusableError(file, None, f"there is no such file: {mend}") from None
    except OSError as error:
        raise _UnusableError(file, None, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise _UnusableError(file, line, "is no UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        found = _POSITION.search(str(error))
        line = int(found[1]) if found and found[1] else text.count("\n") + 1
        raise _UnusableError(file, line, f"no TOML: {_POSITION.sub('', str(error))}") from None


def _numbers_file(layers: Layers, folder: Path) -> list[Problem]:
    """Lays the rows of the CSV file behind the [[number]] tables; what is wrong with the file."""
    name = layers.data.get("numbers_file")
    numbers = layers.data.get("number", [])
    if not isinstance(name, str) or not is_tables(numbers):
        return []
    place = layers.marks.find(("numbers_file",))
    table = Table(folder / name, place)
    if table.rows:
        marks = Mark(place, {"number": Mark(place, dict(enumerate(table.marks)))})
        layers.lay({"number": table.rows}, marks)
    return table.problems


def _in_order(problems: Iterable[Problem], files: Sequence[Path]) -> list[Problem]:
    """By file as they are read (TOML, CSV, environment), then by line."""
    ranks = {str(file): rank for rank, file in enumerate(files)}

    def order(problem: Problem) -> tuple[int, str, int]:
        file = problem.place.file
        last = len(files) + file.startswith("$")
        return ranks.get(file, last), file, problem.place.line or 0

    return sorted(problems, key=order)
