"""Digits as people say them: "четыре два семь шесть", "сорок два семьдесят шесть", "four two".

A number word after a greater one belongs to it ("сорок два" is 42, "два сорок" 2 and 40), as
people dictate: by single digits, pairs, hundreds or thousands. Russian, Ukrainian, English and
Kazakh at once: an engine's language does not bind the caller's.
"""

from collections.abc import Iterator, Sequence

import msgspec

_UNITS = (
    "ноль нуль ноля нуля нулей нулів нөл zero oh nought",
    "один одна одно одне единица одиниця бір one",
    "два две дві двойка двійка екі two",
    "три тройка трійка үш three",
    "четыре чотири четверка четвірка төрт four",
    "пять п'ять пятерка п'ятірка бес five",
    "шесть шість шестерка шістка алты six",
    "семь сім семерка сімка жеті seven",
    "восемь вісім восьмерка вісімка сегіз eight",
    "девять дев'ять девятка дев'ятка тоғыз nine",
)
_TEENS = (
    "десять ten",
    "одиннадцать одинадцять eleven",
    "двенадцать дванадцять twelve",
    "тринадцать тринадцять thirteen",
    "четырнадцать чотирнадцять fourteen",
    "пятнадцать п'ятнадцять fifteen",
    "шестнадцать шістнадцять sixteen",
    "семнадцать сімнадцять seventeen",
    "восемнадцать вісімнадцять eighteen",
    "девятнадцать дев'ятнадцять nineteen",
)
_TENS = (
    "он",
    "двадцать двадцять жиырма twenty",
    "тридцать тридцять отыз thirty",
    "сорок қырық forty",
    "пятьдесят п'ятдесят елу fifty",
    "шестьдесят шістдесят алпыс sixty",
    "семьдесят сімдесят жетпіс seventy",
    "восемьдесят вісімдесят сексен eighty",
    "девяносто дев'яносто тоқсан ninety",
)
_HUNDREDS = (
    "сто",
    "двести двісті",
    "триста",
    "четыреста чотириста",
    "пятьсот п'ятсот",
    "шестьсот шістсот",
    "семьсот сімсот",
    "восемьсот вісімсот",
    "девятьсот дев'ятсот",
)
_TIMES = {"hundred": 100, "жүз": 100, "тысяча": 1000, "тысячи": 1000, "тысяч": 1000,
          "тисяча": 1000, "тисячі": 1000, "thousand": 1000, "мың": 1000}  # fmt: skip
_REPEATS = {"double": 2, "triple": 3}


def _spread(groups: Sequence[str], first: int, step: int) -> dict[str, int]:
    return {word: first + n * step for n, group in enumerate(groups) for word in group.split()}


_VALUES = {
    **_spread(_UNITS, 0, 1),
    **_spread(_TEENS, 10, 1),
    **_spread(_TENS, 10, 10),
    **_spread(_HUNDREDS, 100, 100),
}
_OPEN = {**_spread(_TENS, 10, 10), **_spread(_HUNDREDS, 100, 100)}
"""Words behind which a smaller one belongs to the same number."""


class Numeral(msgspec.Struct):
    """A number that was said: its digits, and the first and last of its words."""

    digits: str
    first: int
    last: int


class _Number:
    """One number while it is being said; `room`: what may still be added is less than this."""

    def __init__(self, value: int, room: int, at: int) -> None:
        self.value = value
        self.room = room
        self.first = at
        self.last = at

    def numeral(self) -> Numeral:
        return Numeral(str(self.value), self.first, self.last)


def numerals(words: Sequence[str]) -> Iterator[Numeral]:
    """The numbers in a row of words (in the spelling of `model.spelling`), in order."""
    number: _Number | None = None
    repeat = 1
    for at, word in enumerate(words):
        taken = _taken(number, word, at)
        if number is not None and taken is number:
            continue
        if number is not None:
            yield number.numeral()
        number = None
        if word in _REPEATS:
            repeat = _REPEATS[word]
        elif taken is not None and repeat > 1:
            yield Numeral(str(taken.value) * repeat, at - 1, at)
            repeat = 1
        elif word.isdecimal():
            yield Numeral(word, at, at)
        else:
            number, repeat = taken, 1
    if number is not None:
        yield number.numeral()


def _taken(number: _Number | None, word: str, at: int) -> _Number | None:
    """The number grown by the word, a new one that begins with it, or None: it is no number."""
    times = _TIMES.get(word)
    if times is not None:
        if number is not None and 0 < number.value < times and number.room < times:
            number.value, number.room, number.last = number.value * times, times, at
            return number
        return _Number(times, times, at)
    value = _VALUES.get(word)
    if value is None:
        return None
    room = _room(word, value)
    if number is not None and 0 < value < number.room:
        number.value, number.room, number.last = number.value + value, room, at
        return number
    return _Number(value, room, at)


def _room(word: str, value: int) -> int:
    if word not in _OPEN:
        return 0
    return 100 if value >= 100 else 10
