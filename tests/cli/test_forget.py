"""`calltrackd forget`."""

import json

from calltrackd.model.call import Recording
from tests.cli.conftest import House
from tests.cli.records import answered

CLIENT = "8 916 123-45-67"


def with_audio(house: House) -> None:
    """One call has a recording as the PBX names it, and one that lies elsewhere."""
    (house.folder / "rec").mkdir()
    (house.folder / "rec" / "a.wav").write_bytes(b"voice")
    (house.folder / "secret.txt").write_bytes(b"mine")
    paths = ["/pbx/rec/a.wav", f"{house.folder}/secret.txt"]
    house.save(answered(3, recordings=[Recording(path, "both", 0.0) for path in paths]))


def test_forget_asks_first(house: House) -> None:
    """No: nothing is deleted."""
    result = house.run("forget", CLIENT, input="n\n")
    assert "Delete all calls and recordings of +79161234567 for ever?" in result.stdout
    assert result.exit_code == 1
    assert len(house.run("calls", "list", "--json").stdout.splitlines()) == 3


def test_forget_deletes_the_client_and_says_what_went(house: House) -> None:
    """Two calls of the client go, the other client's stays."""
    result = house.run("forget", "--yes", CLIENT)
    assert result.exit_code == 0
    first = result.stdout.splitlines()[0]
    assert first.startswith("+79161234567: deleted 2 calls, 1 tag, 0 deliveries, 0 recordings")
    (left,) = house.run("calls", "list", "--json").stdout.splitlines()
    assert json.loads(left)["caller"] == "+79990000000"


def test_recordings_go_too_but_only_from_their_folders(house: House) -> None:
    """The PBX's path is found by path_map; a file elsewhere stays and makes exit code 1."""
    with_audio(house)
    result = house.run("forget", "--yes", "--json", CLIENT)
    said = json.loads(result.stdout)
    assert said["recordings"]["deleted"] == [f"{house.folder}/rec/a.wav"]
    assert said["recordings"]["outside"] == [f"{house.folder}/secret.txt"]
    assert not (house.folder / "rec" / "a.wav").exists()
    assert (house.folder / "secret.txt").exists()
    assert result.exit_code == 1


def test_forget_says_what_it_can_not_delete(house: House) -> None:
    """A person who asks to be forgotten must get an honest answer."""
    shown = house.run("forget", "--yes", CLIENT).stdout
    assert "what CRM targets were told" in shown
    assert "14 days" in shown


def test_forget_wants_a_number(house: House) -> None:
    """A name or an extension is a usage error."""
    for word in ("anna", "101"):
        assert house.run("forget", "--yes", word).exit_code == 2
