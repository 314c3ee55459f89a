"""Rotating tokens: stored before used, refreshed once for all, survived by a lost answer."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from calltrackd.crm.books import Books
from calltrackd.crm.oauth import NOTE, Pair, Tokens
from calltrackd.crm.trouble import AuthFailed, Unknown
from calltrackd.store.engine import Store
from tests.crm.manual import START, ManualClock


class Issuer:
    """Gives tokens; each refresh token is good once. `lose`: take it, and lose the answer."""

    def __init__(self) -> None:
        self.good = "r0"
        self.count = 0
        self.lose = 0
        self.seen: list[str] = []

    async def refresh(self, token: str) -> Pair:
        self.seen.append(token)
        await asyncio.sleep(0)
        if token != self.good:
            raise AuthFailed("invalid_grant")
        if self.lose:
            self.lose -= 1
            raise Unknown("no answer")
        self.count += 1
        self.good = f"r{self.count}"
        return Pair(access=f"a{self.count}", refresh=self.good, expires_at=START + 3600)


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Books]:
    """The books of one target."""
    store = await Store.open(f"sqlite:///{tmp_path / 'calls.db'}")
    yield Books(store, "crm")
    await store.close()


def tokens(books: Books, issuer: Issuer, clock: ManualClock, first: str | None = "r0") -> Tokens:
    """The tokens of a target that was just started."""
    return Tokens(books, clock, issuer.refresh, first=first, learn=lambda _token: None)


async def test_many_who_need_a_token_refresh_once(books: Books) -> None:
    """Ten requests find the token dead at once: one refresh, one pair for all."""
    issuer, clock = Issuer(), ManualClock()
    mine = tokens(books, issuer, clock)
    pair = await mine.pair()
    fresh = await asyncio.gather(*(mine.refused(pair) for _ in range(10)))
    assert {one.access for one in fresh} == {"a2"}
    assert issuer.seen == ["r0", "r1"]


async def test_new_pair_is_stored_before_it_is_given_out(books: Books) -> None:
    """A restart goes on with the rotated token, not with that of the settings."""
    issuer, clock = Issuer(), ManualClock()
    await tokens(books, issuer, clock).pair()
    assert (await books.note(NOTE))["refresh"] == "r1"
    again = await tokens(books, issuer, clock).pair()
    assert again.access == "a1"
    assert issuer.seen == ["r0"]


async def test_token_is_refreshed_when_its_time_is_over(books: Books) -> None:
    """Not before, and not at every request."""
    issuer, clock = Issuer(), ManualClock()
    mine = tokens(books, issuer, clock)
    await mine.pair()
    clock.advance(3500)
    assert (await mine.pair()).access == "a1"
    clock.advance(100)
    assert (await mine.pair()).access == "a2"


async def test_a_lost_answer_is_tried_once_more(books: Books) -> None:
    """The old token may still be good; if so nothing is lost."""
    issuer = Issuer()
    issuer.lose = 1
    assert (await tokens(books, issuer, ManualClock()).pair()).access == "a1"


async def test_somebody_logs_in_anew(books: Books) -> None:
    """A refused token is told; the settings' new one is taken."""
    issuer, clock = Issuer(), ManualClock()
    await tokens(books, issuer, clock).pair()
    issuer.good = "login"
    clock.advance(4000)
    with pytest.raises(AuthFailed, match="log in anew"):
        await tokens(books, issuer, clock).pair()
    assert (await tokens(books, issuer, clock, first="login").pair()).access == "a2"


async def test_without_any_token_somebody_has_to_log_in(books: Books) -> None:
    """Nothing is stored and nothing is in the settings."""
    with pytest.raises(AuthFailed, match="log in anew"):
        await tokens(books, Issuer(), ManualClock(), first=None).pair()
