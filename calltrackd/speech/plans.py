"""From the settings to the engine that hears a language.

Several may know one language. While the call lives only Vosk, vosk-server and PocketSphinx can
follow it; after the call a program or server of the admin's goes first, since whoever sets one up
wants its words.
"""

from collections.abc import Iterator
from pathlib import Path

from calltrackd.settings.root import Settings
from calltrackd.settings.speech import Speech
from calltrackd.speech.engines.plan import (
    CommandPlan,
    HttpPlan,
    Plan,
    SphinxPlan,
    VoskPlan,
    VoskServerPlan,
)


def plan_of(settings: Settings, language: str, *, live: bool) -> Plan | None:
    """The engine for a language; None: the settings name none."""
    speech = settings.speech
    following = _following(speech, models_dir(settings), language)
    return next(following if live else _all(speech, language, following), None)


def models_dir(settings: Settings) -> Path:
    """Where models are."""
    return settings.speech.models_dir or settings.state_dir / "models"


def _following(speech: Speech, models: Path, language: str) -> Iterator[Plan]:
    for server in speech.vosk_server:
        if server.language == language:
            yield VoskServerPlan(server.url, server.sample_rate, server.timeout_s)
    for model in speech.vosk:
        if model.language == language:
            yield VoskPlan(str(models / model.model))
    for sphinx in speech.pocketsphinx:
        if sphinx.language == language:
            yield SphinxPlan()


def _all(speech: Speech, language: str, following: Iterator[Plan]) -> Iterator[Plan]:
    for one in speech.command:
        if language in one.languages:
            yield CommandPlan(one.name, tuple(one.command), one.sample_rate, one.longest_s)
    for http in speech.http:
        if language in http.languages:
            headers = tuple((key, value.get_secret_value()) for key, value in http.headers.items())
            fields = tuple(http.fields.items())
            yield HttpPlan(
                http.name,
                http.url,
                headers,
                fields,
                http.sample_rate,
                http.longest_s,
                http.timeout_s,
            )
    yield from following
