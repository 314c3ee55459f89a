"""Opportunities as deals, by polls and by webhooks."""

import hmac
from base64 import b64encode
from pathlib import Path

import pytest

from calltrackd.crm.espocrm.moments import unix
from calltrackd.crm.returns.ports import Deals, Inbox, Lookup, Posted
from calltrackd.model.deal import Deal
from tests.crm.espocrm.given import built
from tests.crm.house import CLIENT
from tests.fakes.espocrm import OLGA, EspocrmFake

BODY = b'[{"id":"66a1","stage":"Closed Won"},{"id":"66a2"},{"id":"66a1"}]'


def stamp(second: int) -> str:
    """A moment of one morning."""
    return f"2026-11-23 08:{second // 60:02}:{second % 60:02}"


async def changed(fake: EspocrmFake, folder: Path, since: str = stamp(0)) -> list[list[Deal]]:
    """The pages of a poll."""
    async with built(fake, folder) as one:
        return [page async for page in one.changed_deals(unix(since))]


async def test_an_opportunity_with_all_that_joins_it(tmp_path: Path) -> None:
    """Amount, stage, owner; the lead that it was, its contacts with their numbers, its account."""
    async with EspocrmFake() as fake:
        contact = fake.add("Contact", name="Ivan", phoneNumber="8 (916) 123-45-67")
        deal = fake.add(
            "Opportunity", id="66a1", name="Big", stage="Closed Won", amount=12500.5,
            closeDate="2026-11-23", contactsIds=[contact["id"]], accountId="acc1",
            assignedUserId=OLGA, createdAt=stamp(1), modifiedAt=stamp(2),
        )  # fmt: skip
        lead = fake.add("Lead", lastName="x", createdOpportunityId=deal["id"],
                        phoneNumber="+74950000000")  # fmt: skip
        ((found,),) = await changed(fake, tmp_path)
        assert (found.id, found.stage, found.won) == ("66a1", "Closed Won", True)
        assert (found.amount, found.currency) == ("12500.5", "RUB")
        assert found.contacts == [contact["id"], "acc1"]
        assert found.leads == [lead["id"]]
        assert found.phones == [CLIENT, "+74950000000"]
        assert found.responsible == OLGA
        assert found.changed_at == unix(stamp(2))
        assert found.closed_at == unix("2026-11-23")
        assert found.url == f"{fake.url}/#Opportunity/view/66a1"


@pytest.mark.parametrize(
    ("stage", "won"), [("Closed Lost", False), ("Negotiation", None), ("Gone stage", None)]
)
async def test_stages_by_their_probability(tmp_path: Path, stage: str, won: bool | None) -> None:
    """0 is lost; a stage that was removed meanwhile is in progress."""
    async with EspocrmFake() as fake:
        fake.add("Opportunity", id="66a1", stage=stage)
        async with built(fake, tmp_path) as one:
            found = await one.read_deal("66a1")
            assert found is not None
            assert found.won is won
            assert await one.read_deal("66a9") is None
            assert await one.read_deal("../User") is None
            assert await one.read_deal("66a1", "lead") is None


async def test_pages_come_in_the_order_of_change(tmp_path: Path) -> None:
    """All of them, though many changed within one second at the end of a page."""
    async with EspocrmFake() as fake:
        for n in range(260):
            fake.add("Opportunity", id=f"d{n:03}", stage="Prospecting", modifiedAt=stamp(n // 7))
        pages = await changed(fake, tmp_path, stamp(3))
        ids = [deal.id for page in pages for deal in page]
        assert set(ids) == {f"d{n:03}" for n in range(21, 260)}
        moments = [deal.changed_at for page in pages for deal in page]
        assert moments == sorted(moments)


async def test_a_second_longer_than_a_page(tmp_path: Path) -> None:
    """An import or a mass update: read through by id, then on."""
    async with EspocrmFake() as fake:
        for n in range(250):
            fake.add("Opportunity", id=f"d{n:03}", stage="Prospecting", modifiedAt=stamp(5))
        fake.add("Opportunity", id="last", stage="Prospecting", modifiedAt=stamp(6))
        pages = await changed(fake, tmp_path)
        ids = [deal.id for page in pages for deal in page]
        assert set(ids) == {*(f"d{n:03}" for n in range(250)), "last"}
        assert ids[-1] == "last"


def posted(header: str, signature: bytes, body: bytes = BODY) -> Posted:
    """A webhook of EspoCRM."""
    signed = b64encode(b"wh1:" + signature).decode()
    return Posted("", {}, {header: signed}, body, 1.0)


async def test_webhooks_are_known_by_their_signatures(tmp_path: Path) -> None:
    """Each webhook has a key of its own; the header of before version 9 is taken as well."""
    first, second, other = (hmac.digest(k, BODY, "sha256") for k in (b"key1", b"key2", b"key3"))
    secret = {"secret": "key1 key2"}
    async with EspocrmFake() as fake, built(fake, tmp_path, deals=secret) as one:
        assert isinstance(one, Inbox)
        assert isinstance(one, Deals)
        assert isinstance(one, Lookup)
        assert one.verify(posted("signature", first.hex().encode()))
        assert one.verify(posted("signature", second.hex().encode()))
        assert one.verify(posted("x-signature", second))
        assert not one.verify(posted("signature", other.hex().encode()))
        assert not one.verify(posted("signature", first.hex().encode(), BODY + b" "))
        assert not one.verify(Posted("", {}, {"signature": "?"}, BODY, 1.0))
        assert not one.verify(Posted("", {}, {}, BODY, 1.0))


async def test_without_a_key_no_webhook_is_believed(tmp_path: Path) -> None:
    """Not even one that was signed with nothing."""
    empty = hmac.digest(b"", BODY, "sha256")
    async with EspocrmFake() as fake, built(fake, tmp_path) as one:
        assert not one.verify(posted("signature", empty.hex().encode()))


async def test_a_webhook_names_each_opportunity_once(tmp_path: Path) -> None:
    """They come in batches, doubled and in any order: what they say of them is read again."""
    async with EspocrmFake() as fake, built(fake, tmp_path) as one:
        assert one.told("application/json", BODY).keys == [("deal", "66a1"), ("deal", "66a2")]
        with pytest.raises(ValueError, match=r"."):
            one.told("application/json", b'{"id": "66a1"}')
