"""The webhook sender against a real receiver on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest

from calltrackd.crm.outcome import Blocked, Delivered, Failed, Gone, Refused
from calltrackd.crm.target import HookTarget, Shape
from calltrackd.crm.webhook.sender import MOST_ANSWER_BYTES, WebhookSender
from tests.crm.manual import KEY, START, a_row, a_target
from tests.fakes.receiver import Fault, Receiver


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """One that knows KEY."""
    async with Receiver((KEY,)) as running:
        yield running


async def sent(target: HookTarget, *rows, clock=None):
    """The outcome of the last of the rows, one row where none is given."""
    sender = WebhookSender(target, **({"clock": clock} if clock else {}))
    try:
        outcomes = [await sender.send(row) for row in rows or [a_row()]]
    finally:
        await sender.close()
    return outcomes[-1]


async def outcome_of(receiver: Receiver, fault: Fault, **fields: object):
    """What the sender says of one fault."""
    receiver.fail(fault)
    return await sent(a_target(url=receiver.url, **fields))


async def test_delivery_is_signed_and_whole(receiver):
    """The receiver verifies the signature and gets the body as it is in the store."""
    row = a_row()
    assert await sent(a_target(url=receiver.url), row) == Delivered(204)
    (hit,) = receiver.hits
    assert hit.body == row.body.encode()
    assert (hit.method, hit.path, hit.id) == ("POST", "/hook", row.id)
    assert hit.headers["idempotency-key"] == row.id
    assert hit.headers["content-type"] == "application/json"
    assert list(receiver.accepted) == [row.id]


async def test_retry_has_the_same_id_and_a_new_time(receiver):
    """A receiver tells a repetition by the id; the time is that of the attempt."""
    times = iter([START, START + 60])
    receiver._clock = lambda: START + 30
    row, target = a_row(), a_target(url=receiver.url)
    sender_clock = lambda: next(times, START + 60)  # noqa: E731 - a name for the line below
    receiver.fail(Fault(status=500, accept=True))
    await sent(target, row, row, clock=sender_clock)
    first, second = receiver.hits
    assert first.id == second.id
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert receiver.repeats == {row.id: 1}


async def test_rotation_serves_receivers_of_either_secret(receiver):
    """Signed with two secrets, taken by a receiver that knows one."""
    other = bytes(range(100, 132))
    assert await sent(a_target(url=receiver.url, keys=(other, KEY))) == Delivered(204)
    assert receiver.forged == 0


async def test_wrong_secret_is_a_trouble_of_the_target(receiver):
    """The receiver answers 401; nothing is lost."""
    outcome = await sent(a_target(url=receiver.url, keys=(bytes(32),)))
    assert (outcome.status, outcome.scope, receiver.forged) == (401, "target", 1)


@pytest.mark.parametrize(
    ("status", "scope"),
    [
        *((status, "row") for status in (400, 413, 422)),
        *((status, "target") for status in (401, 403, 404, 405, 500)),
        *((status, "outage") for status in (429, 502, 503, 504)),
    ],
)
async def test_only_2xx_is_success(receiver, status, scope):
    """Every other status is a failure, told apart by whose it looks like."""
    outcome = await outcome_of(receiver, Fault(status=status, body="no such field"))
    assert isinstance(outcome, Failed)
    assert (outcome.status, outcome.scope) == (status, scope)
    assert outcome.reason == f"answered {status}"
    assert outcome.detail == "no such field"


async def test_retry_after_is_read(receiver):
    """What the target asks for reaches the lane in seconds."""
    outcome = await outcome_of(receiver, Fault(status=503, headers={"Retry-After": "7"}))
    assert outcome.after == 7.0


async def test_gone(receiver):
    """410 is told apart."""
    assert isinstance(await outcome_of(receiver, Fault(status=410)), Gone)


async def test_redirect_is_refused_and_not_followed(receiver):
    """A POST that follows a redirect loses its body: it is a failure that says so."""
    outcome = await outcome_of(receiver, Fault.redirect(receiver.url + "/else?token=abcdef"))
    assert outcome.reason == "302 redirect, which is not followed"
    assert "abcdef" not in repr(outcome)
    assert len(receiver.hits) == 1


async def test_html_page_with_200_is_no_success(receiver):
    """A maintenance page of a proxy does not swallow an event."""
    outcome = await outcome_of(receiver, Fault.page())
    assert (outcome.scope, outcome.status) == ("target", 200)
    assert outcome.reason == "200 with an HTML page instead of an answer"


async def test_bare_ok_labelled_html_is_success(receiver):
    """PHP calls everything text/html."""
    fault = Fault(status=200, body="ok", headers={"Content-Type": "text/html"})
    assert await outcome_of(receiver, fault) == Delivered(200)


async def test_hanging_target_is_left_after_the_limit(receiver):
    """No answer within the limit: the outcome is unknown, since the request was sent."""
    outcome = await outcome_of(receiver, Fault(hang=True, accept=True), answer_s=0.2)
    assert (outcome.unknown, outcome.scope) == (True, "target")
    assert outcome.reason.endswith("within 0.2 s")
    assert len(receiver.accepted) == 1


async def test_reset_connection_is_unknown(receiver):
    """A connection cut under a request, and under the one that repeats it."""
    receiver.fail(Fault(reset=True), Fault(reset=True))
    outcome = await sent(a_target(url=receiver.url))
    assert (outcome.unknown, outcome.scope) == (True, "target")
    assert "before it answered" in outcome.reason


async def test_connection_that_was_closed_meanwhile_costs_no_attempt(receiver):
    """A server that drops a kept connection is asked once more on a new one, with the same id."""
    receiver.fail(Fault(reset=True))
    assert await sent(a_target(url=receiver.url)) == Delivered(204)
    assert len({hit.id for hit in receiver.hits}) == 1


async def test_nobody_listens():
    """A refused connection is an outage, and certainly not delivered."""
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        port = unheard.getsockname()[1]
        outcome = await sent(a_target(url=f"http://127.0.0.1:{port}/rest/1/s3cr3ttoken"))
    assert (outcome.scope, outcome.unknown) == ("outage", False)
    assert outcome.reason == f"cannot connect to http://127.0.0.1:{port}: Connection refused"


async def test_connection_that_is_not_accepted_is_left_after_the_limit():
    """A full backlog does not hold a slot for the whole answer's time."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        outcome = await sent(a_target(url=url, connect_s=0.2, answer_s=5.0))
        for filler in fillers:
            filler.close()
    assert (outcome.scope, outcome.unknown) == ("outage", False)
    assert "no connection" in outcome.reason


async def test_answer_that_is_no_http_is_told(receiver):
    """A port that speaks something else."""

    async def talk(_reader, writer):
        writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        outcome = await sent(a_target(url=f"http://127.0.0.1:{port}/"))
    assert outcome.scope == "target"
    assert "no HTTP" in outcome.reason


async def test_endless_answer_is_cut(receiver):
    """An answer of megabytes is not read to its end."""
    fault = Fault(status=500, body="x" * (MOST_ANSWER_BYTES * 40))
    outcome = await outcome_of(receiver, fault)
    assert len(outcome.detail) < 200


async def test_connections_are_kept(receiver):
    """A hundred rows go over one connection."""
    await sent(a_target(url=receiver.url), *(a_row(f"c{n}") for n in range(100)))
    assert len(receiver.hits) == 100
    assert len({hit.peer for hit in receiver.hits}) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f.1:{port}/",
        "http://0.0.0.0:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.1.2.3/",
    ],
)
async def test_private_addresses_are_refused(receiver, url):
    """However loopback or a private network is written, no byte goes there."""
    port = receiver.url.rsplit(":", 1)[1].split("/")[0]
    target = a_target(url=url.format(port=port), allow_private=False, connect_s=1.0)
    outcome = await sent(target)
    assert isinstance(outcome, Blocked)
    assert receiver.hits == []


class Rebinding(aiohttp.abc.AbstractResolver):
    """A name with one address outside and one inside."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(self, host, port=0, family=socket.AF_INET):
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST,
            }
            for address in self.addresses
        ]

    async def close(self):
        """Nothing is open."""


async def test_name_that_leads_inside_is_refused(receiver):
    """A public name with a private address."""
    port = receiver.url.rsplit(":", 1)[1].split("/")[0]
    target = a_target(url=f"http://crm.example:{port}/", allow_private=False)
    sender = WebhookSender(target, resolver=Rebinding("127.0.0.1", "10.0.0.1"))
    outcome = await sender.send(a_row())
    await sender.close()
    assert isinstance(outcome, Blocked)
    assert "crm.example leads to the private address 127.0.0.1" in outcome.reason
    assert receiver.hits == []


@pytest.mark.parametrize("fault", [Fault(status=400), Fault(status=500), Fault(reset=True)])
async def test_no_secret_is_in_a_reason(receiver, fault):
    """Neither password, path token, query token, header nor a number leaves in an error."""
    secrets = ("hunter2secret", "pathtoken99", "querytoken99", "headertoken99")
    echo = " ".join(secrets) + " for +79161234567"
    url = receiver.url.replace("//", f"//bob:{secrets[0]}@") + f"/{secrets[1]}?auth={secrets[2]}"
    receiver.always = Fault(status=fault.status, reset=fault.reset, body=echo)
    outcome = await sent(a_target(url=url, headers={"X-Token": secrets[3]}))
    assert isinstance(outcome, Failed)
    for secret in (*secrets, "9161234567"):
        assert secret not in repr(outcome)


async def test_mapped_delivery(receiver):
    """Method, headers, query and signature of a target with a shape of its own."""
    body = '{"type":"call.ended","data":{"caller":"+79161234567"}}'
    shape = Shape(format="query", fields={"phone": "{{ caller }}"})
    target = a_target(
        url=receiver.url + "?key=1", method="GET", headers={"X-Token": "t"}, shape=shape
    )
    assert await sent(target, a_row(body=body)) == Delivered(204)
    (hit,) = receiver.hits
    assert (hit.method, hit.path) == ("GET", "/hook?key=1&phone=%2B79161234567")
    assert hit.headers["x-token"] == "t"
    assert (hit.body, receiver.forged) == (b"", 0)


async def test_mapping_that_fails_is_refused_for_good():
    """No request is made of a row that cannot be shaped."""
    target = a_target(shape=Shape(fields={"x": "{{ talk_s / 0 }}"}))
    outcome = await sent(target, a_row(body='{"type":"call.ended","data":{"talk_s":1}}'))
    assert isinstance(outcome, Refused)
    assert outcome.reason.startswith("target crm, field x")


@pytest.mark.parametrize("url", ["ftp://example.com/", "example.com", "http:///x"])
def test_url_that_is_none_is_refused_when_built(url):
    """Wrong settings are told before anything runs."""
    with pytest.raises(ValueError, match="target crm"):
        WebhookSender(a_target(url=url))
