"""All forms of a word under one key, by language; each dictionary is loaded when first needed.

| language | by | loads in | memory |
|---|---|---|---|
| ru | pymorphy3: every reading of the word (`стали` is `стать` and `сталь`) | 0.4 s | 30 MB |
| uk | simplemma (pymorphy3's Ukrainian dictionary says GPLv3 in its licence) | 1.2 s | 67 MB |
| en | simplemma knows `bought`, snowball `cancelled`: both keys | 0.5 s | 36 MB |

Measured on Python 3.11. There is no dictionary for Kazakh and others: a word is its only form
there, and a rule says `word*`.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from threading import Lock

Lemmas = Callable[[str], Iterable[str]]
"""A word in the spelling of `model.spelling` -> the keys under which its forms meet."""

INFLECTED = ("ru", "uk", "en")
"""Languages with a dictionary."""


@lru_cache
def lemmas_of(language: str) -> Lemmas:
    """The language's keys; for one without a dictionary the word itself."""
    return {"ru": _russian, "uk": _ukrainian, "en": _english}.get(language, lambda: _itself)()


def _itself(word: str) -> Iterable[str]:
    return (word,)


def _russian() -> Lemmas:
    from pymorphy3 import MorphAnalyzer  # noqa: PLC0415  # 30 MB, see above

    parse = MorphAnalyzer(lang="ru").parse
    return lambda word: {one.normal_form.replace("ё", "е") for one in parse(word)}


def _ukrainian() -> Lemmas:
    from simplemma import lemmatize  # noqa: PLC0415  # 67 MB, see above

    return lambda word: (lemmatize(word, lang="uk").lower(),)


def _english() -> Lemmas:
    from simplemma import lemmatize  # noqa: PLC0415  # 26 MB, see above
    from snowballstemmer import stemmer  # noqa: PLC0415  # 10 MB

    stem = stemmer("english").stemWord
    alone = Lock()  # it keeps the word in itself while it works

    def keys(word: str) -> Iterable[str]:
        with alone:
            root = stem(word)
        return {lemmatize(word, lang="en").lower(), root}

    return keys
