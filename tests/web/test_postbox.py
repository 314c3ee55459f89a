"""Webhooks of CRMs at the port."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from calltrackd.crm.returns.ports import Posted, Told
from calltrackd.store import inbox
from calltrackd.store.engine import Store
from calltrackd.store.errors import StoreDown
from calltrackd.web import postbox as module
from calltrackd.web.app import listening, outside_application
from calltrackd.web.postbox import MOST_BYTES, Postbox
from tests.store.build import read


class Crm:
    """Believes whoever knows the path."""

    seen: Posted

    def verify(self, posted: Posted) -> bool:
        self.seen = posted
        if posted.path == "broken":
            raise RuntimeError("a fault of ours")
        return posted.path == "se/cret"

    def told(self, _content_type: str, _body: bytes) -> Told:
        return Told()


class Post:
    """A served postbox with the target `crm`."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.crm = Crm()
        self.woken: list[str] = []
        self.counts: Counter[tuple[str, str]] = Counter()
        self.box = Postbox(
            store,
            {"crm": self.crm}.get,
            self.woken.append,
            public_url="https://calls.example",
            count=lambda *what: self.counts.update([what]),
        )
        self.url = ""
        self.session: aiohttp.ClientSession

    async def send(self, path: str = "crm/se/cret", **given: Any) -> int:
        """The status of a webhook."""
        given.setdefault("data", b"hello")
        async with self.session.post(f"{self.url}/v1/crm/{path}", **given) as answer:
            await answer.read()
            return answer.status

    async def kept(self) -> list[bytes]:
        """Bodies that wait."""
        rows = await read(self.store, inbox.due, "crm", 1e12, 99)
        return [row.body for row in rows]


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    """On a port and a store of its own."""
    store = await Store.open(f"sqlite:///{tmp_path / 'calls.db'}")
    house = Post(store)
    timeout = aiohttp.ClientTimeout(total=10)
    async with listening(outside_application([house.box]), "127.0.0.1", 0) as port:
        house.url = f"http://127.0.0.1:{port}"
        async with aiohttp.ClientSession(timeout=timeout) as house.session:
            yield house
    await store.close()


async def test_true_webhook_is_on_the_disk_before_it_is_answered(post: Post) -> None:
    """As it came, and its reader is woken."""
    assert await post.send(headers={"Content-Type": "text/x"}, data=b"\xff\x00") == 200
    assert (await post.kept(), post.woken) == ([b"\xff\x00"], ["crm"])
    assert post.counts == {("crm", "stored"): 1}


async def test_tokens_are_seen_by_the_connector_and_not_stored(post: Post) -> None:
    """Whoever reads the database does not get into the CRM."""
    body = b"event=X&auth%5Baccess_token%5D=s3cr3t"
    assert await post.send(data=body) == 200
    assert post.crm.seen.body == body
    assert await post.kept() == [b"event=X&auth%5Baccess_token%5D=***"]


async def test_connector_sees_all_that_can_be_signed(post: Post) -> None:
    """Path, query, headers in lower case, the raw body and the address from outside."""
    await post.send("crm/se/cret?a=1", headers={"X-Signature": "s"})
    seen = post.crm.seen
    assert (seen.path, seen.query, seen.headers["x-signature"]) == ("se/cret", {"a": "1"}, "s")
    assert (seen.body, seen.url) == (b"hello", "https://calls.example/v1/crm/crm/se/cret?a=1")


@pytest.mark.parametrize("path", ["crm", "crm/wrong", "crm/broken"])
async def test_forged_webhook_is_refused_and_not_kept(post: Post, path: str) -> None:
    """So is one on which the check itself breaks."""
    assert await post.send(path) == 403
    assert await post.kept() == []
    assert post.counts == {("crm", "forged"): 1}


async def test_unknown_target_is_not_found(post: Post) -> None:
    """And counted without its name, which is a stranger's."""
    assert await post.send("other/se/cret") == 404
    assert post.counts == {("", "unknown"): 1}


@pytest.mark.parametrize("chunked", [False, True])
async def test_body_is_bounded(post: Post, chunked: bool) -> None:
    """Whether the sender tells its length or not."""

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(MOST_BYTES // 65536 + 1):
            yield b"x" * 65536

    data = parts() if chunked else b"x" * (MOST_BYTES + 1)
    assert await post.send(data=data) == 413
    assert await post.kept() == []


async def test_doubled_webhook_is_kept_once(post: Post) -> None:
    """Both are answered well."""
    assert [await post.send(), await post.send()] == [200, 200]
    assert len(await post.kept()) == 1
    assert post.counts == {("crm", "stored"): 1, ("crm", "repeated"): 1}


async def test_flood_is_told_to_come_later(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept is bounded; polls find the rest."""
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    assert [await post.send(data=b"%d" % n) for n in range(3)] == [200, 200, 503]
    assert len(await post.kept()) == 2


async def test_store_that_is_away_or_slow_is_a_503_in_time(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never a 200 for what is not on the disk."""

    async def down(_work: Any) -> Any:
        raise StoreDown("the disk is on holiday")

    async def slow(_work: Any) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(module, "STORE_S", 0.01)
    for submit in (down, slow):
        monkeypatch.setattr(post.store.writer, "submit", submit)
        assert await post.send() == 503
    assert post.woken == []


async def test_hostages_are_let_go(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that never ends holds no place."""
    monkeypatch.setattr(module, "BODY_S", 0.01)
    never = asyncio.Event()

    async def parts() -> AsyncIterator[bytes]:
        yield b"x"
        await never.wait()

    assert await post.send(data=parts()) == 408


async def test_crowd_is_told_to_come_later(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests in hand are bounded, too."""
    monkeypatch.setattr(module, "MOST_AT_ONCE", 0)
    assert await post.send() == 503
    assert post.counts == {("crm", "crowded"): 1}
