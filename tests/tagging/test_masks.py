import pytest

from calltrackd.model.transcript import Transcript, Turn
from calltrackd.tagging.digits import numerals
from calltrackd.tagging.masks import MASK, Masks, Mute, luhn, muted
from tests.tagging.phrases.saying import talk

CARD = "4276550000000003"
SPOKEN = "четыре два семь шесть пять пять" + " ноль" * 9 + " три"
"""The same, digit by digit."""


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("четыре два семь шесть", ["4", "2", "7", "6"]),
        ("сорок два семьдесят шесть", ["42", "76"]),
        ("тринадцать ноль восемь", ["13", "0", "8"]),
        ("два сорок", ["2", "40"]),
        ("четыре тысячи двести семьдесят шесть", ["4276"]),
        ("девятьсот шестнадцать сто двадцать три", ["916", "123"]),
        ("сто тысяч", ["100000"]),
        ("тысяча", ["1000"]),
        ("п'ять сім вісімдесят один", ["5", "7", "81"]),
        ("four two double five oh", ["4", "2", "55", "0"]),
        ("forty two hundred seventy six", ["4276"]),
        ("төрт екі жиырма бес", ["4", "2", "25"]),
        ("4276 1300", ["4276", "1300"]),
        ("квартира пять дом семь", ["5", "7"]),
        ("double трубка два", ["2"]),
        ("слово", []),
    ],
)
def test_numbers_as_people_say_them(said, digits):
    """Single digits, pairs, hundreds, thousands, repeats, and digits as they are printed."""
    assert [numeral.digits for numeral in numerals(said.split())] == digits


@pytest.mark.parametrize(
    "said",
    [
        f"номер {SPOKEN} спасибо",
        f"номер {CARD} спасибо",
        "номер 4276 5500 0000 0003 спасибо",
        "номер 4276-5500-0000-0003 спасибо",
        f"номер сорок два семьдесят шесть пятьдесят пять{' ноль' * 9} три спасибо",
        "номер 4276 дальше 5500 так 0000 0003 спасибо",
        "number four two seven six double five double oh oh oh oh oh oh oh oh three thanks",
    ],
)
def test_card_is_masked(said):
    """However it is said or printed; what is no number stays."""
    (turn,) = Masks().mask(talk(f"caller: {said}")).turns
    left = [word for word in turn.text.split() if word != MASK]
    assert not any(one in turn.text for one in ("42", "четыре", "ноль", "four", "oh"))
    assert left[0] in ("номер", "number")
    assert left[-1] in ("спасибо", "thanks")
    assert [word.word for word in turn.words] == turn.text.split()


def test_cards_of_other_lengths():
    """Fifteen digits are a card when they pass the check."""
    assert Masks().mask(talk("caller: 378282246310005")).turns[0].text == MASK


def test_card_said_in_parts_is_masked_over_turns():
    """The other side says "yes" in between; its words stay."""
    said = talk("caller: 4276 5500", "operator: да слушаю", "caller: 0000 0003")
    masked = Masks().mask(said)
    assert [turn.text for turn in masked.turns] == [f"{MASK} {MASK}", "да слушаю", f"{MASK} {MASK}"]


def test_misheard_card_is_masked_as_well():
    """Sixteen digits of which one is wrong: the others must not be kept."""
    assert not luhn("4276550000000002")
    (turn,) = Masks().mask(talk("caller: 4276 5500 0000 0002")).turns
    assert turn.text == " ".join([MASK] * 4)


@pytest.mark.parametrize(
    "said",
    [
        "восемь девятьсот шестнадцать сто двадцать три сорок пять шестьдесят семь",
        "сто двадцать тысяч рублей",
        "заказ 378282246310006",
        "4276 5500",
        "4276 один два три четыре пять слов между этими частями номера 5500 0000 0003",
    ],
)
def test_what_is_no_card_stays(said):
    """Phone numbers, sums, parts of numbers."""
    assert Masks().mask(talk(f"caller: {said}")).turns[0].text == said


def test_two_sides_are_no_number():
    """Half of it from each side is nobody's card."""
    said = talk("caller: 4276 5500", "operator: 0000 0003")
    assert Masks().mask(said) == said


def test_times_stay_and_tell_where_to_mute():
    """Each masked word keeps its seconds, so the audio can be muted there."""
    said = talk("caller@10: номер 4276550000000003 спасибо")
    masked = Masks().mask(said)
    assert [(w.start, w.end) for w in masked.turns[0].words] == [
        (w.start, w.end) for w in said.turns[0].words
    ]
    assert muted(masked) == [Mute("caller", 10.5, 10.9)]
    assert said.turns[0].words[1].word == CARD


def test_turn_without_times_is_muted_as_a_whole():
    """An engine that times turns only leaves no finer choice."""
    said = Transcript("http", "x", "ru", 20, [Turn("caller", 3.0, 9.0, f"Номер: {CARD}, вот.")])
    masked = Masks().mask(said)
    assert masked.turns[0].text == f"Номер: {MASK} вот."
    assert muted(masked) == [Mute("caller", 3.0, 9.0)]


def test_pattern_reads_numbers_as_digits():
    """One pattern finds a passport number however it was dictated; its group is masked."""
    masks = Masks(cards=False, patterns=[r"паспорт\w* (\d{10})"])
    said = "caller: паспорта сорок пять ноль девять двенадцать тридцать четыре 56 да"
    (turn,) = masks.mask(talk(said)).turns
    assert turn.text.split() == ["паспорта", *[MASK] * 8, "да"]


def test_pattern_without_a_group_masks_the_whole_match():
    """A secret word goes wherever it is said."""
    masks = Masks(patterns=["кодовое слово .*"])
    (turn,) = masks.mask(talk("caller: вот кодовое слово сирень")).turns
    assert turn.text == f"вот {MASK} {MASK} {MASK}"


@pytest.mark.parametrize(
    ("quote", "kept"),
    [
        ("карта 4276 верните деньги", "карта 4276 верните деньги"),
        ("карта 4276 55 верните", f"карта {MASK} {MASK} верните"),
        ("через пять дней", "через пять дней"),
    ],
)
def test_quote_of_a_talk_that_goes_on(quote, kept):
    """A card of which only a part was said yet is masked in an alert's quote."""
    assert Masks().quote(quote) == kept


def test_cards_may_be_left_when_asked():
    """The admin decided otherwise."""
    said = talk(f"caller: {CARD}")
    assert Masks(cards=False).mask(said) == said
