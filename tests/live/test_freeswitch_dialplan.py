"""The snippets of dialplan/freeswitch are safe, and do at a real FreeSWITCH what they say."""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from calltrackd.doctor.freeswitch import gather, media, recording, replies
from calltrackd.pbx.errors import ActionRefusedError
from calltrackd.pbx.esl_session import connect
from calltrackd.settings import FreeswitchPbx, Keypad
from tests.doctor import freeswitch as doctored
from tests.lab.freeswitch import GIVEN, Freeswitch
from tests.lab.stage import pause
from tests.live.freeswitch_snippets import SNIPPETS, laid, speakers, talk

FILES = sorted(SNIPPETS.glob("*.xml"))
OURS = frozenset({"uuid", "strftime(%Y/%m/%d)"})
"""What a path is made of: nothing that a caller can choose."""


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def file(request: pytest.FixtureRequest) -> Path:
    """Each snippet."""
    path: Path = request.param
    return path


def test_snippet_is_well_formed(file: Path) -> None:
    """An XML parser reads it whole."""
    ET.parse(file)


def test_snippet_survives_freeswitchs_own_reading(file: Path) -> None:
    """Lines with <include> vanish before parsing, and X-PRE-PROCESS is obeyed in comments, too."""
    text = file.read_text()
    including = [line.strip() for line in text.splitlines() if "include>" in line]
    assert set(including) <= {"<include>", "</include>"}
    assert "X-PRE-PROCESS" not in text


def test_paths_hold_nothing_that_a_caller_chooses(file: Path) -> None:
    """FreeSWITCH decodes `..%2f` of a From header: names are made of the uuid and the date."""
    for action in ET.parse(file).iter("action"):
        data = action.get("data", "")
        if "record_session" in data:
            path = data.partition("record_session ")[2].replace("$${recordings_dir}", "")
            assert set(re.findall(r"\$\{([^}]*)\}", path)) <= OURS
            assert path.endswith("/${uuid}.wav")


def test_every_snippet_says_what_it_is_for(file: Path) -> None:
    """The first thing in it is a comment, and the table has its line."""
    assert file.read_text().startswith("<!-- ")
    assert f"| `{file.name}` |" in (SNIPPETS / "README.md").read_text()


def test_event_socket_is_for_this_machine_only() -> None:
    """Loopback address, loopback list, no default password."""
    found = replies.socket(ET.parse(SNIPPETS / "event_socket.conf.xml").getroot(), False)
    assert (found.listen_ip, found.lists) == ("127.0.0.1", ("loopback.auto",))
    assert not found.default_password


def test_list_denies_whom_it_does_not_name() -> None:
    """Single machines, no networks."""
    (found,) = ET.parse(SNIPPETS / "acl_calltrackd.xml").iter("list")
    assert found.get("default") == "deny"
    networks = [node.get("cidr", "") for node in found.iter("node")]
    assert all(re.search(r"/(32|128)$", network) for network in networks)


def _login() -> dict[str, str]:
    return dict(replies.params(ET.parse(SNIPPETS / "directory_calltrackd.xml").getroot()))


def test_login_may_do_what_daemon_and_doctor_need_and_no_more() -> None:
    """Every command that is asked for, none that acts on its own."""
    asked = {command.partition(" ")[0] for command in doctored.Recorded("freeswitch-1.11").answers}
    assert set(_login()["esl-allowed-api"].split()) == asked | set(gather.NEEDED)


def test_answer_to_the_login_fits_freeswitchs_buffer() -> None:
    """512 bytes; what is longer is cut, and its end never comes."""
    given = _login()
    answer = (
        "~Reply-Text: +OK accepted\nAllowed-Events: all\n"
        f"Allowed-API: {given['esl-allowed-api']}\nAllowed-LOG: false\n\n"
    )
    assert "esl-allowed-events" not in given
    assert len(answer) < 512


def test_doctor_has_nothing_to_say_of_our_own_lines() -> None:
    """What we deliver passes the checks of recording and media."""
    steps = []
    for path in FILES:
        plan = ET.fromstring(f"<section><context>{_body(path)}</context></section>")
        steps += replies.steps(plan)
    pbx = doctored.pbx(steps=tuple(steps))
    here = doctored.HERE
    assert not [*recording.check(pbx, here), *media.check(pbx, Keypad())]
    codes = replies.features(steps)
    assert [one.application for one in codes] == ["calltrackd-key"]


def _body(path: Path) -> str:
    return re.sub(r"</?include>", "", path.read_text())


@pytest.fixture(scope="module")
def pbx() -> Iterator[Freeswitch]:
    """The one that is given, with the snippets loaded."""
    found = Freeswitch.given()
    if found is None:
        pytest.skip(f"no FreeSWITCH is given: {GIVEN}=host:port:password")
    try:
        with_snippets = laid(found)
        next(with_snippets)
    except OSError as error:
        pytest.skip(f"the configuration of the given FreeSWITCH can't be written: {error}")
    yield found
    with_snippets.close()


async def test_client_hears_the_operators_keys_without_snippets(pbx: Freeswitch) -> None:
    """What they are for."""
    async with talk(pbx, "plain") as both:
        for key in "71":
            await both.operator.press(key)
        await pause(0.5)
    assert (both.heard("client"), both.told()) == ("71", "71")


async def test_client_hears_no_key_and_calltrackd_sees_all(pbx: Freeswitch) -> None:
    """calltrackd_keys.xml: the client's own keys pass as ever."""
    async with talk(pbx, "keys") as both:
        for key in "*71":
            await both.operator.press(key)
        await both.client.press("3")
        await pause(0.5)
    assert both.told() == "*713"
    assert (both.heard("client"), both.heard("operator")) == ("", "3")


async def test_client_hears_all_keys_but_the_codes(pbx: Freeswitch) -> None:
    """calltrackd_codes.xml: *71 is kept back, 4 comes late, each counts once."""
    async with talk(pbx, "codes") as both:
        for key in "*71":
            await both.operator.press(key)
        await pause(0.5)
        await both.operator.press("4")
        await pause(2.5)
    assert both.told() == "*714"
    assert both.heard("client") == "4"


async def test_recording_has_the_client_left_and_no_ringing(pbx: Freeswitch) -> None:
    """calltrackd_record.xml: the client is told 180 and no 183, the file begins with the talk."""
    async with talk(pbx, "keys", ring_s=1.5) as both:
        await pause(2.0)
    assert both.statuses() == [180]
    sides, seconds = speakers(both.recording())
    assert sides == ["client", "operator"]
    assert seconds == pytest.approx(2.0, abs=0.7)


async def test_recording_of_the_operators_call_has_the_sides_swapped(pbx: Freeswitch) -> None:
    """calltrackd_record_outbound.xml: who dials is the operator, and stands right."""
    async with talk(pbx, "codes") as both:
        await pause(2.0)
    sides, _ = speakers(both.recording())
    assert sides == ["operator", "client"]


async def test_login_sees_calls_and_may_run_no_command(pbx: Freeswitch) -> None:
    """A stolen secret opens no shell."""
    few = {"user": "calltrackd@calltrackd", "secret": "CHANGE-ME"}
    login = FreeswitchPbx.model_validate(
        {"kind": "freeswitch", "name": "few", "host": pbx.settings.host, "port": pbx.port} | few
    )
    connection = await connect(login, lambda _: None)
    try:
        assert "row_count" in await connection.ask("show channels as json", 10.0)
        for command in ("system true", "originate null null", "fsctl pause", "eval x"):
            with pytest.raises(ActionRefusedError, match="permission denied"):
                await connection.ask(command, 10.0)
    finally:
        connection.close()
