"""From settings to the parts of the street; one place, used by the daemon and by replay."""

from calltrackd.calls.record import NumberRules
from calltrackd.pbx.channels import ChannelRules
from calltrackd.pipeline.dialect import dialect_of
from calltrackd.pipeline.enrich import Enricher
from calltrackd.pipeline.street import Street
from calltrackd.settings import AsteriskPbx, FreeswitchPbx, Settings
from calltrackd.sources.numbers import Sources
from calltrackd.tagging.keypad import Keypad


def street_of(settings: Settings, pbx: AsteriskPbx | FreeswitchPbx) -> Street:
    """The street of one attachment."""
    rules = ChannelRules(pbx.trunks, pbx.extensions)
    return Street(
        pbx.name,
        dialect_of("ami" if pbx.kind == "asterisk" else "esl-plain", rules),
        number_rules(settings),
        Keypad(settings.keypad),
    )


def number_rules(settings: Settings) -> NumberRules:
    """Region and tracking numbers."""
    return NumberRules(settings.region, Sources(settings.number).tracked)


def enricher_of(settings: Settings) -> Enricher:
    """Sources and kinds."""
    return Enricher(Sources(settings.number), settings.kinds)
