"""The little language of phrase rules: from a rule's text to its tree.

вернуть деньги             any forms of the words, next to each other, in this order
"верните деньги"           exactly these forms
верн* деньг*               words that begin so
вернуть ..3 деньги         up to three other words between
деньги ~3 вернуть          the same, in either order
[деньги, сумма, денежные средства]      one of these
@money                     one of a list of synonyms of the settings
A | B      A & B      !A      (A)       any, all, not said, grouping

rule   = all { "|" all }
all    = part { "&" part }
part   = "!" part | "(" rule ")" | phrase
phrase = step { [ ".."N | "~"N ] step }
step   = "[" option { "," option } "]" | "@"name | word | word"*" | '"'words'"'
"""

import re
from collections.abc import Mapping, Sequence
from math import prod
from typing import NamedTuple

from calltrackd.model.phrase import AllOf, AnyOf, Not, Option, Said, Sought, Step, Tree, Way
from calltrackd.model.spelling import spelled, words_of

LONGEST_GAP = 20
MOST_WAYS = 200
"""Combinations of options that contain several words: each is looked for by itself."""

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<quote>"[^"]*")
    | (?P<open_quote>")
    | (?P<gap>\.\.|~)\s*(?P<size>\d*)
    | (?P<name>@[\w-]+)
    | (?P<word>[^\W_][^\s"|&!()\[\],~@*.]*\*?)
    | (?P<sign>[|&!()\[\],])
    | (?P<other>\S)
    )""",
    re.VERBOSE,
)


class PhraseError(ValueError):
    """The text is no rule; the message says where and how to mend it. `column` counts from 1."""

    def __init__(self, column: int, message: str) -> None:
        super().__init__(f"column {column}: {message}")
        self.column = column


class _Token(NamedTuple):
    kind: str
    text: str
    column: int
    size: str = ""


def parse(text: str, synonyms: Mapping[str, Sequence[str]] | None = None) -> Tree:
    """The tree of a rule's text. PhraseError when it is none.

    `synonyms`: name -> texts, each as an option between brackets: words, `word*`, `"exact"`.
    """
    return _Reader(text, synonyms or {}).whole()


def _tokens(text: str) -> list[_Token]:
    found = []
    for match in _TOKEN.finditer(text.rstrip()):
        kind = match.lastgroup if match["gap"] is None else "gap"
        assert kind is not None  # noqa: S101  # every branch has a name
        column = match.start(kind) + 1
        if kind == "open_quote":
            raise PhraseError(column, 'the quote is not closed: write another "')
        if kind == "other":
            raise PhraseError(column, f"{match[kind]!r} means nothing here: leave it out")
        found.append(_Token(kind, match[kind], column, match["size"] or ""))
    return found


class _Reader:
    """Recursive descent over the tokens; one method a line of the grammar."""

    def __init__(self, text: str, synonyms: Mapping[str, Sequence[str]]) -> None:
        self._tokens = _tokens(text)
        self._end = len(text.rstrip()) + 1
        self._at = 0
        self._synonyms = synonyms

    def whole(self) -> Tree:
        tree = self._rule()
        if self._at < len(self._tokens):
            token = self._tokens[self._at]
            raise PhraseError(token.column, _stray(token.text))
        if not _heard(tree):
            raise PhraseError(
                1, "a rule needs something that is said, not only !: add A & before it"
            )
        return tree

    def options(self) -> tuple[Option, ...]:
        """The whole text as one option of a list."""
        found = self._option("the end")
        if self._at < len(self._tokens):
            token = self._tokens[self._at]
            raise PhraseError(
                token.column, f"{token.text} cannot stand in a list: words, word*, quotes only"
            )
        return (found,)

    def _peek(self) -> _Token:
        if self._at < len(self._tokens):
            return self._tokens[self._at]
        return _Token("end", "the end", self._end)

    def _next(self) -> _Token:
        token = self._peek()
        self._at += 1
        return token

    def _takes(self, sign: str) -> bool:
        found = self._peek()
        if found.kind == "sign" and found.text == sign:
            self._at += 1
            return True
        return False

    def _rule(self) -> Tree:
        parts = [self._all()]
        while self._takes("|"):
            parts.append(self._all())
        for part in parts:
            if len(parts) > 1 and not _heard(part):
                raise PhraseError(
                    self._peek().column, "! cannot stand alone beside |: write A & !B"
                )
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _all(self) -> Tree:
        parts = [self._part()]
        while self._takes("&"):
            parts.append(self._part())
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _part(self) -> Tree:
        token = self._peek()
        if self._takes("!"):
            part = self._part()
            if _denies(part):
                raise PhraseError(token.column, "a ! inside of another ! : say what is not said")
            return Not(part)
        if self._takes("("):
            inner = self._rule()
            if not self._takes(")"):
                raise PhraseError(token.column, "the bracket ( is not closed: write )")
            return inner
        return self._phrase()

    def _phrase(self) -> Said:
        first = self._peek()
        steps = [*self._step(0, ordered=True)]
        while True:
            token = self._peek()
            if token.kind == "gap":
                self._at += 1
                steps += self._step(_size(token), ordered=token.text == "..")
            elif token.kind in ("word", "quote", "name") or token.text == "[":
                steps += self._step(0, ordered=True)
            else:
                break
        ways = prod(max(1, sum(len(option) > 1 for option in step.options)) for step in steps)
        if ways > MOST_WAYS:
            raise PhraseError(
                first.column,
                f"{ways} combinations of lists, {MOST_WAYS} at most: make it two rules",
            )
        return Said(tuple(steps))

    def _step(self, gap: int, *, ordered: bool) -> list[Step]:
        """One step; a quote and words with a hyphen give one for each of their words."""
        token = self._peek()
        if self._takes("["):
            return [Step(self._list(token), gap, ordered)]
        if token.kind == "name":
            self._at += 1
            return [Step(self._named(token), gap, ordered)]
        words = self._words("the end" if token.kind == "end" else token.text)
        if not ordered:
            return [Step((words,), gap, ordered=False)]
        return [Step(((word,),), 0 if n else gap) for n, word in enumerate(words)]

    def _list(self, opening: _Token) -> tuple[Option, ...]:
        found = [self._option("]")]
        while self._takes(","):
            found.append(self._option("]"))
        if not self._takes("]"):
            raise PhraseError(opening.column, "the bracket [ is not closed: write ]")
        return tuple(dict.fromkeys(found))

    def _option(self, closing: str) -> Option:
        found = [*self._words(closing)]
        while self._peek().kind in ("word", "quote"):
            found += self._words(closing)
        return tuple(found)

    def _words(self, instead: str) -> Option:
        token = self._next()
        if token.kind == "quote":
            words = tuple(Sought(word, "exact") for word in words_of(token.text))
            if not words:
                raise PhraseError(token.column, "there is no word between the quotes")
            return words
        if token.kind != "word":
            raise PhraseError(token.column, f"a word is missing before {instead}")
        *rest, last = words_of(token.text)
        way: Way = "prefix" if token.text.endswith("*") else "lemma"
        return (*(Sought(word) for word in rest), Sought(last, way))

    def _named(self, token: _Token) -> tuple[Option, ...]:
        name = token.text[1:]
        texts = self._synonyms.get(name)
        if texts is None:
            known = ", ".join(f"@{one}" for one in self._synonyms) or "none"
            raise PhraseError(
                token.column, f"no list of synonyms is named {name}; there are: {known}"
            )
        return tuple(option for text in texts for option in synonym(text))


def synonym(text: str) -> tuple[Option, ...]:
    """One entry of a list of synonyms. PhraseError when it is more than words."""
    return _Reader(spelled(text), {}).options()


def _stray(sign: str) -> str:
    """What to do about a sign that cannot stand there."""
    if sign in ("(", "!"):
        return f"{sign} cannot follow a word: write & or | before it"
    return f"{sign} closes nothing: leave it out"


def _size(token: _Token) -> int:
    if not token.size:
        raise PhraseError(token.column, f"how many words? write {token.text}3")
    size = int(token.size)
    if size > LONGEST_GAP:
        raise PhraseError(token.column, f"{size} words between are too many: {LONGEST_GAP} at most")
    return size


def _denies(tree: Tree) -> bool:
    """Whether there is a `Not` in the tree."""
    match tree:
        case Not():
            return True
        case AllOf(parts=parts) | AnyOf(parts=parts):
            return any(map(_denies, parts))
    return False


def _heard(tree: Tree) -> bool:
    """Whether the tree holds only when something is said: no tag without a span."""
    match tree:
        case Not():
            return False
        case AllOf(parts=parts):
            return any(map(_heard, parts))
        case AnyOf(parts=parts):
            return all(map(_heard, parts))
    return True
