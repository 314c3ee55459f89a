import pytest

from calltrackd.settings.phrases import Script
from calltrackd.tagging.scripts import compliance
from calltrackd.tagging.tone import LexiconError, Tone, counted, lexicon
from tests.tagging.phrases.saying import found, rule, talk

TONE = Tone(lexicon())


def markers(*turns, language="ru"):
    """(tone, negated, quote) of each marker."""
    return [
        (one.tone, one.negated, one.span.quote)
        for one in TONE.markers(talk(*turns, language=language))
    ]


@pytest.mark.parametrize(
    ("language", "said", "expected"),
    [
        ("ru", "спасибо большое", [("positive", False, "спасибо")]),
        ("ru", "я доволен", [("positive", False, "доволен")]),
        ("ru", "я не очень доволен", [("negative", True, "доволен")]),
        ("ru", "верните мои деньги", [("negative", False, "верните мои деньги")]),
        ("ru", "не самый ли ты довольный", [("positive", False, "довольный")]),
        ("uk", "у мене скарга", [("negative", False, "скарга")]),
        ("en", "i don't appreciate it thanks", [("negative", True, "appreciate"), ("positive", False, "thanks")]),  # noqa: E501 - a table
        ("kk", "жақсы емес", [("negative", True, "жақсы")]),
    ],
)  # fmt: skip
def test_markers(language, said, expected):
    """The lexicon's words by lemma; a negation within two words turns the nearest one over."""
    assert markers(f"caller: {said}", language=language) == expected


def test_counted_by_side():
    """Who said it is what matters."""
    found = TONE.markers(talk("caller: жалоба ужас", "operator: спасибо"))
    assert counted(found) == {
        "operator": {"positive": 1, "negative": 0},
        "caller": {"positive": 0, "negative": 2},
    }


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("ru,positive", "2 cells, but language,kind,phrase are three"),
        ("ru,happy,да", "no such kind 'happy': positive, negative"),
        ("ru,positive,а |", "column 4: a word is missing"),
        ("ru,positive,а | б", "a line holds one phrase"),
    ],
)
def test_mistakes_in_a_lexicon_name_their_line(tmp_path, line, told):
    """File, line and what to write."""
    file = tmp_path / "tone.csv"
    file.write_text(f"language,kind,phrase\n# a remark\n{line}\n", "utf-8")
    with pytest.raises(LexiconError, match=r"tone\.csv:3: ") as caught:
        lexicon(file)
    assert told in str(caught.value)


def test_own_lexicon_takes_the_place_of_ours(tmp_path):
    """What the admin wrote, and nothing else."""
    file = tmp_path / "tone.csv"
    file.write_text("language,kind,phrase\nru,negative,дорого\n", "utf-8")
    own = Tone(lexicon(file))
    assert [one.span.quote for one in own.markers(talk("caller: спасибо дорого"))] == ["дорого"]


RULES = [
    rule("здравствуйте", name="hello"),
    rule("свидания", name="bye"),
    rule("дурак", name="rude"),
]
SCRIPT = Script(name="sales", required=["hello", "bye"], forbidden=["rude"])


@pytest.mark.parametrize(
    ("said", "percent", "missing", "broken"),
    [
        ("здравствуйте до свидания", 100.0, (), ()),
        ("здравствуйте", 66.7, ("bye",), ()),
        ("здравствуйте дурак", 33.3, ("bye",), ("rude",)),
        ("дурак", 0.0, ("hello", "bye"), ("rude",)),
    ],
)
def test_script(said, percent, missing, broken):
    """Percent of what was to be said and was, and was not to be said and was not."""
    (one,) = compliance([SCRIPT], found(talk(f"operator: {said}"), *RULES))
    assert (one.percent, one.missing, one.broken) == (percent, missing, broken)


def test_script_holds_for_its_calls_only():
    """Sales have another script than service."""
    script = Script(name="sales", required=["hello"], queues=["sales"])
    assert compliance([script], [], queue="service") == []
    assert len(compliance([script], [], queue="sales")) == 1
