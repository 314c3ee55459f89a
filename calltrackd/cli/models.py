"""`calltrackd models`: which speech models there are, bring one here, try those that are here."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from calltrackd.cli.common import (
    DEFAULT_CONFIG,
    Fault,
    WordFault,
    config_option,
    console,
    json_option,
    print_json,
    said,
    settings_of,
)
from calltrackd.cli.words import clean

if TYPE_CHECKING:  # a command must not pay for what it does not use
    from calltrackd.settings import Settings
    from calltrackd.speech.models.catalogue import Model
    from calltrackd.speech.models.download import Progress
    from calltrackd.speech.models.trial import Trial

folder_option = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of models, instead of speech.models_dir of the settings.",
)


@click.group(short_help="List, fetch and check the models by which speech is understood.")
def models() -> None:
    """Look after Vosk models."""


@models.command("list")
@click.option("--language", help="Only of this language: ru, uk, kk, en …")
@folder_option
@config_option
@json_option
def list_(config: Path, folder: Path | None, language: str | None, *, as_json: bool) -> None:
    """List the official models; ✓ marks those that are here."""
    from calltrackd.speech.models.catalogue import MODELS  # noqa: PLC0415 - quick --help

    home = _folder(config, folder)
    shown = [one for one in MODELS if language in (None, one.language)]
    if not shown:
        raise WordFault(f"there is no official model of {language}: calltrackd models list")
    here = {one.name for one in shown if (home / one.name).is_dir()}
    if as_json:
        print_json(_plain(one, home, one.name in here) for one in shown)
    else:
        _table(shown, here)


def _plain(one: "Model", home: Path, here: bool) -> dict[str, object]:
    return {
        "language": one.language,
        "name": one.name,
        "kind": one.kind,
        "bytes": one.bytes,
        "licence": one.licence,
        "path": str(home / one.name) if here else None,
    }


def _table(shown: "Iterable[Model]", here: set[str]) -> None:
    from rich.table import Table  # noqa: PLC0415 - --json needs none of it

    table = Table(box=None, pad_edge=False)
    for title in ("", "language", "model", "MB", "kind", "licence"):
        table.add_column(title, justify="right" if title == "MB" else "left")
    for one in shown:
        sign = "✓" if one.name in here else ""
        size = str(round(one.bytes / 1e6))
        table.add_row(sign, one.language, one.name, size, one.kind, one.licence)
    console().print(table)


@models.command()
@click.argument("model")
@click.option("--from", "site", help="Another address than the official one: a mirror of yours.")
@folder_option
@config_option
def fetch(config: Path, folder: Path | None, model: str, site: str | None) -> None:
    """Bring MODEL here: a name from the list, or a language for its first one.

    What was broken off goes on at the next call. The archive's checksum must fit, and the model
    must load.
    """
    from calltrackd.speech.errors import SpeechError  # noqa: PLC0415 - quick --help
    from calltrackd.speech.models.catalogue import SITE, found  # noqa: PLC0415 - the same
    from calltrackd.speech.models.fetch import fetch as fetched  # noqa: PLC0415 - aiohttp

    chosen = found(model)
    if chosen is None:
        raise WordFault(f"no model and no language is called {model}: calltrackd models list")
    home = _folder(config, folder)
    try:
        home.mkdir(parents=True, exist_ok=True)
        with _bar(chosen.name) as progress:
            path = asyncio.run(fetched(chosen, home, progress, (site or SITE).rstrip("/")))
    except (SpeechError, OSError) as error:
        raise Fault(clean(error)) from None
    trial = _tried([path], {})[0]
    if trial.problem:
        raise Fault(clean(trial.problem))
    click.echo(f"{path}: {trial.sample_rate} Hz, ready")


@models.command()
@click.argument("names", metavar="[MODEL]…", nargs=-1)
@click.option("--word", "words", multiple=True, help="Look this word up as well; may be repeated.")
@folder_option
@config_option
@json_option
def check(
    config: Path,
    folder: Path | None,
    names: tuple[str, ...],
    words: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """Load models and look the words of phrase rules up in their dictionaries.

    MODEL is a name or a path; without one, those of the settings. A rule's word that the model does
    not have can never be heard. Exit code 1 when a model can't be used.
    """
    settings = _settings(config, needed=not names)
    paths = _paths(settings, _folder(config, folder), names)
    trials = _tried(paths, _wanted(settings, paths, words))
    if as_json:
        print_json(trials)
    else:
        for trial in trials:
            _tell(trial)
    if any(trial.problem for trial in trials):
        raise click.exceptions.Exit(1)


def _paths(settings: "Settings | None", home: Path, names: tuple[str, ...]) -> list[Path]:
    if names or settings is None:
        return [home / name for name in names]  # a path that is absolute stays what it is
    if not settings.speech.vosk:
        raise Fault("the settings name no Vosk model: add [[speech.vosk]], or name a folder here")
    return [home / entry.model for entry in settings.speech.vosk]


def _tried(paths: Iterable[Path], words: "dict[Path, list[str]]") -> "list[Trial]":
    from calltrackd.speech.models.trial import trials  # noqa: PLC0415 - numpy costs 0.1 s

    return asyncio.run(trials({path: words.get(path, []) for path in paths}))


def _wanted(
    settings: "Settings | None", paths: Iterable[Path], words: tuple[str, ...]
) -> dict[Path, list[str]]:
    """The words to look up in each model: the given ones, and those of rules for its language."""
    if settings is None or not settings.phrase:
        return {path: list(words) for path in paths}
    from calltrackd.speech.plans import models_dir  # noqa: PLC0415 - quick --help
    from calltrackd.tagging.phrases.phrases import Phrases  # noqa: PLC0415 - the same

    home = models_dir(settings)
    spoken = {home / entry.model: entry.language for entry in settings.speech.vosk}
    rules = {rule.name: rule for rule in settings.phrase}
    sought = list(Phrases(settings.phrase, settings.synonyms).vocabulary())
    found = {}
    for path in paths:
        language = spoken.get(path)
        found[path] = [*words]
        for name, word in sought:  # the dictionary is asked for words, not for their beginnings
            meant = rules[name].languages
            if word.way != "prefix" and (not meant or language is None or language in meant):
                found[path].append(word.text)
    return found


def _tell(trial: "Trial") -> None:
    if trial.problem:
        click.echo(f"✗ {trial.model}: {clean(trial.problem)}")
        return
    click.echo(f"✓ {trial.model}: {trial.sample_rate} Hz, loads in {trial.load_s:.1f} s")
    if trial.unknown:
        count = said(len(trial.unknown), "word")
        click.echo(f"! {count} it can never hear: {clean(', '.join(trial.unknown))}")


def _folder(config: Path, folder: Path | None) -> Path:
    """The folder of models. The settings are only needed when it was not named."""
    if folder is not None:
        return folder.absolute()
    from calltrackd.speech.plans import models_dir  # noqa: PLC0415 - pydantic costs 0.2 s

    settings = _settings(config, needed=config != Path(DEFAULT_CONFIG))
    return Path("models").absolute() if settings is None else models_dir(settings)


def _settings(config: Path, *, needed: bool) -> "Settings | None":
    """None: there is no settings file, and none is needed."""
    return settings_of(config) if needed or config.exists() else None


@contextmanager
def _bar(name: str) -> "Iterator[Progress]":
    """A bar of progress on a terminal's standard error; nothing elsewhere."""
    from rich.console import Console  # noqa: PLC0415 - rich costs 0.1 s
    from rich.progress import (  # noqa: PLC0415 - the same
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    screen = Console(stderr=True)
    with Progress(*columns, console=screen, disable=not screen.is_terminal) as bar:
        task = bar.add_task(name, total=None)
        yield lambda here, whole: bar.update(task, completed=here, total=whole)
