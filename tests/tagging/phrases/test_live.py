"""The same rules while the words come one by one."""

from hypothesis import given
from hypothesis import strategies as st

from calltrackd.tagging.phrases.phrases import Phrases
from tests.tagging.phrases.saying import rule, talk

WORDS = ["верните", "деньги", "жалоба", "да", "нет", "мои"]
PHRASES = Phrases(
    [
        rule("вернуть ..2 деньги", name="refund", side="client"),
        rule("деньги ~1 вернуть ~2 жалоба", name="loose"),
        rule("жалоба & !деньги", name="calm"),
        rule("да", name="twice", count=2, after="refund"),
        rule("нет", name="late", last_s=3.0),
        rule("да | нет", name="answer", first_s=4.0),
    ]
)


def heard(ears, side, word):
    """The rules that one word completes."""
    return [match.rule for match in ears.hear(side, [word])]


def test_a_rule_fires_at_its_last_word_and_only_once():
    """Not before the word is there, at once when it is, never again."""
    said = talk("caller: верните мои деньги верните деньги")
    ears = PHRASES.listen("ru")
    fired = [heard(ears, "caller", word) for word in said.turns[0].words]
    assert fired == [[], [], ["refund"], [], []]
    assert ears.finish(3.0) == []


def test_what_must_not_be_said_is_known_at_the_end():
    """A rule with ! waits for the end, and then holds or not."""
    calm, angry = PHRASES.listen("ru"), PHRASES.listen("ru")
    for ears, text in ((calm, "caller: жалоба"), (angry, "caller: жалоба деньги")):
        turn = talk(text).turns[0]
        assert ears.hear("caller", turn.words) == []
    assert [match.rule for match in calm.finish(100.0)] == ["calm"]
    assert angry.finish(100.0) == []


texts = st.lists(
    st.tuples(
        st.sampled_from(["caller", "operator"]),
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=5),
    ),
    max_size=8,
)


@given(texts)
def test_word_by_word_gives_what_the_whole_transcript_gives(turns):
    """However the words are cut, the same rules hold on the same evidence, each with a span."""
    said = talk(*(f"{side}: {' '.join(words)}" for side, words in turns))
    ears = PHRASES.listen("ru")
    live = [
        match
        for turn in said.turns
        for word in turn.words
        for match in ears.hear(turn.side, (word,))
    ] + ears.finish(said.duration_s)
    assert live == PHRASES.find(said)
    assert all(match.spans for match in live)


def _joined(said, side):
    return [word.word for turn in said.turns if turn.side == side for word in turn.words]


@given(texts)
def test_every_quote_was_said(turns):
    """Evidence is a piece of what its side said, word for word, at the second where it was said."""
    said = talk(*(f"{side}: {' '.join(words)}" for side, words in turns))
    for match in PHRASES.find(said):
        for span in match.spans:
            words = " ".join(_joined(said, span.side))
            assert span.quote in words
            starts = [w.start for t in said.turns if t.side == span.side for w in t.words]
            assert span.start in starts
