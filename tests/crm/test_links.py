"""Signed links to recordings."""

import stat
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from calltrackd.crm.links import KEY_FILE, KeyUnusableError, Links, Verdict, key_in, name_of

CALL = "01a2efe9-9992-7000-8000-000000000000"
KEY = b"k" * 32
FILE = "/var/spool/asterisk/monitor/a.wav"


def links(at: float = 1000.0, key: bytes = KEY) -> Links:
    """With a public address, at a moment."""
    return Links(key, "https://calls.example/", clock=lambda: at)


def judged(url: str, by: Links, **other: str) -> Verdict:
    """What the link's own words are worth, some of them replaced."""
    parts = urlsplit(url)
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    _, call, name = parts.path.rsplit("/", 2)
    given = {"call": call, "name": name, "exp": asked["exp"], "sig": asked["sig"], **other}
    return by.judge(given["call"], given["name"], given["exp"], given["sig"])


def test_link_is_good_until_it_expires() -> None:
    """To the second."""
    url = links().link(CALL, FILE, 60.0)
    assert url is not None
    assert url.startswith(f"https://calls.example/v1/recordings/{CALL}/{name_of(FILE)}?exp=1060&")
    assert judged(url, links(1059.9)) == "good"
    assert judged(url, links(1060.0)) == "expired"


@pytest.mark.parametrize(
    "change",
    [
        {"call": CALL.replace("1", "2")},
        {"name": name_of("/other.wav")},
        {"exp": "9999"},
        {"exp": "nonsense"},
        {"exp": ""},
        {"sig": ""},
        {"sig": "é"},
        {"sig": "\udcff"},
    ],
)
def test_changed_link_is_forged(change: dict[str, str]) -> None:
    """Whatever part of it is another."""
    url = links().link(CALL, FILE)
    assert url is not None
    assert judged(url, links(), **change) == "forged"


def test_link_by_another_key_is_forged() -> None:
    """A daemon whose key was taken away knows none of the old links."""
    url = links(key=b"o" * 32).link(CALL, FILE)
    assert url is not None
    assert judged(url, links()) == "forged"


def test_expired_and_forged_is_forged() -> None:
    """A stranger does not learn that a link was once good."""
    url = links().link(CALL, FILE, 1.0)
    assert url is not None
    assert judged(url, links(5000.0), sig="x") == "forged"


def test_no_public_address_makes_no_link() -> None:
    """Nobody could open it."""
    assert Links(KEY, None).link(CALL, FILE) is None


def test_key_is_made_once_and_is_our_users_alone(tmp_path: Path) -> None:
    """32 random bytes; the second start reads them."""
    key = key_in(tmp_path)
    assert len(key) == 32
    assert key_in(tmp_path) == key
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


def test_file_that_is_no_key_is_told(tmp_path: Path) -> None:
    """Never a link by an empty key."""
    (tmp_path / KEY_FILE).write_bytes(b"")
    with pytest.raises(KeyUnusableError, match="remove it"):
        key_in(tmp_path)


def test_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With its name."""
    with pytest.raises(KeyUnusableError, match=r"nowhere/links\.key"):
        key_in(tmp_path / "nowhere")
