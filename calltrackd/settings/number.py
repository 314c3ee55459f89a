"""`[[number]]`: a tracking number and the advertising that it stands on."""

from pydantic import Field

from calltrackd.settings.base import PhoneNumber, Section


class Number(Section):
    """A number that clients dial, and what made them dial it."""

    did: PhoneNumber
    """The number, in any form of the region; E.164 after loading."""
    medium: str | None = Field(default=None, min_length=1)
    """Kind of advertising: cpc, organic, outdoor, print, radio ..."""
    source: str | None = Field(default=None, min_length=1)
    """Who shows it: google, yandex, billboard ..."""
    campaign: str | None = Field(default=None, min_length=1)
    """The campaign."""
    term: str | None = Field(default=None, min_length=1)
    """The key word."""
    content: str | None = Field(default=None, min_length=1)
    """The variant of the advertisement."""
    landing: str | None = Field(default=None, min_length=1)
    """The page on which the number stands."""
    cost_group: str | None = Field(default=None, min_length=1)
    """Numbers that share one bill; reports divide its costs among their calls."""
    click_ids: dict[str, str] = Field(default={})
    """Ids of a click that is the same for all calls of the number, by parameter name."""
