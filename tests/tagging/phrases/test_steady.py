from hypothesis import given
from hypothesis import strategies as st

from calltrackd.model.transcript import Word
from calltrackd.tagging.phrases.steady import Steady


def words(text, start=0.0):
    """One word each half second."""
    return [Word(w, start + n * 0.5, start + n * 0.5 + 0.4) for n, w in enumerate(text.split())]


def texts(found):
    """The words as texts."""
    return [word.word for word in found]


def test_word_is_told_when_two_guesses_agree_and_something_follows():
    """Not at the first guess, not while it is the last word of a fresh one."""
    steady = Steady()
    assert texts(steady.partial(words("верните"), 0.4)) == []
    assert texts(steady.partial(words("верните"), 0.5)) == []
    assert texts(steady.partial(words("верните день"), 0.9)) == ["верните"]
    assert texts(steady.partial(words("верните деньги"), 1.3)) == []
    assert texts(steady.partial(words("верните деньги"), 1.3)) == ["деньги"]


def test_final_brings_the_rest_once():
    """What was told is passed over, also when the final spells it otherwise."""
    steady = Steady()
    steady.partial(words("верните деньги"), 2.0)
    assert texts(steady.partial(words("верните деньги"), 2.0)) == ["верните", "деньги"]
    assert texts(steady.final(words("вернуть деньги сейчас"))) == ["сейчас"]
    assert texts(steady.final(words("спасибо", start=9.0))) == ["спасибо"]


def test_final_alone_is_enough():
    """An engine without partials loses nothing."""
    assert texts(Steady().final(words("верните деньги"))) == ["верните", "деньги"]


def test_word_that_moved_is_another_word():
    """The same word half a second later was not guessed before."""
    steady = Steady()
    steady.partial(words("да"), 1.0)
    assert texts(steady.partial(words("да", start=0.5), 2.0)) == []


@given(st.lists(st.integers(1, 8), max_size=12))
def test_each_word_is_told_once_and_in_order(lengths):
    """Whatever guesses came before, a true final leaves every word told exactly once."""
    whole = words("раз два три четыре пять шесть семь восемь")
    steady = Steady()
    told = []
    for length in lengths:
        told += steady.partial(whole[:length], whole[length - 1].end)
    told += steady.final(whole)
    assert texts(told) == texts(whole)
