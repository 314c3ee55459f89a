"""What is said of each kind of mistake: file, line, path, mend."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from calltrackd.settings import Settings, SettingsError, load, shape
from tests.settings.writing import FS, HOOK, KEY, PBX, TARGET, mistakes, said, written


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    """In the order in which files are read and lines stand, each at its place."""
    written(tmp_path, '[web]\nport = 80000\n\n[[number]]\ndid = "+74950000001"\n', "conf.d/10.toml")
    written(tmp_path, "did\n8 495 000-00-01\n", "n.csv")
    text = f"""numbers_file = "n.csv"
retention_days = 4
{PBX}prot = 5039
login = "challange"
[[number]]
did = "8 495 000-00-01"
sorce = "google"
"""
    problems = mistakes(tmp_path, text, {"CALLTRACKD__LOG__LEVEL": "loud"})
    assert said(problems, tmp_path) == [
        "calltrackd.toml:2: retention_days: no such setting here; it belongs to store",
        "calltrackd.toml:7: pbx[0].prot: no such setting; did you mean port?",
        (
            "calltrackd.toml:8: pbx[0].login: 'challange' is not among the choices; "
            "did you mean challenge?"
        ),
        "calltrackd.toml:11: number[0].sorce: no such setting; did you mean source?",
        "conf.d/10.toml:2: web.port: should be less than or equal to 65535",
        (
            "conf.d/10.toml:5: number[1].did: +74950000001 is there twice "
            "(the other: calltrackd.toml:10)"
        ),
        (
            "n.csv:2 column did: number[2].did: +74950000001 is there twice "
            "(the other: calltrackd.toml:10)"
        ),
        (
            "$CALLTRACKD__LOG__LEVEL: log.level: 'loud' is not among the choices; "
            "there are debug, info, warning, error"
        ),
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (PBX + 'port = "5038"', 5, "pbx[0].port: should be a valid integer, found a text"),
        (PBX + "port = 5038.0", 5, "pbx[0].port: should be a valid integer, found a float"),
        (PBX + "tls = 1", 5, "pbx[0].tls: should be a valid boolean, found an integer"),
        ("[pbx]\nhost = 1", 1, "pbx: should be a valid list, found a table"),
        (
            '[[pbx]]\nname = "a"\nsecret = "x"',
            1,
            "pbx[0].kind: is missing: one of asterisk, freeswitch",
        ),
        ("[[pbx]]\nkind='fritzbox'\nname='a'\nsecret='x'", 2, "pbx[0].kind: 'fritzbox' is not"),
        (FS + "prot = 1", 5, "pbx[0].prot: no such setting; did you mean port?"),
        (FS + "tls = true", 5, "pbx[0].tls: no such setting with kind = freeswitch"),
        (FS + "user = 'calltrackd'", 5, "pbx[0].user: should be user@domain of FreeSWITCH's"),
        (FS + "port = '8021'", 5, "pbx[0].port: should be a valid integer, found a text"),
        (FS + "extensions = ['^sofia/']", 5, "pbx[0].extensions[0]: put the extension in a group"),
        (FS + 'secret_file = "x"', 5, "pbx[0].secret_file: cannot read"),
        ("[[pbx]]\nkind = 'asterix'", 2, "pbx[0].kind: 'asterix' is not among the choices; did"),
        (PBX + FS.replace("fs", "hq"), 7, "pbx[1].name: hq is there twice"),
        (PBX + PBX, 7, "pbx[1].name: hq is there twice (the other: calltrackd.toml:3)"),
        (PBX + 'name2 = ""', 5, "pbx[0].name2: no such setting; did you mean name?"),
        (PBX.replace("hq", ".."), 3, "pbx[0].name: should be one word of letters"),
        (PBX + "ping_every_s = 0", 5, "pbx[0].ping_every_s: should be greater than 0"),
        (PBX + "ping_every_s = inf", 5, "pbx[0].ping_every_s: should be"),
        (PBX + 'events = "call,dmtf"', 5, "pbx[0].events: no event class of Asterisk: dmtf"),
        (PBX + 'user = "a\\r\\nAction: x"', 5, "pbx[0].user: should be one line"),
        (PBX + 'tls_ca = "x"', 1, "pbx[0]: tls_ca is given, but tls is off: add tls = true"),
        (PBX + "trunks = ['(']", 5, "pbx[0].trunks[0]: no regular expression: missing )"),
        (PBX + "extensions = ['^SIP/']", 5, "pbx[0].extensions[0]: put the extension in a group"),
        ("region = 'ru'", 1, "region: no country code: write two capital letters"),
        ("[[number]]\ndid = '101'", 2, "number[0].did: '101' is no phone number that RU can dial"),
        ("[[number]]\ndid = ''", 2, "number[0].did: '' is no phone number"),
        ("[[number]]\ndid = 74950000001", 2, "should be a valid string, found an integer"),
        ("[kinds]\nrepeat_days = 3", 2, "no such setting; did you mean repeat_period_days?"),
        ("[[kinds.rule]]\nname = 'quality'", 2, "'quality' is a kind of its own already"),
        ("[keypad]\nundo = '1x'", 2, "keypad.undo: should be keys of a telephone: 0-9, *, #"),
        ("[[keypad.map]]\nkeys = { 1x = 'a' }", 2, "keypad.map[0].keys.1x: should be keys of a"),
        ("[store]\nurl = 'mysql://x'", 2, "store.url: write sqlite:////absolute/path.db or"),
        ("[log]\nlevel = 10", 2, "an integer is not among the choices; there are debug, info,"),
        (HOOK, 1, "target[0]: no signing secret: give secrets, secret_file or"),
        (HOOK + "secrets = ['x']", 5, "a signing secret begins with whsec_; make one with: echo"),
        (HOOK + "secrets = ['whsec_é']", 5, "what follows whsec_ is no base64"),
        (HOOK + "secrets = ['whsec_AAAA']", 5, "the key has 3 bytes, the standard asks for 24"),
        (HOOK + "secrets = 'whsec_AAAA'", 5, "should be a valid list, found a text"),
        (TARGET.replace("https://", "ftp://"), 4, "address begins with https:// or http://"),
        (
            TARGET + "events = ['start']",
            6,
            "'start' is not among the choices; did you mean started",
        ),
        (TARGET + "events = []", 6, "should have at least 1 item"),
        (TARGET + "numbers = ['7495*']", 6, "a pattern of numbers begins with +"),
        (
            TARGET + "[target.mapping]\nfields = {a='1'}\nheaders = {'X Y' = 'z'}",
            8,
            "a header's name",
        ),
        (
            TARGET + "[target.mapping]\nfields = {a='1'}\nheaders = {X = \"a\\nb\"}",
            8,
            "one line of printable letters",
        ),
    ],
)
def test_a_mistake_is_told_with_line_path_and_mend(
    tmp_path: Path, text: str, line: int, message: str
) -> None:
    """One mistake, one problem, at the line where it stands."""
    [problem] = mistakes(tmp_path, text)
    assert problem.place.line == line
    assert message in said([problem], tmp_path)[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[keypad]\nmap = [\n{ keys = { 1 = 'a' } },\n{ keys = { 1 = 'b', 2 = 'c' } } ]",
            "calltrackd.toml:4: keypad.map[1].keys.1: two maps that can hold for the same call",
        ),
        (
            "[keypad]\nmap = [{ keys = { '*21' = 'a' } }]",
            'keypad.map[0].keys."*21": never sets its tag: *2 is a feature code',
        ),
        (
            "[keypad]\nundo = '0'\nmap = [{ keys = { 0 = 'a' } }]",
            "keypad.map[0].keys.0: never sets its tag: 0 is a feature code or undo",
        ),
    ],
)
def test_maps_of_keys_that_cannot_be_are_told(tmp_path: Path, text: str, message: str) -> None:
    """Ambiguous sequences and such that can never be read are mistakes, not silence."""
    [problem] = said(mistakes(tmp_path, text), tmp_path)
    assert message in problem


def test_an_ambiguous_map_names_the_other_place(tmp_path: Path) -> None:
    """Both lines, since either may be the wrong one."""
    text = "[[keypad.map]]\nkeys = { 1 = 'a' }\n[[keypad.map]]\nkeys = { 1 = 'b' }\n"
    [problem] = said(mistakes(tmp_path, text), tmp_path)
    assert problem.endswith("(the other: calltrackd.toml:2)")


STRANGE = ("1", "-1.5", "true", '"x"', "[]", "{}", "[1]", "[[]]", "[{}]", "{ x = 1 }", "1979-05-27")


def everywhere(model: type[BaseModel], headers: str = "", path: str = "") -> Iterator[str]:
    """For every setting and table the TOML text up to its equals sign."""
    for name, field in model.model_fields.items():
        yield f"{re.sub('kind = .*', '', headers) if name == 'kind' else headers}{name} ="
        kind = shape.bare(field.annotation)
        many = shape.is_list(kind)
        forms = shape.models(shape.inside(kind, 0) if many else kind)
        for form in forms:
            header = f"[[{path}{name}]]\n" if many else f"[{path}{name}]\n"
            form_line = f"kind = '{shape.tag(form)}'\n" if len(forms) > 1 else ""
            yield from everywhere(form, headers + header + form_line, f"{path}{name}.")


@pytest.mark.parametrize("start", list(everywhere(Settings)))
def test_no_value_of_any_type_is_more_than_a_mistake(tmp_path: Path, start: str) -> None:
    """Whatever stands anywhere is either right or told of its own table; nothing crashes."""
    for value in STRANGE:
        path = written(tmp_path, f"{start} {value}\n")
        try:
            load(path, {})
        except SettingsError as error:
            told = {problem.path.split("[")[0].split(".")[0] for problem in error.problems}
            assert told == {start.strip("[]").split("]")[0].split(".")[0].split(" ")[0]}


def test_a_secret_is_in_no_message(tmp_path: Path) -> None:
    """Whatever is wrong with it or beside it."""
    text = PBX.replace('"hunter2"', '["hunter2"]') + HOOK + f'secrets = ["x{KEY}"]\nurl2 = "{KEY}"'
    whole = "\n".join(said(mistakes(tmp_path, text), tmp_path))
    assert "hunter2" not in whole
    assert KEY not in whole
