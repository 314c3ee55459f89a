"""`calltrackd transcripts show|export|search`: what was said, call by call."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from calltrackd.cli.calls import Time
from calltrackd.cli.common import (
    Fault,
    WordFault,
    config_option,
    json_option,
    one_line,
    print_json,
    said,
    settings_of,
    with_store,
)
from calltrackd.cli.words import clean, clock
from calltrackd.model import captions, transcript
from calltrackd.model.call import rfc3339
from calltrackd.model.numbers import e164
from calltrackd.model.phrase_text import PhraseError

if TYPE_CHECKING:  # SQLAlchemy costs 0.3 s
    from calltrackd.settings import Settings
    from calltrackd.speech.archive import Found
    from calltrackd.store.engine import Store
    from calltrackd.store.transcripts import Stored, Wanted

_SEARCH = (
    config_option,
    json_option,
    click.option("--since", type=Time(), help="Begun at or after: 2h, 7d, 2026-11-23."),
    click.option("--until", type=Time(), help="Begun before."),
    click.option("--number", help="The number that the client dialled or was shown."),
    click.option("--language", help="Only in this language: ru, uk, en, kk."),
)


def search_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options of a command that goes through the archive; `wanted_of` takes the last four."""
    for option in reversed(_SEARCH):
        command = option(command)
    return command


@click.group(short_help="What was said: show, export, search.")
def transcripts() -> None:
    """What was said in calls, with card numbers and what [mask] names left out."""


@transcripts.command()
@config_option
@json_option
@click.argument("call")
def show(config: Path, call: str, *, as_json: bool) -> None:
    """Show what was said in CALL (an id or its beginning), what it scored and the tone."""
    found = _of_call(settings_of(config), call)
    if as_json:
        print_json(map(public, found))
        return
    for stored in found:
        heard = stored.transcript
        when = clock(str(rfc3339(stored.heard_from)), time.time(), None)
        click.echo(f"{when}  {clean(stored.path)}  {heard.language}, {heard.engine} {heard.model}")
        click.echo(_readable(captions.as_text(heard)), nl=False)
        for line in _findings(stored.findings):
            click.echo(line)


@transcripts.command()
@config_option
@click.option("--format", "form", type=click.Choice(["json", "vtt", "text"]), default="vtt",
              show_default=True)  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Not the terminal.")
@click.argument("call")
def export(config: Path, call: str, form: str, output: Path | None) -> None:
    """Write what was said in CALL as a file for a player or another program.

    A call of several recordings gives them one after the other, each counting from its own start.
    """
    found = _of_call(settings_of(config), call)
    if form == "json":
        text = msgspec.json.encode([public(stored) for stored in found]).decode() + "\n"
    else:
        write = captions.as_vtt if form == "vtt" else captions.as_text
        text = "\n".join(write(stored.transcript) for stored in found)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, "utf-8")


@transcripts.command()
@search_options
@click.option("--side", type=click.Choice(["operator", "client", "either"]), default="either")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@click.argument("query")
def search(config: Path, query: str, side: str, limit: int, *, as_json: bool, **given: Any) -> None:
    """Find calls by what was said. QUERY is written as a phrase rule: вернуть ..3 деньги."""
    from calltrackd.settings.phrases import Phrase  # noqa: PLC0415 - pydantic costs 0.2 s

    settings = settings_of(config)
    rule = Phrase.model_validate({"name": query, "match": query, "side": side})
    found = found_by(settings, rule, wanted_of(settings, **given), limit)
    tell(found, limit, as_json=as_json)


def wanted_of(settings: "Settings", number: str | None, **given: Any) -> "Wanted":
    """The filter that the options of a search make."""
    from calltrackd.store.transcripts import Wanted  # noqa: PLC0415 - SQLAlchemy costs 0.3 s

    return Wanted(did=number and (e164(number, settings.region) or number), **given)


def found_by(settings: "Settings", rule: Any, wanted: "Wanted", limit: int) -> list["Found"]:
    """The first finds of a rule. Fault when its text is none."""
    from calltrackd.speech import archive  # noqa: PLC0415 - SQLAlchemy costs 0.3 s

    async def job(store: "Store") -> list["Found"]:
        found = []
        async for one in archive.search(store, rule, settings.synonyms, wanted, settings.phrase):
            found.append(one)
            if len(found) == limit:
                break
        return found

    try:
        return with_store(settings, job)
    except PhraseError as error:
        raise WordFault(f"{rule.match!r} is no phrase rule: {error}") from None


def tell(found: list["Found"], limit: int, *, as_json: bool) -> None:
    """Each find with its quote: as JSON, or a line for a person."""
    if as_json:
        print_json(map(_quoted, found))
        return
    for one in found:
        when = clock(str(rfc3339(one.stored.heard_from)), time.time(), None)
        for span in one.match.spans:
            at = f"{int(span.start) // 60}:{int(span.start) % 60:02d}"
            who = "client" if span.side == "caller" else "operator"
            click.echo(f"{one.stored.call_id[:18]}  {when}  {at:>5}  {who:8}  "
                       f"{one_line(span.quote)}")  # fmt: skip
    if not found:
        click.echo("nobody said that", err=True)
    elif len(found) == limit:
        click.echo(f"the first {said(limit, 'find')}; more by --limit", err=True)


def public(stored: "Stored") -> dict[str, Any]:
    """A stored transcript for JSON."""
    return {
        "call_id": stored.call_id,
        "path": stored.path,
        "heard_from": rfc3339(stored.heard_from),
        "made_at": rfc3339(stored.made_at),
        **transcript.public(stored.transcript),
        **stored.findings,
    }


def _quoted(one: "Found") -> dict[str, Any]:
    heard = one.stored.transcript
    spans = [
        {"side": s.side, "second": round(s.start, 2), "end": round(s.end, 2), "quote": s.quote,
         "confidence": s.confidence}
        for s in one.match.spans
    ]  # fmt: skip
    return {
        "call_id": one.stored.call_id,
        "path": one.stored.path,
        "heard_from": rfc3339(one.stored.heard_from),
        "rule": one.match.rule,
        "tag": one.match.tag or None,
        "engine": heard.engine,
        "model": heard.model,
        "spans": spans,
    }


def _readable(text: str) -> str:
    return "".join(f"{clean(line)}\n" for line in text.splitlines())


def _findings(findings: dict[str, Any]) -> list[str]:
    lines = []
    for script in findings.get("scripts", ()):
        missing = f", missing: {', '.join(script['missing'])}" if script["missing"] else ""
        broken = f", forbidden: {', '.join(script['broken'])}" if script["broken"] else ""
        lines.append(f"script {script['script']}: {script['percent']:g} %{missing}{broken}")
    for side, counts in findings.get("tone", {}).items():
        if any(counts.values()):
            who = "client" if side == "caller" else side
            lines.append(f"tone of {who}: {counts['positive']} good, {counts['negative']} bad")
    return lines


def _of_call(settings: "Settings", call: str) -> list["Stored"]:
    from calltrackd.store import calls as calls_  # noqa: PLC0415 - SQLAlchemy costs 0.3 s
    from calltrackd.store import transcripts as stored  # noqa: PLC0415 - the same

    async def read(store: "Store") -> list["Stored"]:
        async with store.read() as conn:
            record = await calls_.get(conn, call)
            if record is None:
                raise Fault(f"no call has the id {call}: calltrackd calls list shows them")
            return await stored.of_call(conn, record.id)

    found = with_store(settings, read)
    if not found:
        raise Fault(f"nothing that was said in {call} is known: no recording, or not heard yet")
    return found
