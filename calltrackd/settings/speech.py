"""`[speech]`: what is listened to, in which language, by which engine, at what cost."""

import os
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from calltrackd.settings.base import (
    LocalPath,
    Name,
    PhoneNumber,
    Seconds,
    Section,
    told,
)
from calltrackd.settings.clashes import Clash, raise_all

LANGUAGE = r"^[a-z]{2,3}$"
Language = Annotated[str, Field(pattern=LANGUAGE)]
"""ISO 639: ru, uk, en, kk."""

Rate = Annotated[int, Field(ge=8_000, le=48_000)]
"""Samples a second that an engine wants."""

Word = Annotated[str, Field(min_length=1)]


def _web(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise told("write http://host:port/path or https://…")
    return url


def _socket(url: str) -> str:
    if not url.startswith(("ws://", "wss://")):
        raise told("write ws://host:2700 or wss://…")
    return url


class VoskModel(Section):
    """A Vosk model on this machine."""

    language: Language
    """The language that it understands."""
    model: Annotated[str, Field(min_length=1)]
    """Its folder: a name below models_dir, as `calltrackd models fetch` leaves it, or a path."""


class VoskServer(Section):
    """A vosk-server."""

    language: Language
    """The language of its model."""
    url: Annotated[str, AfterValidator(_socket)]
    """Its address: `ws://127.0.0.1:2700`."""
    sample_rate: Rate = 16_000
    """Samples a second that its model wants: 16000 for small models, 8000 for some big ones."""
    timeout_s: Seconds = 30.0
    """Seconds that one answer may take."""


class Sphinx(Section):
    """PocketSphinx: English without a download, poor beside Vosk."""

    language: Literal["en"] = "en"
    """It understands English only."""


class SpeechCommand(Section):
    """A program of your own."""

    name: Name
    """Its name in transcripts."""
    languages: list[Language] = Field(min_length=1)
    """The languages that it understands."""
    command: list[Word] = Field(min_length=1)
    """The program and its arguments; no shell reads them."""
    sample_rate: Rate = 16_000
    """Samples a second of the files that it is given."""
    longest_s: Annotated[float, Field(ge=5, le=600)] = 25.0
    """Longest stretch of speech in one file, seconds; longer speech is cut at a pause."""


class SpeechHttp(Section):
    """A server that takes a WAV file by POST."""

    name: Name
    """Its name in transcripts."""
    languages: list[Language] = Field(min_length=1)
    """The languages that it understands."""
    url: Annotated[str, AfterValidator(_web)]
    """Where to post."""
    headers: dict[str, SecretStr] = Field(default={})
    """Headers to add, such as a token; treated as secrets."""
    fields: dict[str, str] = Field(default={"response_format": "verbose_json"})
    """Fields of the form beside `file` and `language`."""
    sample_rate: Rate = 16_000
    """Samples a second of the files that it is given."""
    longest_s: Annotated[float, Field(ge=5, le=600)] = 25.0
    """Longest stretch of speech in one file, seconds; longer speech is cut at a pause."""
    timeout_s: Seconds = 120.0
    """Seconds that one answer may take."""


class LanguageRule(Section):
    """Another language for some calls."""

    language: Language
    """What is spoken there."""
    numbers: list[PhoneNumber] = Field(default=[])
    """On calls that came on these numbers; empty: on any."""
    queues: list[Word] = Field(default=[])
    """On calls that came through these queues; empty: through any or none."""

    @model_validator(mode="after")
    def _limited(self) -> "LanguageRule":
        if not self.numbers and not self.queues:
            raise told("name numbers or queues; the language of all other calls is speech.language")
        return self


class LiveSpeech(Section):
    """Listening while calls live: by taps (Asterisk 18 and later) or by recordings that grow."""

    enabled: bool = False
    """Whether calls are heard while they live; `speech.enabled` has to be true as well."""
    source: Literal["auto", "tap", "files"] = "auto"
    """`tap`: PBXs bring the audio of each side, Asterisk 18 and later; `files`: recordings are read
    as they grow; `auto`: taps where the PBX can, files elsewhere."""
    host: str = Field(default="127.0.0.1", min_length=1)
    """Address on which taps bring audio. It comes without a password or cipher: only what was asked
    for is taken, but keep it local or in a network of your own."""
    port: int = Field(default=9092, ge=0, le=65535)
    """Its port; 0: a free one, told in the log."""
    reached_at: str | None = Field(default=None, pattern=r"^[^\s/:]+(:\d{1,5})?$")
    """Address, or address:port, at which PBXs reach it; not given: `host`."""
    most_calls: int = Field(default=8, ge=1, le=1000)
    """Calls that are heard at once; others are heard from their recordings, as all are."""

    def address(self, port: int) -> str:
        """host:port for PBXs, when `port` is the one that listens."""
        reached = self.reached_at or self.host
        return reached if ":" in reached else f"{reached}:{port}"


class Speech(Section):
    """Listening to calls."""

    enabled: bool = False
    """Whether recordings become transcripts."""
    language: Language = "ru"
    """The language of calls for which no rule names another."""
    share: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Share of this machine's processors for speech: one child process a core, at least one."""
    models_dir: LocalPath | None = None
    """Folder of models; not given: `models` in state_dir."""
    limit_x: Annotated[float, Field(ge=1, le=100)] = 4.0
    """A recording may take so many times its own length, and two minutes, before it is given up."""
    settle_s: Seconds = 3.0
    """Seconds for which a recording must not have grown before it is read."""
    late_h: Annotated[float, Field(gt=0, le=720)] = 24.0
    """Hours after the call's end at which a recording that is missing is waited for no longer."""
    caller_channel: Literal[0, 1] = 0
    """The client's channel in stereo recordings of the PBX; 0: the left one."""
    live: LiveSpeech = LiveSpeech()
    """Listening while calls live."""
    language_rule: list[LanguageRule] = Field(default=[])
    """Other languages by number or queue; the first entry that fits holds."""
    vosk: list[VoskModel] = Field(default=[])
    """Vosk models on this machine."""
    vosk_server: list[VoskServer] = Field(default=[])
    """vosk-servers."""
    pocketsphinx: list[Sphinx] = Field(default=[])
    """PocketSphinx, for English."""
    command: list[SpeechCommand] = Field(default=[])
    """Programs of your own, after the call only."""
    http: list[SpeechHttp] = Field(default=[])
    """Servers for whole stretches of speech, after the call only."""

    @property
    def workers(self) -> int:
        """Child processes at most."""
        return max(1, int(self.share * (os.cpu_count() or 1)))

    def language_of(self, number: str | None, queue: str | None) -> str:
        """What is spoken in a call on `number` (E.164) through `queue`."""
        for rule in self.language_rule:
            if (not rule.numbers or number in rule.numbers) and (
                not rule.queues or queue in rule.queues
            ):
                return rule.language
        return self.language

    @field_validator("pocketsphinx", "vosk_server", "vosk")
    @classmethod
    def _one_a_language(cls, entries: list[VoskModel]) -> list[VoskModel]:
        raise_all(_twice([[entry.language] for entry in entries], "language"))
        return entries

    @field_validator("command", "http")
    @classmethod
    def _one_for_each_language(cls, entries: list[SpeechCommand]) -> list[SpeechCommand]:
        raise_all(_twice([entry.languages for entry in entries], "languages"))
        return entries


def _twice(languages: list[list[str]], key: str) -> Iterator[Clash]:
    seen: set[str] = set()
    for index, names in enumerate(languages):
        for name in names:
            if name in seen:
                yield Clash((index, key), f"{name} has an entry of this kind already")
            seen.add(name)
