"""`[[phrase]]`, `[[script]]`, `[synonyms]`, `[tone]`: what is listened for, and what it means."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from calltrackd.model.phrase_text import PhraseError, parse, synonym
from calltrackd.settings.base import LocalPath, Pattern, PhoneNumber, Seconds, Section, told
from calltrackd.settings.clashes import Clash

Word = Annotated[str, Field(min_length=1)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
"""ISO 639-1: ru, uk, en, kk."""


def _synonym(text: str) -> str:
    try:
        synonym(text)
    except PhraseError as error:
        raise told("{why}", why=str(error)) from None
    return text


Synonym = Annotated[str, AfterValidator(_synonym)]
"""Words of a rule, `word*` and quotes among them, but no signs."""


class Scope(Section):
    """Calls for which something holds."""

    numbers: list[PhoneNumber] = Field(default=[])
    """Only on calls that came on these numbers; empty: on any."""
    queues: list[Word] = Field(default=[])
    """Only on calls that came through these queues; empty: through any or none."""

    def fits(self, did: str | None, queue: str | None) -> bool:
        """Whether it holds for a call on `did` (E.164) through `queue`."""
        return (not self.numbers or did in self.numbers) and (
            not self.queues or queue in self.queues
        )


class Phrase(Scope):
    """Words that set a tag when they are said."""

    name: Word
    """The rule's name; other rules and scripts refer to it."""
    match: Word
    """What is said, in the language of docs/phrases.md: `вернуть ..3 [деньги, средства]`."""
    tag: str | None = None
    """The tag to set; not given: the rule's name. Empty: none (for scripts and other rules)."""
    side: Literal["operator", "client", "either"] = "either"
    """Who says it."""
    languages: list[Language] = Field(default=[])
    """Only in these languages; empty: in any."""
    first_s: Seconds | None = None
    """Only when it begins in the first seconds of the talk."""
    last_s: Seconds | None = None
    """Only when it begins in the last seconds of the talk; known at its end."""
    after: Word | None = None
    """Only after this rule has held."""
    within_s: Seconds | None = None
    """Not later than so many seconds after it."""
    count: int = Field(default=1, ge=1, le=100)
    """How often it must be said."""
    min_confidence: float = Field(default=0.0, ge=0, le=1)
    """The least confidence (0 to 1) of each of its words, as the engine gives it."""
    alert: bool = False
    """Tell it at once: a call.alert event goes out the moment the last word is there."""

    @property
    def sets(self) -> str:
        """The tag that it sets; empty: none."""
        return self.name if self.tag is None else self.tag

    @model_validator(mode="after")
    def _within_what(self) -> Self:
        if self.within_s is not None and self.after is None:
            raise told("within_s counts from another rule: name it by after")
        if self.alert and not self.sets:
            raise told("an alert comes once a call, which its tag remembers: give it a tag")
        return self


class Script(Scope):
    """What operators have to say, and must not."""

    name: Word
    """The script's name."""
    required: list[Word] = Field(default=[])
    """Phrase rules that have to hold."""
    forbidden: list[Word] = Field(default=[])
    """Phrase rules that must not."""

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.required and not self.forbidden:
            raise told("a script names at least one phrase rule in required or forbidden")
        return self


class Tone(Section):
    """Words that tell how somebody feels; markers, not a judgement."""

    enabled: bool = True
    """Look for them."""
    lexicon: LocalPath | None = None
    """CSV file (language, kind, phrase) instead of the one that comes with calltrackd."""


class Mask(Section):
    """What must never be stored of a talk."""

    cards: bool = True
    """Numbers of bank cards, spoken or printed."""
    patterns: list[Pattern] = Field(default=[])
    """Regular expressions, matched in what one side says with numbers as digits:
    `паспорт\\w* (\\d{10})`. Their groups are masked; without a group the whole match."""


def clashes(
    phrases: Sequence[Phrase], scripts: Sequence[Script], synonyms: Mapping[str, Sequence[str]]
) -> Iterator[Clash]:
    """What is wrong between the tables: texts that are no rules, names that nobody bears, rings."""
    names = {phrase.name for phrase in phrases}
    for n, phrase in enumerate(phrases):
        try:
            parse(phrase.match, synonyms)
        except PhraseError as error:
            yield Clash(("phrase", n, "match"), str(error))
        if phrase.after is not None and phrase.after not in names:
            yield Clash(("phrase", n, "after"), _unknown(phrase.after, names))
    for n, script in enumerate(scripts):
        for field in ("required", "forbidden"):
            for place, name in enumerate(getattr(script, field)):
                if name not in names:
                    yield Clash(("script", n, field, place), _unknown(name, names))
    yield from _rings(phrases)


def _rings(phrases: Sequence[Phrase]) -> Iterator[Clash]:
    """Rules that wait for themselves."""
    after = {phrase.name: phrase.after for phrase in phrases}
    for n, phrase in enumerate(phrases):
        seen = {phrase.name}
        name = phrase.after
        while name is not None and name not in seen:
            seen.add(name)
            name = after.get(name)
        if name == phrase.name:
            yield Clash(("phrase", n, "after"), f"{phrase.name} waits for itself: end the ring")


def _unknown(name: str, names: Iterable[str]) -> str:
    listed = ", ".join(sorted(names))
    return f"no [[phrase]] is named {name}; there are: {listed}"
