"""What is said in the demo: turns of the calls in tests/data/speech, in the plot's order."""

from dataclasses import dataclass
from typing import Literal

from tests.live.speaking import Turn, turn

BREATH_S = 0.4
"""Between two turns."""


@dataclass(frozen=True)
class Line:
    """One turn. `said`: words of it in the fixture `call`; `means`: in English, where it is not."""

    side: Literal["client", "operator"]
    call: str
    said: str
    means: str = ""

    def turn(self) -> Turn:
        """Its sound and its whole text."""
        return turn(self.call, self.said)

    def quoted(self) -> str:
        """As the screen shows it."""
        return f"“{self.turn().text}”{f'  ({self.means})' if self.means else ''}"


_EN, _SERVICE, _CARS = "en_coffee_A", "ru_coffee_A", "ru_auto_service_A"

COMPLAINT = (
    Line("client", _EN, "does not turn on"),
    Line("operator", _EN, "do you have warranty"),
    Line("client", _EN, "the warranty is two months"),
    Line("operator", _EN, "fifty dollars"),
    Line("client", _EN, "i want a refund"),
)
VISIT = (
    Line("client", _SERVICE, "не взбивает молоко", "my coffee machine makes no foam"),
    Line("operator", _SERVICE, "ошибку она показывает", "does it show an error?"),
    Line("client", _SERVICE, "показывает ошибку", "yes, and it leaks"),
    Line("client", _SERVICE, "сколько стоит", "how much is a visit?"),
    Line("operator", _SERVICE, "пятьсот рублей", "500 roubles, six months of warranty"),
    Line("client", _SERVICE, "это дорого", "that is expensive"),
    Line("operator", _SERVICE, "может приехать", "the mechanic can come tomorrow at three"),
    Line("client", _SERVICE, "договорились", "good, agreed"),
)
WELCOME = (Line("operator", _CARS, "дилерский центр", "Mazda dealer, hello"),)
PRICE = (
    Line("client", _SERVICE, "сколько стоит", "how much is a visit?"),
    Line("operator", _SERVICE, "пятьсот рублей", "500 roubles, six months of warranty"),
)
CONFIRMED = (
    Line("operator", _CARS, "записываю", "I put you down: Friday, nine o'clock"),
    Line("client", _SERVICE, "договорились", "good, agreed"),
)
BOOKING = (*WELCOME, Line("client", _CARS, "запишите меня", "put me down for an oil change"))
DAY = (
    Line("operator", _CARS, "на какой день", "for which day?"),
    Line("client", _CARS, "на пятницу", "Friday, nine in the morning"),
)
ALL = (*COMPLAINT, *VISIT, *PRICE, *CONFIRMED, *BOOKING, *DAY)
