"""Leads come back: by polls, by webhooks, one by one."""

from pathlib import Path

import pytest

from calltrackd.crm.returns.ports import Deals, Inbox, Lookup, Posted
from tests.crm.amocrm.test_login import amocrm
from tests.fakes.amocrm import AmocrmFake, hook, with_phone

SECRET = {"deals": {"secret": "long-random-word"}}
FORM = "application/x-www-form-urlencoded"


def leads(fake: AmocrmFake, count: int, at: int = 1000) -> None:
    """Leads that changed one a second."""
    for n in range(count):
        fake.add("leads", name=f"lead {n}", updated_at=at + n)


async def test_a_lead_is_read_as_a_deal(tmp_path: Path, fake: AmocrmFake) -> None:
    """Stage, the CRM's own word, money, and by what its call is found."""
    contact = fake.add("contacts", custom_fields_values=with_phone("8 (916) 123-45-67"))
    lead = fake.add(
        "leads",
        name="Big",
        price=1250,
        status_id=142,
        updated_at=2000,
        closed_at=1999,
        custom_fields_values=[{"field_id": 990, "values": [{"value": "c1"}]}],
        _embedded={"contacts": [{"id": contact["id"]}]},
    )
    async with amocrm(tmp_path, fake, call_field_id=990) as crm:
        deal = await crm.read_deal(str(lead["id"]))
    assert deal is not None
    assert (deal.won, deal.stage, deal.pipeline, deal.kind) == (True, "142", "5", "deal")
    assert (deal.amount, deal.currency, deal.closed_at) == ("1250", "RUB", 1999.0)
    assert (deal.contacts, deal.phones, deal.calls) == (
        [str(contact["id"])],
        ["+79161234567"],
        ["c1"],
    )
    assert deal.url == f"{fake.url}/leads/detail/{lead['id']}"


async def test_a_lead_that_is_gone_is_none(tmp_path: Path, fake: AmocrmFake) -> None:
    """Deleted, or never there."""
    gone = fake.add("leads", is_deleted=True)
    async with amocrm(tmp_path, fake) as crm:
        assert await crm.read_deal("12345") is None
        assert await crm.read_deal(str(gone["id"]), "lead") is None


async def test_changed_leads_come_oldest_first_over_many_pages(
    tmp_path: Path, fake: AmocrmFake
) -> None:
    """Each once, none before `since`."""
    leads(fake, 120)
    async with amocrm(tmp_path, fake) as crm:
        found = [deal.changed_at async for page in crm.changed_deals(1005) for deal in page]
    assert found == [float(1005 + n) for n in range(115)]


async def test_a_second_in_which_many_changed_is_read_whole(
    tmp_path: Path, fake: AmocrmFake
) -> None:
    """A mass change: more of them than go on a page."""
    for n in range(130):
        fake.add("leads", name=f"lead {n}", updated_at=1000 if n < 125 else 1001)
    async with amocrm(tmp_path, fake) as crm:
        found = [deal.id async for page in crm.changed_deals(1000) for deal in page]
    assert len(found) == len(set(found)) == 130


async def test_a_lead_that_changes_while_the_list_is_read_pushes_none_out(
    tmp_path: Path, fake: AmocrmFake
) -> None:
    """It moves to the end of the list, and what follows moves up by one."""
    leads(fake, 120)
    names: set[str] = set()
    async with amocrm(tmp_path, fake) as crm:
        async for page in crm.changed_deals(1000):
            names |= {str(deal.title) for deal in page}
            fake.kept["leads"][0]["updated_at"] = 5000
    assert len(names) == 120


async def test_pages_get_shorter_when_the_crm_can_not_manage(
    tmp_path: Path, fake: AmocrmFake
) -> None:
    """504 means: ask for fewer."""
    leads(fake, 33)
    fake.most_a_page = 20
    async with amocrm(tmp_path, fake) as crm:
        found = [deal.id async for page in crm.changed_deals(0) for deal in page]
    assert len(found) == 33


async def test_a_webhook_is_known_by_its_secret_address(tmp_path: Path, fake: AmocrmFake) -> None:
    """And by nothing else; without a secret none is taken."""

    def posted(path: str) -> Posted:
        return Posted(path, {}, {"content-type": FORM}, b"", 0.0)

    async with amocrm(tmp_path, fake, **SECRET) as crm:
        assert crm.verify(posted("long-random-word"))
        assert not crm.verify(posted("long-random-words"))
        assert not crm.verify(posted(""))
    async with amocrm(tmp_path, fake) as crm:
        assert not crm.verify(posted(""))


async def test_a_webhook_names_each_lead_once(tmp_path: Path, fake: AmocrmFake) -> None:
    """Doubled and mixed events are one question; notes and the like are none."""
    body = "&".join([hook("status", 7, 8), hook("update", 7), hook("note", 9), hook("delete", 5)])
    async with amocrm(tmp_path, fake) as crm:
        told = crm.told(FORM, body.encode())
    assert told.keys == [("deal", "7"), ("deal", "8"), ("deal", "5")]


@pytest.mark.parametrize("body", [b"", b"\xff", b"{}", hook("add", 1, subdomain="evil").encode()])
async def test_what_is_not_of_this_account_is_set_aside(
    tmp_path: Path, fake: AmocrmFake, body: bytes
) -> None:
    """Another account's webhooks, and what is no form."""
    async with amocrm(tmp_path, fake) as crm:
        with pytest.raises(ValueError, match=r"account|form|codec"):
            crm.told(FORM, body)


async def test_the_returns_find_all_that_they_ask_for(tmp_path: Path, fake: AmocrmFake) -> None:
    """Webhooks, polls and look-ups of the responsible."""
    async with amocrm(tmp_path, fake) as crm:
        assert isinstance(crm, Inbox)
        assert isinstance(crm, Deals)
        assert isinstance(crm, Lookup)
        fake.add("contacts", custom_fields_values=with_phone("9161234567"), responsible_user_id=11)
        person = await crm.responsible("+79161234567")
        assert person is not None
        assert (person.id, person.name, person.extension) == ("11", "Anna", "101")
        assert await crm.responsible("+79160000000") is None
