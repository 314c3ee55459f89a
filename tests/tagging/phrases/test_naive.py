"""The index against the plain way: every combination of places, lemmas compared pair by pair."""

from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from calltrackd.model.transcript import Transcript, Turn, Word
from calltrackd.tagging.phrases.lemmas import lemmas_of
from calltrackd.tagging.phrases.phrases import Phrases
from tests.tagging.phrases.saying import rule

LONGEST_PAUSE_S = 5.0
WORDS = [
    "деньги", "денег", "вернуть", "вернули", "стали", "сталь", "стать", "приём", "приема",
    "гуглить", "загуглил", "гуглим", "мазду", "мазда", "не", "о",
]  # fmt: skip
words = st.sampled_from(WORDS)
steps = st.tuples(words, st.sampled_from([0, 0, 1, 3]))
pauses = st.sampled_from([0.1, 0.1, 0.1, 4.9, 5.1])
said = st.lists(st.tuples(words, pauses), min_size=1, max_size=14)


def spoken(told: list[tuple[str, float]]) -> list[Word]:
    """The words, each after its pause."""
    found, at = [], 0.0
    for text, pause in told:
        found.append(Word(text, at + pause, at + pause + 0.5, 0.9))
        at = found[-1].end
    return found


def alike(wanted: str, heard: str) -> bool:
    """Whether the two words may be forms of one."""
    lemmas = lemmas_of("ru")
    heard = heard.replace("ё", "е")
    wanted = wanted.replace("ё", "е")
    return wanted == heard or bool({*lemmas(wanted)} & {*lemmas(heard)})


def holds(phrase: list[tuple[str, int]], heard: list[Word]) -> bool:
    """Whether the phrase (words, each with the gap that may lie before it) is said anywhere."""
    together = [two.start - one.end <= LONGEST_PAUSE_S for one, two in pairwise(heard)]
    return any(
        all(alike(wanted, heard[at].word) for (wanted, _), at in zip(phrase, places, strict=True))
        and all(
            0 <= two - one - 1 <= gap
            for (one, two), (_, gap) in zip(pairwise(places), phrase[1:], strict=True)
        )
        and all(together[places[0] : places[-1]])
        for places in combinations(range(len(heard)), len(phrase))
    )


def written(phrase: list[tuple[str, int]]) -> str:
    """The phrase in the language of rules."""
    (first, _), *rest = phrase
    return first + "".join(f" ..{gap} {word}" if gap else f" {word}" for word, gap in rest)


@settings(max_examples=300, deadline=None)
@given(st.lists(steps, min_size=1, max_size=3), said)
def test_a_phrase_holds_where_the_plain_way_finds_it(phrase, told):
    """Known and guessed words, gaps and pauses: the verdict is that of trying all places."""
    heard = spoken(told)
    text = " ".join(word.word for word in heard)
    turn = Turn("caller", heard[0].start, heard[-1].end, text, 0.9, heard)
    transcript = Transcript("vosk", "small-ru", "ru", heard[-1].end, [turn])
    matches = Phrases([rule(written(phrase))]).find(transcript)
    assert bool(matches) == holds(phrase, heard)


@settings(max_examples=100, deadline=None)
@given(st.lists(steps, min_size=1, max_size=3), said, st.integers(1, 5))
def test_the_cut_of_the_words_changes_nothing(phrase, told, size):
    """Words that come one by one or many at once complete the same phrases."""
    heard = spoken(told)
    phrases = Phrases([rule(written(phrase), count=2)])
    whole, cut = phrases.listen("ru"), phrases.listen("ru")
    pieces = [heard[first : first + size] for first in range(0, len(heard), size)]
    assert whole.hear("caller", heard) == [m for piece in pieces for m in cut.hear("caller", piece)]
