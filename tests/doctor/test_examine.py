"""All checks together, and the page that explains them."""

import re
from pathlib import Path

from calltrackd.doctor.asterisk.facts import AsteriskFacts, ManagerUser
from calltrackd.doctor.examine import examine
from calltrackd.doctor.facts import Feature
from tests.doctor.seeds import ALL_CLASSES, attachment, brief, only, pbx, phone, site, talk

ROOT = Path(__file__).parents[2]


def test_healthy_site_has_no_findings() -> None:
    """No news from a PBX and a store at which nothing is wrong."""
    assert examine(site(pbxs=(pbx(),))) == []


def test_gravest_findings_come_first() -> None:
    """Errors, warnings, notes, whatever check they come from."""
    old = pbx(version="13.1", clock_ahead_s=2.0, user=ManagerUser(ALL_CLASSES, frozenset({"call"})))
    severities = [one.severity for one in examine(site(pbxs=(old,)))]
    assert severities == ["error", "warning", "note"]


def test_unreachable_pbx_is_one_error() -> None:
    """Nothing else is said of it; the others are examined all the same."""
    down = AsteriskFacts(settings=attachment(name="branch"), unreachable="connection refused")
    found = only(examine(site(pbxs=(down, pbx()))))
    assert (found.check, found.severity, found.pbx) == ("link", "error", "branch")
    assert "connection refused" in found.what


def test_refusal_is_told_as_unseen() -> None:
    """Not to look is not the same as to find nothing."""
    shy = pbx(phones=None, refused={"phones": "Permission denied"})
    assert brief(examine(site(pbxs=(shy,)))) == [("unseen", "note")]


def test_each_pbx_is_judged_by_its_own_settings() -> None:
    """Trunk patterns of one do not excuse the other."""
    phones = (phone("101"), phone("alice"))
    named = pbx(settings=attachment(name="a", trunks=["^PJSIP/alice-"]), phones=phones)
    plain = pbx(settings=attachment(name="b"), phones=phones)
    found = only(examine(site(pbxs=(named, plain))))
    assert (found.check, found.pbx) == ("phones.pattern", "b")


def test_tags_of_the_settings_reach_the_checks() -> None:
    """The key map of the settings is what feature codes clash with."""
    settings = {"keypad": {"map": [{"keys": {"71": "sale"}}], "ignore": []}}
    spoilt = pbx(features=(Feature("parkcall", "71"),))
    assert brief(examine(site(settings, pbxs=(spoilt,)))) == [("keys.clash", "error")]


def test_store_is_examined_without_any_pbx() -> None:
    """Numbers and recordings need none."""
    checks = {one.check for one in examine(site(calls=(talk("+74950000002"),)))}
    assert checks == {"numbers.unlisted", "recordings.missing"}


def test_every_check_has_its_heading() -> None:
    """The page explains each finding by its name, and no other."""
    code = "".join(file.read_text() for file in (ROOT / "calltrackd/doctor").rglob("*.py"))
    checks = set(re.findall(r'check="([\w.]+)"', code))
    checks |= set(re.findall(r'finding\(\s*(?:pbx,\s*)?"(\w+\.\w+)"', code))
    headings = re.findall(r"^### `([\w.]+)`", (ROOT / "docs/doctor.md").read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(checks)
