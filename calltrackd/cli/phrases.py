"""`calltrackd phrases test|run`: rules on old calls, to try them and to catch up."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from calltrackd.cli.common import (
    WordFault,
    print_json,
    said,
    settings_of,
    with_store,
)
from calltrackd.cli.transcripts import (
    found_by,
    search_options,
    tell,
    wanted_of,
)

if TYPE_CHECKING:  # SQLAlchemy costs 0.3 s
    from calltrackd.pipeline.spoken import Spoken
    from calltrackd.settings import Settings
    from calltrackd.settings.phrases import Phrase
    from calltrackd.speech.reading import Reader
    from calltrackd.store.engine import Store
    from calltrackd.store.transcripts import Stored, Wanted


_CHANGES = ("side", "first_s", "last_s", "after", "within_s")
"""Options of `phrases test` that are settings of a rule."""


class Ran(msgspec.Struct):
    """What a run over the archive did."""

    transcripts: int = 0
    calls_changed: int = 0
    tags_set: int = 0
    tags_taken_back: int = 0


@click.group(short_help="Try phrase rules on old calls, and run them over the archive.")
def phrases() -> None:
    """Rules of [[phrase]] and the calls of yesterday."""


@phrases.command()
@search_options
@click.option("--side", type=click.Choice(["operator", "client", "either"]), help="Who says it.")
@click.option("--first-s", type=click.FloatRange(0), help="Within so many seconds of the answer.")
@click.option("--last-s", type=click.FloatRange(0), help="Within the last seconds of the talk.")
@click.option("--after", metavar="NAME", help="After this [[phrase]] has held.")
@click.option("--within-s", type=click.FloatRange(0), help="Not later than so many s after it.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@click.argument("rule")
def test(config: Path, rule: str, limit: int, *, as_json: bool, **given: Any) -> None:
    """Show where RULE would hold, with quotes; nothing is changed.

    RULE is the name of a [[phrase]], or a text: calltrackd phrases test 'вернуть ..3 деньги'.
    """
    settings = settings_of(config)
    changed = {name: value for name in _CHANGES if (value := given.pop(name)) is not None}
    tried = _rule(settings, rule, changed)
    found = found_by(settings, tried, wanted_of(settings, **given), limit)
    tell(found, limit, as_json=as_json)


@phrases.command()
@search_options
@click.option("--replace", is_flag=True, help="Take tags back that the rules no longer give.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
def run(config: Path, *, replace: bool, dry_run: bool, as_json: bool, **given: Any) -> None:
    """Set the tags of all [[phrase]] rules on calls that were heard before; targets are told.

    A tag that a person removed stays removed. Alerts are for calls that live: none is sent.
    """
    settings = settings_of(config)
    wanted = wanted_of(settings, **given)
    done = with_store(
        settings, lambda store: _run(store, settings, wanted, replace=replace, dry_run=dry_run)
    )
    if as_json:
        print_json([msgspec.structs.asdict(done)])
        return
    would = "would set" if dry_run else "set"
    click.echo(
        f"{said(done.transcripts, 'transcript')}: {would} {said(done.tags_set, 'tag')}, "
        f"{done.tags_taken_back} taken back, {said(done.calls_changed, 'call')} changed"
    )


def _rule(settings: "Settings", text: str, changed: dict[str, Any]) -> "Phrase":
    """The rule of that name, or a new one of that text, with some settings of its own."""
    from pydantic import ValidationError  # noqa: PLC0415 - it costs 0.2 s

    from calltrackd.settings.phrases import Phrase, clashes  # noqa: PLC0415 - the same

    given = next((rule for rule in settings.phrase if rule.name == text), None)
    try:
        given = given or Phrase(name=text, match=text)
        rule = Phrase.model_validate(given.model_dump(exclude_unset=True) | changed)
    except ValidationError as error:
        raise WordFault(error.errors()[0]["msg"]) from None
    others = [one for one in settings.phrase if one.name != rule.name]
    for clash in clashes([rule, *others], (), settings.synonyms):
        if clash.where == ("phrase", 0, "after"):
            raise WordFault(clash.message)
    return rule


async def _run(
    store: "Store", settings: "Settings", wanted: "Wanted", *, replace: bool, dry_run: bool
) -> Ran:
    from calltrackd.speech import archive  # noqa: PLC0415 - SQLAlchemy costs 0.3 s
    from calltrackd.speech.reading import Reader  # noqa: PLC0415 - the same

    reader = Reader(settings)
    done = Ran()
    async for stored in archive.every(store, wanted):
        done.transcripts += 1
        spoken = await _spoken(store, reader, stored, replace=replace)
        if spoken is None or not (spoken.tags or spoken.untags):
            continue
        done.tags_set += len(spoken.tags)
        done.tags_taken_back += len(spoken.untags)
        if dry_run or await _saved(store, settings, spoken):
            done.calls_changed += 1
    return done


async def _spoken(
    store: "Store", reader: "Reader", stored: "Stored", *, replace: bool
) -> "Spoken | None":
    """What is new of one transcript; None when its call has gone."""
    from calltrackd.pipeline.spoken import Spoken  # noqa: PLC0415 - SQLAlchemy costs 0.3 s
    from calltrackd.speech import archive  # noqa: PLC0415 - the same
    from calltrackd.speech.reading import tags_of  # noqa: PLC0415 - the same
    from calltrackd.store import calls, tags  # noqa: PLC0415 - the same
    from calltrackd.tagging.phrases.match import Heard  # noqa: PLC0415 - the same

    async with store.read() as conn:
        record = await calls.get(conn, stored.call_id)
        known = await tags.ever(conn, stored.call_id, "phrase")
    if record is None:
        return None
    heard = stored.transcript
    matches = archive.matches(reader.phrases, stored, record)
    given = tags_of(matches, Heard(since=stored.heard_from, engine=heard.engine, model=heard.model))
    standing = {tag.name for tag in record.tags if tag.source == "phrase"}
    return Spoken(
        call_id=record.id,
        tags=[tag for tag in given if tag.name not in known],
        untags=standing - {tag.name for tag in given} if replace else set(),
    )


async def _saved(store: "Store", settings: "Settings", spoken: "Spoken") -> bool:
    from calltrackd.crm.target import targets_of  # noqa: PLC0415 - SQLAlchemy costs 0.3 s
    from calltrackd.pipeline import spoken as spoken_  # noqa: PLC0415 - the same

    targets = targets_of(settings)
    at = time.time()
    done = await store.writer.submit(
        lambda conn: spoken_.save(conn, spoken, targets, settings.kinds, at)
    )
    return done is not None
