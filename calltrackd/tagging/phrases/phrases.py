"""All phrase rules, compiled; shared by all calls."""

from collections.abc import Iterator, Mapping, Sequence

from calltrackd.model.phrase import Said, Sought, Tree
from calltrackd.model.phrase_text import parse
from calltrackd.model.transcript import Transcript
from calltrackd.settings.phrases import Phrase
from calltrackd.tagging.phrases.book import Book, Owner
from calltrackd.tagging.phrases.chains import Chain, chains, leaves
from calltrackd.tagging.phrases.lemmas import lemmas_of
from calltrackd.tagging.phrases.listening import Listening
from calltrackd.tagging.phrases.match import Match
from calltrackd.tagging.phrases.rule import Leaf, Rule, denies, node
from calltrackd.tagging.phrases.words import timed

_SIDES = {"operator": "operator", "client": "caller", "either": None}
_MOST_PLACES = 1024
"""DIDs come from outside: what is remembered of them is bounded."""


class Phrases:
    """Rules as the settings give them; a language is compiled when it is first spoken."""

    def __init__(
        self, rules: Sequence[Phrase], synonyms: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self._trees = [parse(rule.match, synonyms) for rule in rules]
        self.rules = _compiled(rules, self._trees)
        self.dependents: dict[int, list[int]] = {}
        """Rule -> those that wait for it."""
        for number, rule in enumerate(self.rules):
            if rule.after is not None:
                self.dependents.setdefault(rule.after, []).append(number)
        self.late = [n for n in _in_order(self.rules) if self.rules[n].late]
        """Rules to be decided at the end, each behind the one for which it waits."""
        self._books: dict[str, Book] = {}
        self._elsewhere: dict[tuple[str | None, str | None, str], frozenset[int]] = {}

    def listen(self, language: str, did: str | None = None, queue: str | None = None) -> Listening:
        """Ears for one call on `did` (E.164) through `queue`, spoken in `language` (ISO 639-1)."""
        return Listening(self, self._book(language), self._silent(language, did, queue))

    def find(
        self, transcript: Transcript, did: str | None = None, queue: str | None = None
    ) -> list[Match]:
        """Every rule that holds for a whole transcript."""
        listening = self.listen(transcript.language, did, queue)
        found = []
        for turn in transcript.turns:
            found += listening.hear(turn.side, turn.words or timed(turn))
        return found + listening.finish(transcript.duration_s)

    def vocabulary(self) -> Iterator[tuple[str, Sought]]:
        """Every word that a rule waits for: (rule's name, word)."""
        for rule, tree in zip(self.rules, self._trees, strict=True):
            words = {word: None for said in leaves(tree) for word in _words(said)}
            yield from ((rule.settings.name, word) for word in words)

    def _book(self, language: str) -> Book:
        book = self._books.get(language)
        if book is None:
            book = self._books[language] = Book(lemmas_of(language), self._chains(language))
        return book

    def _chains(self, language: str) -> Iterator[tuple[Owner, Chain]]:
        for number, (rule, tree) in enumerate(zip(self.rules, self._trees, strict=True)):
            if rule.settings.languages and language not in rule.settings.languages:
                continue
            side = _SIDES[rule.settings.side]
            for leaf, said in enumerate(leaves(tree)):
                for chain in chains(said):
                    yield Owner(number, leaf, side), chain

    def _silent(self, language: str, did: str | None, queue: str | None) -> frozenset[int]:
        """The rules that don't hold for such a call."""
        place = (did, queue, language)
        found = self._elsewhere.get(place)
        if found is None:
            if len(self._elsewhere) >= _MOST_PLACES:
                self._elsewhere.clear()
            found = self._elsewhere[place] = frozenset(
                number
                for number, rule in enumerate(self.rules)
                if not rule.settings.fits(did, queue)
                or (rule.settings.languages and language not in rule.settings.languages)
            )
        return found


def _words(said: Said) -> Iterator[Sought]:
    for step in said.steps:
        for option in step.options:
            yield from option


def _compiled(rules: Sequence[Phrase], trees: Sequence[Tree]) -> list[Rule]:
    numbers = {rule.name: number for number, rule in enumerate(rules)}
    made: dict[int, Rule] = {}

    def compiled(number: int) -> Rule:
        if number not in made:
            given, tree = rules[number], node(trees[number])
            after = None if given.after is None else numbers[given.after]
            late = denies(tree) or given.last_s is not None
            late = late or (after is not None and compiled(after).late)
            plain = isinstance(tree, Leaf) and given.count == 1 and after is None and not late
            count = sum(1 for _ in leaves(trees[number]))
            made[number] = Rule(given, tree, count, after, late, plain)
        return made[number]

    return [compiled(number) for number in range(len(rules))]


def _in_order(rules: Sequence[Rule]) -> list[int]:
    """The numbers of the rules, each behind the one for which it waits."""

    def depth(number: int) -> int:
        after = rules[number].after
        return 0 if after is None else 1 + depth(after)

    return sorted(range(len(rules)), key=depth)
