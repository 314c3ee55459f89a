"""Between phrase rules and a full-text index: by which words a transcript is found."""

from collections.abc import Iterator

from calltrackd.model.phrase import AllOf, AnyOf, Not, Said, Sought, Tree
from calltrackd.model.spelling import spelled, words_of
from calltrackd.model.terms import EveryTerm, SomeTerm, Term, Terms
from calltrackd.model.transcript import Transcript
from calltrackd.tagging.phrases.lemmas import Lemmas, lemmas_of


def index_words(transcript: Transcript) -> set[str]:
    """Every form and every lemma of a transcript."""
    lemmas = lemmas_of(transcript.language)
    forms = {form for turn in transcript.turns for form in words_of(turn.text)}
    return forms | {spelled(lemma) for form in forms for lemma in lemmas(form)}


def terms_of(tree: Tree, language: str) -> Terms:
    """What every transcript holds in which the tree does; more than it are found, never less."""
    return _terms(tree, lemmas_of(language))


def _terms(tree: Tree, lemmas: Lemmas) -> Terms:
    match tree:
        case Said(steps=steps):
            return EveryTerm(
                tuple(
                    SomeTerm(
                        tuple(
                            EveryTerm(tuple(_word(word, lemmas) for word in option))
                            for option in step.options
                        )
                    )
                    for step in steps
                )
            )
        case AnyOf(parts=parts):
            return SomeTerm(tuple(_terms(part, lemmas) for part in parts))
        case AllOf(parts=parts):
            return EveryTerm(tuple(_terms(part, lemmas) for part in _said(parts)))
        case Not():
            raise ValueError("a rule that is only a denial has no words")  # the parser sees to it


def _said(parts: tuple[Tree, ...]) -> Iterator[Tree]:
    return (part for part in parts if not isinstance(part, Not))


def _word(word: Sought, lemmas: Lemmas) -> Terms:
    if word.way == "prefix":
        return Term(word.text, prefix=True)
    if word.way == "exact":
        return Term(word.text)
    keys = {word.text} | {spelled(lemma) for lemma in lemmas(word.text)}
    return SomeTerm(tuple(Term(key) for key in sorted(keys)))
