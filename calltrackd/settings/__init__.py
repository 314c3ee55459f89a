"""Typed settings: TOML files, environment and credentials in; one frozen `Settings` out."""

from calltrackd.settings.crm import CrmTarget, LeadRules
from calltrackd.settings.errors import Place, Problem, SettingsError
from calltrackd.settings.freeswitch import FreeswitchPbx
from calltrackd.settings.keypad import Keypad, KeypadMap
from calltrackd.settings.kinds import KindRule, Kinds, KindsOverride
from calltrackd.settings.load import DEFAULT_PATH, files_of, load
from calltrackd.settings.number import Number
from calltrackd.settings.pbx import AsteriskPbx
from calltrackd.settings.root import Pbx, Settings, Target
from calltrackd.settings.schema import json_schema
from calltrackd.settings.service import (
    JournalSettings,
    LogSettings,
    RecordingSettings,
    StoreSettings,
    WebSettings,
)
from calltrackd.settings.target import Mapping, WebhookTarget, signing_key

__all__ = [
    "DEFAULT_PATH",
    "AsteriskPbx",
    "CrmTarget",
    "FreeswitchPbx",
    "JournalSettings",
    "Keypad",
    "KeypadMap",
    "KindRule",
    "Kinds",
    "KindsOverride",
    "LeadRules",
    "LogSettings",
    "Mapping",
    "Number",
    "Pbx",
    "Place",
    "Problem",
    "RecordingSettings",
    "Settings",
    "SettingsError",
    "StoreSettings",
    "Target",
    "WebSettings",
    "WebhookTarget",
    "files_of",
    "json_schema",
    "load",
    "signing_key",
]
