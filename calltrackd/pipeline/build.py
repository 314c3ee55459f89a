"""From settings to the parts of the street; one place, used by the daemon and by replay."""

from typing import Any

from calltrackd.calls.record import NumberRules
from calltrackd.pbx.access import Access
from calltrackd.pbx.ami_link import AmiAccess
from calltrackd.pbx.channels import ChannelRules
from calltrackd.pbx.esl_link import EslAccess
from calltrackd.pbx.stream import Kind
from calltrackd.pipeline.dialect import dialect_of
from calltrackd.pipeline.enrich import Enricher
from calltrackd.pipeline.street import Street
from calltrackd.settings import FreeswitchPbx, Pbx, Settings
from calltrackd.sources.numbers import Sources
from calltrackd.tagging.keypad import Keypad


def street_of(settings: Settings, pbx: Pbx) -> Street:
    """The street of one attachment."""
    rules = ChannelRules(pbx.trunks, pbx.extensions)
    return Street(
        pbx.name,
        dialect_of(stream_of(pbx), rules),
        number_rules(settings),
        Keypad(settings.keypad),
    )


def stream_of(pbx: Pbx) -> Kind:
    """What such a PBX speaks."""
    return "ami" if pbx.kind == "asterisk" else "esl-plain"


def access_of(pbx: Pbx) -> Access[Any]:
    """The way to such a PBX."""
    return EslAccess(pbx) if isinstance(pbx, FreeswitchPbx) else AmiAccess(pbx)


def number_rules(settings: Settings) -> NumberRules:
    """Region and tracking numbers."""
    return NumberRules(settings.region, Sources(settings.number).tracked)


def enricher_of(settings: Settings) -> Enricher:
    """Sources and kinds."""
    return Enricher(Sources(settings.number), settings.kinds)
