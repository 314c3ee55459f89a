import pytest

from calltrackd.model.phrase import AllOf, AnyOf, Not, Said, Sought, Step
from calltrackd.model.phrase_text import PhraseError, parse


def one(text, way="lemma", gap=0, *, ordered=True):
    """A step of one word."""
    return Step(((Sought(text, way),),), gap, ordered)


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("Вернуть  деньги", (one("вернуть"), one("деньги"))),
        ('"верните деньги"', (one("верните", "exact"), one("деньги", "exact"))),
        ("верн*", (one("верн", "prefix"),)),
        ("a ..3 b", (one("a"), one("b", gap=3))),
        ("a ~ 3 b", (one("a"), one("b", gap=3, ordered=False))),
        ("нью-йорк", (one("нью"), one("йорк"))),
        ("всё", (one("все"),)),
        ("[a, b c]", (Step(((Sought("a"),), (Sought("b"), Sought("c")))),)),
        ("[a, a]", (one("a"),)),
        ("x @m", (one("x"), Step(((Sought("m", "prefix"),), (Sought("n", "exact"),))))),
    ],
)
def test_phrases(text, steps):
    """Each form of a step is read as what it means."""
    assert parse(text, {"m": ["m*", '"n"']}) == Said(steps)


def test_signs_bind_as_in_arithmetic():
    """! before & before |, and brackets before all."""
    a, b, c = (Said((one(name),)) for name in "abc")
    assert parse("a | b & c") == AnyOf((a, AllOf((b, c))))
    assert parse("(a | b) & !c") == AllOf((AnyOf((a, b)), Not(c)))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "column 1: a word is missing before the end"),
        ("a |", "column 4: a word is missing before the end"),
        ("a | | b", "column 5: a word is missing before |"),
        ("a ..", "column 3: how many words? write ..3"),
        ("a ..21 b", "column 3: 21 words between are too many: 20 at most"),
        ("..3 a", "column 1: a word is missing before .."),
        ("a ~2", "column 5: a word is missing before the end"),
        ('say "a', 'column 5: the quote is not closed: write another "'),
        ('""', "column 1: there is no word between the quotes"),
        ("(a", "column 1: the bracket ( is not closed: write )"),
        ("a)", "column 2: ) closes nothing: leave it out"),
        ("a (b)", "column 3: ( cannot follow a word: write & or | before it"),
        ("[a, b", "column 1: the bracket [ is not closed: write ]"),
        ("[a | b]", "column 1: the bracket [ is not closed: write ]"),
        ("[a,]", "column 4: a word is missing before ]"),
        ("a $ b", "column 3: '$' means nothing here: leave it out"),
        ("!a", "column 1: a rule needs something that is said, not only !: add A & before it"),
        ("a | !b", "column 7: ! cannot stand alone beside |: write A & !B"),
        ("a & !(b & !c)", "column 5: a ! inside of another ! : say what is not said"),
        ("@x", "column 1: no list of synonyms is named x; there are: @m"),
    ],
)
def test_mistakes_name_place_and_mend(text, told):
    """What is wrong, in which column, and what to write."""
    with pytest.raises(PhraseError) as caught:
        parse(text, {"m": ["m"]})
    assert str(caught.value) == told


def test_too_many_combinations_are_refused():
    """Lists of several words multiply: it is told before memory is gone."""
    many = "[" + ", ".join(f"a{n} b" for n in range(15)) + "]"
    with pytest.raises(PhraseError, match="225 combinations"):
        parse(f"{many} {many}")
    parse(many)


def test_a_list_of_synonyms_holds_words_only():
    """An entry with signs is told with its place."""
    with pytest.raises(PhraseError, match="column 3"):
        parse("@m", {"m": ["a | b"]})
