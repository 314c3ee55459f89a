"""The whole settings file."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Self

from phonenumbers import SUPPORTED_REGIONS
from pydantic import Field, ModelWrapValidatorHandler, field_validator, model_validator

from calltrackd.model.numbers import e164
from calltrackd.settings.alerts import AlertRule
from calltrackd.settings.base import LocalPath, PhoneNumber, Section, lent, surroundings, told
from calltrackd.settings.clashes import raise_all, unique
from calltrackd.settings.crm import AnyCrm
from calltrackd.settings.freeswitch import FreeswitchPbx
from calltrackd.settings.keypad import Keypad
from calltrackd.settings.kinds import Kinds
from calltrackd.settings.number import Number
from calltrackd.settings.pbx import AsteriskPbx
from calltrackd.settings.phrases import Mask, Phrase, Script, Synonym, Tone, clashes
from calltrackd.settings.responsible import ResponsibleSettings
from calltrackd.settings.service import (
    JournalSettings,
    LogSettings,
    RecordingSettings,
    StoreSettings,
    WebSettings,
)
from calltrackd.settings.speech import Speech
from calltrackd.settings.target import WebhookTarget

Pbx = Annotated[AsteriskPbx | FreeswitchPbx, Field(discriminator="kind")]
"""An attachment to a PBX of either make."""

Target = Annotated[WebhookTarget | AnyCrm, Field(discriminator="kind")]
"""A receiver of webhooks, or a CRM."""


def _state_dir() -> Path:
    """Systemd's StateDirectory= when it made one (the first of several)."""
    given = surroundings().environ.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(given or "/var/lib/calltrackd")


def _same_number(raw: str) -> str | None:
    return e164(raw, surroundings().region)


class Settings(Section):
    """Everything that calltrackd can be told."""

    region: str = "RU"
    """ISO 3166 code of the country whose national number forms are understood."""
    state_dir: LocalPath = Field(default_factory=_state_dir)
    """Folder of database and journal; default $STATE_DIRECTORY, else /var/lib/calltrackd."""
    own_numbers: list[PhoneNumber] = Field(default=[])
    """Numbers of the company that are not tracked (shown on outbound calls, dialled by staff)."""
    numbers_file: LocalPath | None = None
    """CSV file of further numbers: columns are the keys of [[number]]; , or ; between them."""
    pbx: Annotated[list[Pbx], unique("pbx", "name", str)] = Field(default=[])
    """Attachments, one a PBX."""
    number: Annotated[list[Number], unique("number", "did", _same_number)] = Field(default=[])
    """Tracking numbers."""
    target: Annotated[list[Target], unique("target", "name", str)] = Field(default=[])
    """Receivers of call events."""
    responsible: ResponsibleSettings = ResponsibleSettings()
    """Managers of clients, found in the CRMs."""
    kinds: Kinds = Kinds()
    """The rules by which calls are sorted."""
    keypad: Keypad = Keypad()
    """Tags by phone keys."""
    synonyms: dict[str, list[Synonym]] = Field(default={})
    """Lists of words: `@money` in a phrase rule is any of `money = ["деньги", "сумма"]`."""
    phrase: Annotated[list[Phrase], unique("phrase", "name", str)] = Field(default=[])
    """Tags by what was said."""
    script: Annotated[list[Script], unique("script", "name", str)] = Field(default=[])
    """What operators have to say."""
    alert: Annotated[list[AlertRule], unique("alert", "name", str)] = Field(default=[])
    """What in the course of a call is told at once."""
    tone: Tone = Tone()
    """Markers of tone."""
    mask: Mask = Mask()
    """What is not stored of a talk."""
    store: StoreSettings = StoreSettings()
    """Where records live."""
    journal: JournalSettings = JournalSettings()
    """The raw stream, kept for recovery."""
    recordings: RecordingSettings = RecordingSettings()
    """Where audio files are."""
    speech: Speech = Speech()
    """Listening to calls."""
    log: LogSettings = LogSettings()
    """What is logged, and how."""
    web: WebSettings = WebSettings()
    """Health, metrics and API."""

    @property
    def store_url(self) -> str:
        """The database, password and all: never log it."""
        if self.store.url is not None:
            return self.store.url.get_secret_value()
        return f"sqlite:///{self.state_dir.absolute()}/calltrackd.db"

    @property
    def journal_dir(self) -> Path:
        """Folder of the journals, one folder a PBX below it."""
        return self.state_dir / "journal"

    @model_validator(mode="wrap")
    @classmethod
    def _with_region(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        region = data.get("region") if isinstance(data, dict) else None
        around = surroundings()
        if isinstance(region, str) and region in SUPPORTED_REGIONS:
            around = replace(around, region=region)
        with lent(around):
            return handler(data)

    @model_validator(mode="after")
    def _phrases_fit(self) -> Self:
        raise_all(clashes(self.phrase, self.script, self.synonyms))
        return self

    @field_validator("region")
    @classmethod
    def _known_region(cls, region: str) -> str:
        if region not in SUPPORTED_REGIONS:
            raise told("no country code: write two capital letters, such as RU, UA, DE, US")
        return region
