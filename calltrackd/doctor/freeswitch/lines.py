"""Profiles whose channels the patterns of the settings take for what they are not."""

from collections.abc import Iterator

from calltrackd.doctor.finding import Finding, names
from calltrackd.doctor.freeswitch.facts import FreeswitchFacts, Profile
from calltrackd.pbx.channels import ChannelRules


def check(pbx: FreeswitchFacts) -> Iterator[Finding]:
    """Phones on a profile of lines, gateways on a profile of phones."""
    rules = ChannelRules(pbx.settings.trunks, pbx.settings.extensions)
    for profile in pbx.profiles or ():
        phones = rules.role(f"sofia/{profile.name}/101@198.51.100.1")[0] == "operator"
        if profile.registrations and not phones:
            yield _lost_phones(pbx, profile)
        if profile.gateways and phones:
            yield _shared(pbx, profile)


def _lost_phones(pbx: FreeswitchFacts, profile: Profile) -> Finding:
    return Finding(
        check="lines.pattern",
        severity="warning",
        pbx=pbx.settings.name,
        what=f"{profile.registrations} registered on {profile.name}, whose channels are taken for "
        "lines",
        means="talks of these phones make records of clients, and their keys no tags",
        mend=(
            f'# settings, [[pbx]] "{pbx.settings.name}": trunks that do not match this profile',
            "trunks = ['^sofia/(?:gateway|trunk)']",
        ),
    )


def _shared(pbx: FreeswitchFacts, profile: Profile) -> Finding:
    return Finding(
        check="lines.pattern",
        severity="note",
        pbx=pbx.settings.name,
        what=f"phones and gateways share a profile, {profile.name}: {names([*profile.gateways])}",
        means="a client with a short number (2 to 6 digits) passes for a phone",
        mend=(
            f'# settings, [[pbx]] "{pbx.settings.name}": the lines by their address',
            rf"trunks = [..., '^sofia/{profile.name}/.*@sip\.provider\.example']",
        ),
    )
