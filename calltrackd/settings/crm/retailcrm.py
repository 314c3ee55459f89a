"""`[[target]]` with `kind = "retailcrm"`."""

from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from calltrackd.settings.base import told
from calltrackd.settings.crm.base import Address, CrmTarget


class RetailcrmTarget(CrmTarget):
    """A RetailCRM (Simla) account, by an API key."""

    kind: Literal["retailcrm"]
    """The connector."""
    url: Address
    """The account: `https://example.retailcrm.ru`."""
    site: str | None = Field(default=None, min_length=1)
    """The shop's code, when the key reaches several."""
    time_zone: str = "Europe/Moscow"
    """The account's time zone: RetailCRM writes moments without one."""
    order_method: str | None = Field(default=None, min_length=1)
    """The code of the method of new orders, such as `phone`; none: as RetailCRM decides."""
    cards: bool = True
    """Pop the client's card up at the users whose phones ring."""
    rate: float = Field(default=8.0, gt=0, le=1_000)
    """Requests a second at most; RetailCRM allows about 10."""

    @property
    def shows_cards(self) -> bool:
        """Its users see who calls while their phones ring."""
        return self.cards and bool(self.users)

    @field_validator("time_zone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise told("no such time zone; names are like Europe/Moscow") from error
        return value
