"""Files, variables and their order."""

from pathlib import Path

import pytest

from calltrackd.settings import SettingsError, load
from tests.settings.writing import FS, PBX, TARGET, loaded, mistakes, said, written


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    """Nothing is required but what one attaches."""
    settings = loaded(tmp_path, "")
    assert (settings.region, settings.pbx, settings.web.port) == ("RU", [], 9147)


def test_numbers_are_normalised_by_the_region(tmp_path: Path) -> None:
    """Any form of the country is one E.164 number, wherever numbers are written."""
    text = """
    region = "DE"
    own_numbers = ["030 901820"]
    [[number]]
    did = "030 23125 000"
    [kinds]
    override = [{ numbers = ["030/23125001"] }]
    [[keypad.map]]
    keys = { 1 = "sale" }
    numbers = ["+49 (30) 23125002"]
    """
    settings = loaded(tmp_path, text)
    assert settings.own_numbers == ["+4930901820"]
    assert settings.number[0].did == "+493023125000"
    assert settings.kinds.override[0].numbers == ["+493023125001"]
    assert settings.keypad.map[0].numbers == ["+493023125002"]


def test_conf_d_is_laid_over_in_the_order_of_names(tmp_path: Path) -> None:
    """Scalars of later files win, lists of tables grow, other lists are replaced."""
    written(tmp_path, '[log]\nlevel = "error"\n[[number]]\ndid = "84950000003"', "conf.d/20.toml")
    written(
        tmp_path,
        'own_numbers = ["84950000009"]\n[log]\nlevel = "debug"\n[[number]]\ndid = "84950000002"',
        "conf.d/10.toml",
    )
    written(tmp_path, "not = toml = at all", "conf.d/readme.txt")
    settings = loaded(
        tmp_path,
        'own_numbers = ["84950000007", "84950000008"]\n[log]\nmask_numbers = false\n'
        '[[number]]\ndid = "84950000001"',
    )
    assert [number.did[-1] for number in settings.number] == ["1", "2", "3"]
    assert (settings.log.level, settings.log.mask_numbers) == ("error", False)
    assert settings.own_numbers == ["+74950000009"]


def test_variables_win_over_all_files(tmp_path: Path) -> None:
    """Texts as they are, the rest as TOML; list entries by index, a new one at the end."""
    environ = {
        "CALLTRACKD__PBX__0__HOST": "10.0.0.5",
        "CALLTRACKD__PBX__0__PORT": "5099",
        "CALLTRACKD__PBX__0__SECRET": "12345",
        "CALLTRACKD__LOG__MASK_NUMBERS": "false",
        "CALLTRACKD__KEYPAD__TIMEOUT_S": "3",
        "CALLTRACKD__KEYPAD__IGNORE": '["*5"]',
        "CALLTRACKD__NUMBER__0__DID": "84950000001",
        "CALLTRACKD__KEYPAD__MAP__0__KEYS__1": "sale",
        "CALLTRACKD_CONFIG": "of no concern",
        "PATH": "/bin",
    }
    settings = loaded(tmp_path, PBX + 'host = "pbx"\n', environ)
    assert (settings.pbx[0].host, settings.pbx[0].port) == ("10.0.0.5", 5099)
    assert settings.pbx[0].secret.get_secret_value() == "12345"
    assert settings.log.mask_numbers is False
    assert (settings.keypad.timeout_s, settings.keypad.ignore) == (3.0, ["*5"])
    assert settings.number[0].did == "+74950000001"
    assert settings.keypad.map[0].keys == {"1": "sale"}


def test_variables_reach_either_make_of_pbx(tmp_path: Path) -> None:
    """Both in one file, each with its own defaults; a variable needs no kind in its name."""
    environ = {
        "CALLTRACKD__PBX__1__PORT": "8022",
        "CALLTRACKD__PBX__1__USER": "tracker@example.com",
    }
    one, two = loaded(tmp_path, PBX + FS, environ).pbx
    assert (one.kind, one.port, two.kind, two.port) == ("asterisk", 5038, "freeswitch", 8022)
    assert two.user == "tracker@example.com"


def test_keys_of_the_users_own_keep_their_case_in_variables(tmp_path: Path) -> None:
    """A form's field is Phone, not phone, if the variable says so."""
    environ = {"CALLTRACKD__TARGET__0__MAPPING__FIELDS__Phone": "{{ caller }}"}
    settings = loaded(tmp_path, TARGET, environ)
    assert settings.target[0].mapping is not None
    assert settings.target[0].mapping.fields == {"Phone": "{{ caller }}"}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("CALLTRACKD__PBX__HOST", "x", "HOST stands where a list's index belongs"),
        ("CALLTRACKD__PBX__7__HOST", "x", "the list has 1 entries"),
        ("CALLTRACKD__LOG____LEVEL", "x", "two underscores stand between names"),
        ("CALLTRACKD__LOG__LEVLE", "x", "log.levle: no such setting; did you mean level?"),
        ("CALLTRACKD__PBX__0__PORT", "many", "pbx[0].port: should be a valid integer"),
        ("CALLTRACKD__REGION__X", "x", "region: should be a valid string, found a table"),
    ],
)
def test_a_variable_that_leads_nowhere_is_a_mistake(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    """The variable's own name is the place that is told."""
    [problem] = said(mistakes(tmp_path, PBX, {name: text}), tmp_path)
    assert problem.startswith(f"${name}: ")
    assert message in problem


def test_a_missing_file_is_told_with_the_mend(tmp_path: Path) -> None:
    """Who has no settings yet learns where to begin."""
    with pytest.raises(
        SettingsError, match=r"no such file: begin with the example .*minimal\.toml"
    ):
        load(tmp_path / "calltrackd.toml", {})


def test_a_folder_instead_of_a_file_is_told(tmp_path: Path) -> None:
    """Not a traceback."""
    with pytest.raises(SettingsError, match="cannot be read: Is a directory"):
        load(tmp_path, {})


def test_broken_toml_is_told_with_its_line_in_every_file(tmp_path: Path) -> None:
    """All broken files are told, and nothing that would only follow from them."""
    written(tmp_path, 'a = "\n', "conf.d/10.toml")
    text = 'region = "DE"\nlog = {\nsurplus = 1\n'
    assert [
        (Path(problem.place.file).name, problem.place.line) for problem in mistakes(tmp_path, text)
    ] == [("calltrackd.toml", 2), ("10.toml", 1)]


def test_a_value_that_ends_with_the_file_is_told_at_its_end(tmp_path: Path) -> None:
    """Tomllib says `at end of document`; a user wants a line."""
    [problem] = mistakes(tmp_path, "a = 1\nb = [1,\n2,")
    assert problem.place.line == 3
    assert "end of document" not in problem.message


def test_a_file_that_is_no_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    """Someone saved it as cp1251."""
    path = tmp_path / "calltrackd.toml"
    path.write_bytes('region = "RU"\n# привет\n'.encode("cp1251"))
    with pytest.raises(SettingsError, match=r"toml:2: is no UTF-8"):
        load(path, {})


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    """Notepad writes one."""
    path = tmp_path / "calltrackd.toml"
    path.write_bytes(b'\xef\xbb\xbfregion = "DE"\n')
    assert load(path, {}).region == "DE"


def test_systemds_state_directory_is_honoured(tmp_path: Path) -> None:
    """The file's own word wins over it, and both over the default."""
    environ = {"STATE_DIRECTORY": "/srv/one:/srv/two"}
    assert loaded(tmp_path, "", environ).store_url == "sqlite:////srv/one/calltrackd.db"
    assert loaded(tmp_path, 'state_dir = "/x"', environ).journal_dir == Path("/x/journal")
    assert loaded(tmp_path, "").state_dir == Path("/var/lib/calltrackd")


def test_relative_paths_count_from_the_settings_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the daemon was started from."""
    path = written(tmp_path / "etc", '[recordings]\nfolders = ["monitor", "/abs"]')
    monkeypatch.chdir(tmp_path)
    settings = load(Path("etc/calltrackd.toml"), {})
    assert path.exists()
    assert settings.recordings.folders == [tmp_path / "etc/monitor", Path("/abs")]


def test_tls_moves_the_default_port(tmp_path: Path) -> None:
    """5039 by TLS, unless another port is given."""
    text = PBX + "tls = true\n"
    assert loaded(tmp_path, text).pbx[0].port == 5039
    assert loaded(tmp_path, text + "port = 7000\n").pbx[0].port == 7000
