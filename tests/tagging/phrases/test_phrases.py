import pytest

from calltrackd.model.transcript import Transcript, Turn
from calltrackd.tagging.phrases.phrases import Phrases
from tests.tagging.phrases.saying import found, quotes, rule, talk


@pytest.mark.parametrize(
    ("match", "said", "quote"),
    [
        ("вернуть деньги", "я хочу верните деньги сейчас", "верните деньги"),
        ("вернуть деньги", "деньги вернуть", None),
        ("вернуть деньги", "вернуть мне деньги", None),
        ('"верните деньги"', "верните деньги", "верните деньги"),
        ('"вернуть деньги"', "верните деньги", None),
        ("верн*", "скоро вернётся", "вернётся"),
        ("верн* деньг*", "вернули деньгами", "вернули деньгами"),
        ("вернуть ..3 деньги", "верните мне мои деньги", "верните мне мои деньги"),
        ("вернуть ..1 деньги", "верните мне мои деньги", None),
        ("вернуть ..3 деньги", "деньги мне вернуть", None),
        ("вернуть ~3 деньги", "деньги мне вернуть", "деньги мне вернуть"),
        ("вернуть ~3 деньги", "вернуть мне деньги", "вернуть мне деньги"),
        ("вернуть ~1 деньги", "деньги ну и вернуть", None),
        ("вернуть ~0 денежные средства", "денежные средства вернуть", None),
        ('вернуть ~0 "денежные средства"', "денежные средства вернуть", "денежные средства вернуть"),  # noqa: E501 - a table
        ("[вернуть, сделать возврат] ..1 деньги", "сделайте возврат деньгами", "сделайте возврат деньгами"),  # noqa: E501 - a table
        ("[вернуть, отдать] деньги", "отдайте деньги", "отдайте деньги"),
        ("жалоба | претензия", "у меня претензии", "претензии"),
        ("все", "всё", "всё"),
        ("санкт-петербург", "в санкт-петербурге", "санкт-петербурге"),
        ("санкт петербург", "в Санкт-Петербурге", "Санкт-Петербурге"),
    ],
)  # fmt: skip
def test_match(match, said, quote):
    """Lemmas, forms, beginnings, gaps, order and lists find what was said, and quote it."""
    assert quotes(match, f"caller: {said}") == ([] if quote is None else [quote])


@pytest.mark.parametrize(
    ("language", "match", "said"),
    [
        ("uk", "повернути гроші", "поверніть гроші"),
        ("uk", "картка", "номером картки"),
        ("uk", "п’ять", "п'ять"),
        ("en", "cancel order", "cancelled orders"),
        ("en", "buy car", "bought cars"),
        ("kk", "қайтар*", "ақшаны қайтарыңыз"),
    ],
)
def test_languages(language, match, said):
    """Ukrainian and English by lemma, Kazakh by beginnings."""
    assert quotes(match, f"caller: {said}", language=language)


def test_kazakh_has_no_lemmas():
    """Without a dictionary a word is its only form, and nothing breaks."""
    assert quotes("ақша", "caller: ақшаны", language="kk") == []
    assert quotes("ақша", "caller: ақша", language="kk") == ["ақша"]


def test_rules_of_other_languages_are_silent():
    """A rule for Russian does not listen to an English talk."""
    assert quotes("refund", "caller: refund", language="en", languages=["ru"]) == []
    assert quotes("refund", "caller: refund", language="en", languages=["ru", "en"]) == ["refund"]


@pytest.mark.parametrize(("side", "heard"), [("operator", 0), ("client", 1), ("either", 1)])
def test_side(side, heard):
    """Only who is named counts."""
    assert len(quotes("жалоба", "caller: жалоба", side=side)) == heard


def test_one_side_at_a_time():
    """Words of two people are no phrase."""
    assert quotes("верните деньги", "caller: верните", "operator: деньги") == []


def test_a_phrase_may_run_over_an_interjection_but_not_over_a_long_pause():
    """The engine cuts turns where somebody breathes; five seconds later it is another thought."""
    turns = "caller: верните", "operator: да", "caller: деньги"
    assert quotes("верните деньги", *turns) == ["верните деньги"]
    assert quotes("верните деньги", "caller: верните", "caller@7: деньги") == []


def test_all_and_not():
    """& wants both, ! wants silence, and evidence holds every part in the order of time."""
    assert quotes("жалоба & деньги", "caller: деньги жалоба") == ["деньги", "жалоба"]
    assert quotes("жалоба & деньги", "caller: деньги") == []
    assert quotes("деньги & !жалоба", "caller: деньги") == ["деньги"]
    assert quotes("деньги & !жалоба", "caller: деньги", "operator: жалоба") == []
    assert quotes("деньги & !(жалоба | претензия)", "caller: деньги претензия") == []


def test_first_seconds():
    """A greeting counts while it is one."""
    assert quotes("здравствуйте", "operator@14: здравствуйте", first_s=15.0)
    assert not quotes("здравствуйте", "operator@15: здравствуйте", first_s=15.0)


def test_last_seconds():
    """A farewell counts at the end of the talk."""
    assert quotes("свидания", "operator@30: до свидания", last_s=5.0)
    turns = "operator@30: до свидания", "caller@60: ещё вопрос"
    assert not quotes("свидания", *turns, last_s=5.0)


def test_after_another_rule():
    """Only after the other rule has held, and within its time."""
    offer = rule("предлагаю", name="offer")
    agreed = rule("согласен", name="agreed", after="offer", within_s=10.0)
    names = lambda *turns: [m.rule for m in found(talk(*turns), agreed, offer)]  # noqa: E731
    assert names("operator: предлагаю", "caller@5: согласен") == ["offer", "agreed"]
    assert names("caller: согласен", "operator@5: предлагаю") == ["offer"]
    assert names("operator: предлагаю", "caller@20: согласен") == ["offer"]
    assert names("caller: согласен") == []


def test_count():
    """Said often enough, each time in its own words; the evidence holds each time."""
    assert quotes("цена | стоимость", "caller: цена и стоимость", count=2) == ["цена", "стоимость"]
    assert quotes("цена", "caller: цена", count=2) == []
    assert quotes("да ..1 да", "caller: да да да", count=2) == []


@pytest.mark.parametrize(("least", "heard"), [(0.9, True), (0.91, False)])
def test_confidence(least, heard):
    """A word of which the engine was less sure than asked does not count."""
    assert bool(quotes("жалоба", "caller: жалоба", min_confidence=least)) is heard


def test_numbers_and_queues():
    """A rule for one number or queue is silent on others."""
    one = rule("жалоба", numbers=["+74951234567"], queues=["sales"])
    said = talk("caller: жалоба")
    assert found(said, one, did="+74951234567", queue="sales")
    assert not found(said, one, did="+74951234567", queue="service")
    assert not found(said, one, did=None, queue="sales")


def test_words_without_times_share_their_turn():
    """An engine that times turns only still gives a second."""
    said = Transcript("http", "x", "ru", 20, [Turn("caller", 10.0, 20.0, "верните деньги")])
    (match,) = found(said, rule("деньги"))
    assert match.spans[0].start == pytest.approx(10 + 10 * 7 / 13)
    assert match.spans[0].confidence is None


def test_confidence_of_a_quote_is_that_of_its_least_sure_word():
    """No quote is surer than its weakest word."""
    said = talk("caller: верните деньги")
    said.turns[0].words[1].confidence = 0.4
    (match,) = found(said, rule("вернуть деньги"))
    assert match.spans[0].confidence == 0.4


def test_vocabulary_names_every_word_of_every_rule():
    """What a model must know to hear the rules."""
    words = Phrases([rule('верн* [деньги, "сумма"]', name="a"), rule("жалоба", name="b")])
    assert [(name, one.text, one.way) for name, one in words.vocabulary()] == [
        ("a", "верн", "prefix"),
        ("a", "деньги", "lemma"),
        ("a", "сумма", "exact"),
        ("b", "жалоба", "lemma"),
    ]


def test_synonyms_of_the_settings():
    """@name stands for each entry of its list."""
    phrases = Phrases([rule("вернуть @money")], {"money": ["деньги", "денежн* средства"]})
    (match,) = phrases.find(talk("caller: верните денежные средства"))
    assert match.spans[0].quote == "верните денежные средства"
