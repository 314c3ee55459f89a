"""`calltrackd crm`."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from calltrackd.crm import connector
from calltrackd.crm.finding import Finding
from calltrackd.crm.people import CrmUser
from calltrackd.crm.tools import Tools
from calltrackd.crm.trouble import AuthFailed, Trouble
from tests.cli.conftest import House
from tests.cli.records import call

CRM = """
[[target]]
kind = "odoo"
name = "odoo"
url = "https://odoo.example"
database = "company"
secret = "k3y"
users = { "101" = "7" }
"""
USERS = [
    CrmUser(id="7", name="Anna", extension="101"),
    CrmUser(id="8", name="Boris", extension="102"),
    CrmUser(id="9", name="Vera", extension="103", active=False),
]


class Canned:
    """A connector that says what it is told to. `tools`: what it was lent."""

    tools: Tools

    def __init__(self) -> None:
        self.findings = [Finding(check="credentials", severity="fine", what="the key is taken")]
        self.trouble: Trouble | None = None
        self.closed = 0

    async def check(self) -> list[Finding]:
        """What the test gave."""
        if self.trouble:
            raise self.trouble
        return self.findings

    async def users(self) -> list[CrmUser]:
        """Three."""
        if self.trouble:
            raise self.trouble
        return USERS

    async def close(self) -> None:
        """Counted."""
        self.closed += 1


@pytest.fixture
def canned(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Canned]:
    """A site with an Odoo, whose connector is this."""
    house.save(call(0))
    house.config.write_text(
        house.config.read_text().replace(
            'secret_credential = "crm"', 'secrets = ["whsec_' + "A" * 40 + '"]'
        )
        + CRM
    )
    one = Canned()

    def build(_target: object, tools: Tools) -> Canned:
        one.tools = tools
        return one

    monkeypatch.setattr(connector, "build", build)
    yield one
    assert one.closed == 1


def test_check_says_what_is_fine_and_what_is_not(house: House, canned: Canned) -> None:
    """The connector's findings, then those of the users; exit code 1 for errors only."""
    done = house.run("crm", "check", "odoo")
    assert done.exit_code == 0, done.output
    assert "✓ credentials: the key is taken" in done.output
    assert "1 users of the settings are users of the CRM" in done.output


@pytest.mark.parametrize("public", [False, True])
def test_what_the_daemon_lends_is_lent(house: House, canned: Canned, public: bool) -> None:
    """Recordings with the address that they have, or have not, in the daemon."""
    if public:
        with house.config.open("a") as file:
            file.write('[web]\npublic_url = "https://calls.example"\n')
    assert house.run("crm", "check", "odoo").exit_code == 0
    assert canned.tools.links == public
    assert canned.tools.files is not None


def test_errors_are_the_exit_code(house: House, canned: Canned) -> None:
    """With what mends them."""
    canned.findings = [Finding(check="rights", severity="error", what="no leads", mend="give them")]
    done = house.run("crm", "check", "odoo")
    assert done.exit_code == 1
    assert "✗ rights: no leads" in done.output
    assert "give them" in done.output


def test_a_refused_key_is_a_finding(house: House, canned: Canned) -> None:
    """No traceback, and JSON stays JSON."""
    canned.trouble = AuthFailed("https://odoo.example answered 401")
    done = house.run("crm", "check", "odoo", "--json")
    assert done.exit_code == 1
    said: dict[str, Any] = json.loads(done.stdout)
    assert (said["check"], said["severity"]) == ("credentials", "error")
    assert "401" in said["what"]


def test_users_are_listed_and_the_line_is_proposed(house: House, canned: Canned) -> None:
    """What is mapped stays; who is not active is not proposed."""
    done = house.run("crm", "users", "odoo")
    assert done.exit_code == 0, done.output
    assert "Boris" in done.output
    assert 'users = { "101" = "7", "102" = "8" }' in done.output


def test_users_that_cannot_be_asked_are_a_fault(house: House, canned: Canned) -> None:
    """One clear line."""
    canned.trouble = AuthFailed("https://odoo.example answered 401")
    done = house.run("crm", "users", "odoo")
    assert done.exit_code == 1
    assert done.output.startswith("calltrackd: target odoo: https://odoo.example answered 401")
