"""Typed settings: TOML files, environment and credentials in; one frozen `Settings` out."""

from calltrackd.settings.keypad import Keypad, KeypadMap
from calltrackd.settings.kinds import KindRule, Kinds, KindsOverride
from calltrackd.settings.number import Number
from calltrackd.settings.pbx import AsteriskPbx
from calltrackd.settings.root import Settings
from calltrackd.settings.service import (
    JournalSettings,
    LogSettings,
    RecordingSettings,
    StoreSettings,
    WebSettings,
)
from calltrackd.settings.target import Mapping, WebhookTarget, signing_key

__all__ = [
    "AsteriskPbx",
    "JournalSettings",
    "Keypad",
    "KeypadMap",
    "KindRule",
    "Kinds",
    "KindsOverride",
    "LogSettings",
    "Mapping",
    "Number",
    "RecordingSettings",
    "Settings",
    "StoreSettings",
    "WebSettings",
    "WebhookTarget",
    "signing_key",
]
